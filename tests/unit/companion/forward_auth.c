#include "companion/forward_auth.h"

#include "base/clock.h"
#include "torture/outside.h"
#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

#define COOKIE "MTcwMDAwMDAwMHxabDlUM3FQdzdMeE4ybVlzOFJiSGM0SmRGZ0FlNlVv"

static const struct route ROUTE = {.size = sizeof(struct forward_auth_request),
                                   .steps = FORWARD_AUTH_STEPS,
                                   .finish = forward_auth_finish,
                                   .dispose = forward_auth_release,
                                   .name = "forward_auth",
                                   .data = &world.forward_auth};
static const struct sent_header BY_COOKIE[] = {{"cookie", "ory_kratos_session=" COOKIE}, {NULL, NULL}};
static const struct sent SENT = {&ROUTE, .segment = "app", .path = "/session/token/app", .headers = BY_COOKIE,
                                 .from_proxy = true};
static struct answered answered, also_answered;

static void begin_world(void)
{
    database = (struct database){.clients = world_clients()};
    kratos = (struct kratos){.expires_at_ms = clock_now_ms() + 3600 * 1000};
    outside_mode = OUTSIDE_HOLDS;
    world_forget();
}

static struct request *begin(struct answered *to)
{
    to->count = 0;
    struct request *request = request_stand_in_create(&SENT, &world.worker, to);
    flow_drive(&request->flow);
    return request;
}

static bool holds(const char *what) { return outside_holds() != NULL && strcmp(outside_holds(), what) == 0; }

static void pass(void)
{
    static int64_t skew_ms;
    clock_set_steady_skew_ms(skew_ms += 5);
}

/* a moment after what began, and before what begins next */
static void forget(void)
{
    pass();
    session_tokens_forget(world.forward_auth.tokens, REVOKE_SESSION, bytes_of(SESSION_ID));
    pass();
}

int main(void)
{
    world_create();
    TEST("a session that is revoked while it is looked at is looked at again, and who waits is answered from the "
         "second look")
    {
        begin_world();
        struct request *one = begin(&answered), *other = begin(&also_answered);
        outside_answer();
        CHECK(holds("identity: whoami") && also_answered.count == 0);
        forget();
        outside_answer();
        CHECK(holds("identity: whoami") && answered.count == 0);
        outside_answer();
        CHECK(answered.count == 1 && answered.status == 200);
        loop_run(world.worker.loop, 20);
        CHECK(also_answered.count == 1 && also_answered.status == 200);
        CHECK(strcmp(answered_header(&answered, "authorization"), answered_header(&also_answered, "authorization")) ==
              0);
        request_stand_in_dispose(one);
        request_stand_in_dispose(other);
        world_release_forgetful();
    }
    TEST("when the second look says that it ended, both are 401")
    {
        begin_world();
        struct request *one = begin(&answered), *other = begin(&also_answered);
        outside_answer();
        forget();
        kratos.whoami = LOOK_ENDED;
        outside_answer();
        outside_answer();
        loop_run(world.worker.loop, 20);
        CHECK(answered.status == 401 && also_answered.status == 401);
        CHECK(answered_header(&answered, "www-authenticate") != NULL &&
              answered_header(&also_answered, "www-authenticate") != NULL);
        request_stand_in_dispose(one);
        request_stand_in_dispose(other);
        world_release_forgetful();
    }
    TEST("it doesn't go on for ever")
    {
        begin_world();
        struct request *request = begin(&answered);
        outside_answer();
        unsigned looks = 0;
        for (; holds("identity: whoami") && looks < 10; looks++) {
            forget();
            outside_answer();
        }
        CHECK(looks == 4 && answered.status == 503 && answered_header(&answered, "retry-after") != NULL);
        request_stand_in_dispose(request);
        world_release_forgetful();
    }
    TEST("when the one who looks leaves, the other looks from the start")
    {
        begin_world();
        struct request *one = begin(&answered), *other = begin(&also_answered);
        outside_answer();
        flow_abort(&one->flow, FAULT_LEFT, "net", "the client left");
        request_stand_in_dispose(one);
        outside_answer(); /* into nothing */
        loop_run(world.worker.loop, 20);
        CHECK(holds("identity: whoami")); /* the client is remembered */
        outside_answer();
        CHECK(also_answered.status == 200);
        request_stand_in_dispose(other);
        world_release_forgetful();
    }
    TEST("when his deadline passes, the others get his 503")
    {
        begin_world();
        struct request *one = begin(&answered), *other = begin(&also_answered);
        outside_answer();
        flow_abort(&one->flow, FAULT_LATE, "net", "the deadline passed");
        loop_run(world.worker.loop, 20);
        CHECK(answered.status == 503 && also_answered.status == 503 &&
              answered_header(&also_answered, "retry-after") != NULL);
        outside_answer();
        request_stand_in_dispose(one);
        request_stand_in_dispose(other);
        world_release_forgetful();
    }
    world_destroy();
    return TEST_END();
}
