#include "oauth/client_auth.h"

#include "oauth/lockout.h"
#include "torture/outside.h"
#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

static struct answered answered;
static struct client_request *r;

static void finish(struct flow *flow)
{
    struct answer answer = {.status = 200};
    if (flow->fault.kind != FAULT_NONE) oauth_error_answer(oauth_request_of(flow), &answer);
    request_answer((struct request *)flow, &answer);
}

static const struct step STEPS[] = {{"parse", parse_client_request},
                                    {"find_client", find_client},
                                    {"authenticate", authenticate_client},
                                    {"judge_secret", judge_secret},
                                    {"finish", NULL}};
static const struct route ROUTE = {
    .size = sizeof(struct client_request), .steps = STEPS, .finish = finish, .dispose = client_request_release};

/* second: another Authorization header, or NULL */
static void send_with(const char *body, const char *authorization, const char *second)
{
    const struct sent_header headers[] = {{"content-type", "application/x-www-form-urlencoded"},
                                          {authorization == NULL ? NULL : "authorization", authorization},
                                          {second == NULL ? NULL : "authorization", second},
                                          {NULL, NULL}};
    const struct sent sent = {.route = &ROUTE, .body = body, .headers = headers};
    if (r != NULL) request_stand_in_dispose(&r->oauth.request);
    r = (struct client_request *)request_stand_in_create(&sent, &world.worker, &answered);
    database.done = 0;
    flow_drive(&r->oauth.request.flow);
}

static void send_form(const char *body) { send_with(body, NULL, NULL); }
static void send_basic(const char *authorization) { send_with("", authorization, NULL); }

static bool knows(const char *client_id)
{
    return answered.status == 200 && r->held.client != NULL &&
           bytes_equal(r->held.client->client_id, bytes_of(client_id));
}

static bool is_refused(int status, const char *error)
{
    return answered.status == status && strstr(answered.body, error) != NULL;
}

static bool asked_the_database(void) { return (database.done & 1u << VERB_FIND_CLIENT) != 0; }

static void check_methods(void)
{
    TEST("each client is known by its registered method")
    {
        send_form("client_id=spa");
        CHECK(knows("spa"));
        send_basic(WORLD_BASIC);
        CHECK(knows("backend"));
        send_form("client_id=poster&client_secret=" WORLD_SECRET);
        CHECK(knows("poster"));
    }
    TEST("and by no other")
    {
        send_form("client_id=backend&client_secret=" WORLD_SECRET);
        CHECK(is_refused(401, "\"invalid_client\""));
        send_form("client_id=backend");
        CHECK(is_refused(401, "\"invalid_client\""));
        send_basic("Basic cG9zdGVyOmY1VDlxUHc3THhOMm1ZczhSYkhjNEpkRmdBZTZVb1pr"); /* poster:WORLD_SECRET */
        CHECK(is_refused(401, "\"invalid_client\""));
        send_form("client_id=spa&client_secret=" WORLD_SECRET);
        CHECK(is_refused(401, "\"invalid_client\""));
    }
    TEST("RFC 6749 2.3: one method for a request")
    {
        send_with("client_secret=" WORLD_SECRET, WORLD_BASIC, NULL);
        CHECK(is_refused(400, "\"invalid_request\""));
        send_with("", WORLD_BASIC, WORLD_BASIC);
        CHECK(is_refused(400, "\"invalid_request\""));
        send_with("client_id=spa", WORLD_BASIC, NULL);
        CHECK(is_refused(400, "\"invalid_request\""));
        send_with("client_id=backend", WORLD_BASIC, NULL);
        CHECK(knows("backend"));
    }
}

static void check_refusals(void)
{
    TEST("a wrong secret, an unknown client and no client at all are invalid_client")
    {
        send_basic("Basic YmFja2VuZDp3cm9uZw=="); /* backend:wrong */
        CHECK(is_refused(401, "\"invalid_client\""));
        send_form("client_id=nobody");
        CHECK(is_refused(401, "\"invalid_client\""));
        send_form("");
        CHECK(is_refused(401, "\"invalid_client\"") && !asked_the_database());
    }
    TEST("RFC 6749 5.2: who tried the header is challenged, who did not is not")
    {
        send_basic("Basic YmFja2VuZDp3cm9uZw==");
        CHECK(answered_header(&answered, "www-authenticate") != NULL);
        CHECK(strcmp(answered_header(&answered, "www-authenticate"), "Basic realm=\"https://issuer.example.com\"") ==
              0);
        send_form("client_id=nobody");
        CHECK(answered_header(&answered, "www-authenticate") == NULL);
    }
    TEST("RFC 6749 2.3.1: both parts of the header are form-encoded")
    {
        send_basic("basic YmFjayU2NW5kOmY1VDlxUHc3THhOMm1ZczhSYkhjNEpkRmdBZTZVb1pr"); /* back%65nd:WORLD_SECRET */
        CHECK(knows("backend"));
    }
    TEST("a header that is not understood is invalid_client")
    {
        static const char *const BAD[] = {"Basic",
                                          "Basic ",
                                          "Basic !!!!",
                                          "Basic YmFja2VuZA==",
                                          "Basic OnNlY3JldA==",
                                          "Bearer YmFja2VuZDp4",
                                          "Basic JTpzZWNyZXQ="};
        for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
            send_basic(BAD[i]);
            CHECK(is_refused(401, "\"invalid_client\"") && !asked_the_database());
        }
    }
    TEST("a client_id that no record can have does not get as far as the database")
    {
        static const char *const BAD[] = {"client_id=a+b", "client_id=%C3%A4", "client_id=%0a", "client_id=%7f"};
        for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
            send_form(BAD[i]);
            CHECK(is_refused(401, "\"invalid_client\"") && !asked_the_database());
        }
        char body[512];
        snprintf(body, sizeof body, "client_id=%0256d", 0);
        send_form(body);
        CHECK(is_refused(401, "\"invalid_client\"") && !asked_the_database());
        send_basic("Basic JUZGOng="); /* %FF:x, which is not UTF-8 */
        CHECK(is_refused(401, "\"invalid_client\"") && !asked_the_database());
    }
    TEST("what is not a form, or a bad one, says so before anyone is asked")
    {
        send_form("client_id=spa&client_id=spa");
        CHECK(is_refused(400, "\"invalid_request\"") && !asked_the_database());
        send_form("client_id=%");
        CHECK(is_refused(400, "\"invalid_request\"") && !asked_the_database());
    }
}

static void check_lockout(void)
{
    TEST("ten wrong secrets close the client for this network, also to the right one, and say for how long")
    {
        world_release_forgetful();
        world_forget();
        for (int i = 0; i < LOCKOUT_FAILURES_MAX; i++) {
            send_basic("Basic YmFja2VuZDp3cm9uZw==");
            CHECK(answered.status == 401);
        }
        send_basic(WORLD_BASIC);
        CHECK(is_refused(429, "\"invalid_client\"") && answered_header(&answered, "retry-after") != NULL);
    }
    TEST("nor does it help to have asked before the tenth was counted")
    {
        world_release_forgetful();
        world_forget();
        outside_mode = OUTSIDE_HOLDS;
        send_basic(WORLD_BASIC);
        CHECK(outside_holds() != NULL);
        for (int i = 0; i < LOCKOUT_FAILURES_MAX; i++)
            lockout_count(world.context.lockout, BYTES("backend"), r->oauth.request.peer_ip);
        outside_answer();
        outside_mode = OUTSIDE_ANSWERS;
        CHECK(is_refused(429, "\"invalid_client\""));
    }
    TEST("not for another client, and not for one without a secret")
    {
        send_form("client_id=poster&client_secret=" WORLD_SECRET);
        CHECK(knows("poster"));
        send_form("client_id=spa");
        CHECK(knows("spa"));
    }
}

int main(void)
{
    world_create();
    world_forget();
    database.clients = world_clients();
    outside_mode = OUTSIDE_ANSWERS;
    check_methods();
    check_refusals();
    check_lockout();
    request_stand_in_dispose(&r->oauth.request);
    world_release_forgetful();
    world_destroy();
    return TEST_END();
}
