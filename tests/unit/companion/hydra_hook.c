#include "companion/hydra_hook.h"

#include "base/clock.h"
#include "base/log.h"
#include "torture/outside.h"
#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

#define KEY "Bearer 3f9c1a7e5b2d8846"
#define BODY                                                                                                           \
    "{\"session\":{\"id_token\":{\"subject\":\"99999999-8888-4777-8666-555555555555\"},"                               \
    "\"extra\":{\"kratos_session_id\":\"11111111-2222-4333-8444-555555555555\"}},\"request\":{}}"

static const struct route HYDRA_HOOK = {.size = sizeof(struct hydra_hook_request),
                                        .steps = HYDRA_HOOK_STEPS,
                                        .finish = hydra_hook_finish,
                                        .dispose = hydra_hook_release,
                                        .name = "hydra_hook"};
static const struct claim_expression EMAIL[] = {
    {.name = BYTES("email"), .expression = BYTES(".identity.traits.email")}};
static const struct claim_expression SESSION[] = {
    {.name = BYTES("kratos_session"), .expression = BYTES(".session.extra.kratos_session_id")}};
static struct answered answered;

/* how many times Kratos was asked */
static unsigned call(void)
{
    static const struct sent_header HEADERS[] = {{"authorization", KEY}, {NULL, NULL}};
    const struct sent sent = {&HYDRA_HOOK, .body = BODY, .headers = HEADERS};
    unsigned asked = 0;
    struct request *request = request_stand_in_create(&sent, &world.worker, &answered);
    for (flow_drive(&request->flow); outside_holds() != NULL; asked++) outside_answer();
    CHECK(answered.count == 1);
    request_stand_in_dispose(request);
    return asked;
}

static void begin(const struct claims_source *kratos_session)
{
    world.hydra_hook = (struct hydra_hook_settings){.enabled = true,
                                                    .api_key = BYTES(KEY),
                                                    .key_name = BYTES("authorization"),
                                                    .access_token = {.table = EMAIL, .table_count = 1}};
    if (kratos_session != NULL) world.hydra_hook.kratos_session = *kratos_session;
    kratos = (struct kratos){.expires_at_ms = clock_now_ms() + 3600000};
    world_forget();
}

static void test_forgetting(void)
{
    const struct claims_source tied = {.table = SESSION, .table_count = 1};
    TEST("a session that ended just now is asked for at once, however lately it was seen")
    {
        begin(&tied);
        CHECK(call() == 1 && answered.status == 200 && call() == 0);
        hydra_hook_forget(world.context.hydra_hook, REVOKE_SESSION, bytes_of(IDENTITY_ID));
        hydra_hook_forget(world.context.hydra_hook, REVOKE_SESSION, BYTES("no uuid"));
        CHECK(call() == 0);
        kratos.session = LOOK_ENDED;
        hydra_hook_forget(world.context.hydra_hook, REVOKE_SESSION, bytes_of(SESSION_ID));
        CHECK(call() == 1 && answered.status == 403 && call() == 0 && answered.status == 403);
        world_release_forgetful();
    }
    TEST("so is a person, and every session of his")
    {
        begin(&tied);
        CHECK(call() == 1 && call() == 0);
        hydra_hook_forget(world.context.hydra_hook, REVOKE_SUBJECT, bytes_of(IDENTITY_ID));
        CHECK(call() == 1);
        world_release_forgetful();
        begin(NULL);
        CHECK(call() == 1 && call() == 0);
        hydra_hook_forget(world.context.hydra_hook, REVOKE_SUBJECT, bytes_of(IDENTITY_ID));
        CHECK(call() == 1);
        world_release_forgetful();
    }
}

static void test_time(void)
{
    const struct claims_source tied = {.table = SESSION, .table_count = 1};
    TEST("a session that has expired by the clock, as far as is known, is refused while Kratos is away")
    {
        begin(&tied);
        CHECK(call() == 1 && answered.status == 200);
        clock_set_skew_ms(3600000 + 6000);
        outside_mode = OUTSIDE_FAILS;
        call();
        CHECK(answered.status == 403);
        clock_set_skew_ms(0);
        outside_mode = OUTSIDE_HOLDS;
        world_release_forgetful();
    }
    TEST("past revalidate_after it is asked again; past the token's life and stale_if_error nothing old serves")
    {
        begin(&tied);
        kratos.expires_at_ms = clock_now_ms() + 24 * 3600000;
        CHECK(call() == 1 && answered.status == 200);
        clock_set_steady_skew_ms(59000);
        CHECK(call() == 0);
        clock_set_steady_skew_ms(61000);
        outside_mode = OUTSIDE_FAILS;
        call();
        CHECK(answered.status == 200);
        clock_set_steady_skew_ms(60 * 60000 - 1000);
        call();
        CHECK(answered.status == 200);
        clock_set_steady_skew_ms(60 * 60000 + 1000);
        call();
        CHECK(answered.status == 204);
        outside_mode = OUTSIDE_HOLDS;
        world_release_forgetful();
    }
}

int main(void)
{
    log_set(LOG_ERROR + 1, LOG_JSON);
    world_create();
    test_forgetting();
    test_time();
    TEST("a mapping that doesn't compile is said")
    {
        struct fault fault;
        const struct claim_expression wrong = {.name = BYTES("a"), .expression = BYTES("$hydra")};
        world.hydra_hook.id_token = (struct claims_source){.table = &wrong, .table_count = 1};
        CHECK(hydra_hook_create(&world.hydra_hook, &world.context, &fault) == NULL && fault.kind == FAULT_INPUT);
    }
    world_destroy();
    return TEST_END();
}
