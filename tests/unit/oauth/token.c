#include "oauth/token.h"

#include "torture/outside.h"
#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

/* ---- two grants of the test's own ---- */

struct state {
    char letters[8];
};
static int checked, released;
static bool zeroed;

static enum step_result check(struct flow *flow)
{
    struct state *state = grant_state(flow);
    zeroed = state->letters[0] == 0;
    checked++;
    snprintf(state->letters, sizeof state->letters, "seen");
    if (bytes_present(form_find(&client_request_of(flow)->form, BYTES("bad"))))
        return refuse(flow, OAUTH_INVALID_GRANT, "bad");
    return STEP_NEXT;
}

static enum step_result answer_it(struct flow *flow)
{
    struct state *state = grant_state(flow);
    if (bytes_present(form_find(&client_request_of(flow)->form, BYTES("broken")))) {
        fault_set(&flow->fault, FAULT_BUG, "test", "broken");
        return STEP_END;
    }
    CHECK(strcmp(state->letters, "seen") == 0);
    token_request_of(flow)->body = BYTES("{\"access_token\":\"x\"}");
    token_request_of(flow)->set_cookie = BYTES("ory_kratos_session=new");
    return STEP_NEXT;
}

static void release(void *state)
{
    CHECK(strcmp(((struct state *)state)->letters, "seen") == 0);
    released++;
}

static const struct step STEPS_OF_GRANT[] = {{"answer", answer_it}, {"finish", NULL}};
static const struct grant_type WHOLE = {.name = BYTES("whole"),
                                        .log_name = BYTES("w"),
                                        .bit = GRANT_REFRESH_TOKEN,
                                        .state_size = sizeof(struct state),
                                        .check = check,
                                        .steps = STEPS_OF_GRANT,
                                        .release = release};
static const struct grant_type UNREGISTERED = {.name = BYTES("unregistered"),
                                               .log_name = BYTES("u"),
                                               .bit = (enum grant_bit)4,
                                               .state_size = 1,
                                               .steps = STEPS_OF_GRANT};
static const struct grant_type *const OWN_GRANTS[] = {&WHOLE, &UNREGISTERED, NULL};

/* ---- requests ---- */

static const struct sent_header FORM[] = {
    {"content-type", "application/x-www-form-urlencoded"}, {"origin", WORLD_ORIGIN}, {NULL, NULL}};
static const struct route ROUTE = {
    .size = sizeof(struct token_request), .steps = TOKEN_STEPS, .finish = token_finish, .dispose = token_release};
static struct answered answered;
static char outcome[32], grant[32];

static void send_with(const char *body, const struct sent_header *headers)
{
    struct request *request = request_stand_in_create(&(struct sent){.route = &ROUTE, .body = body, .headers = headers},
                                                      &world.worker, &answered);
    database.done = 0;
    checked = released = 0;
    flow_drive(&request->flow);
    snprintf(outcome, sizeof outcome, "%.*s", BYTES_PRINT(request->log.outcome));
    snprintf(grant, sizeof grant, "%.*s", BYTES_PRINT(request->log.grant));
    request_stand_in_dispose(request);
    CHECK(answered.count == 1);
}

static void send(const char *body) { send_with(body, FORM); }

static bool has(const char *name, const char *value)
{
    const char *got = answered_header(&answered, name);
    return got != NULL && strcmp(got, value) == 0;
}

static bool is_refused(int status, const char *error)
{
    return answered.status == status && strstr(answered.body, error) != NULL;
}

int main(void)
{
    world_create();
    world.context.grant_types = OWN_GRANTS;
    world_forget();
    database.clients = world_clients();
    outside_mode = OUTSIDE_ANSWERS;
    TEST("a grant's own check and steps are run, over a state that begins as zeros and is released once")
    {
        send("grant_type=whole&client_id=spa");
        CHECK(answered.status == 200 && strcmp(answered.body, "{\"access_token\":\"x\"}") == 0);
        CHECK(checked == 1 && zeroed && released == 1 && strcmp(grant, "w") == 0 && strcmp(outcome, "ok") == 0);
    }
    TEST("RFC 6749 5.1: no cache keeps the answer; Kratos' cookie and the page's rights come with it")
    {
        CHECK(has("content-type", "application/json") && has("cache-control", "no-store") && has("pragma", "no-cache"));
        CHECK(has("set-cookie", "ory_kratos_session=new") && has("access-control-allow-origin", WORLD_ORIGIN));
    }
    TEST("RFC 6749 5.2: no grant_type is invalid_request, one that is unknown unsupported_grant_type, before the "
         "database is asked")
    {
        send("client_id=spa");
        CHECK(is_refused(400, "\"invalid_request\"") && database.done == 0);
        send("grant_type=&client_id=spa");
        CHECK(is_refused(400, "\"invalid_request\""));
        send("grant_type=password&client_id=spa");
        CHECK(is_refused(400, "\"unsupported_grant_type\"") && database.done == 0);
        send("grant_type=Whole&client_id=spa");
        CHECK(is_refused(400, "\"unsupported_grant_type\""));
    }
    TEST("a grant's check refuses before the database is asked")
    {
        send("grant_type=whole&client_id=spa&bad=1");
        CHECK(is_refused(400, "\"invalid_grant\"") && database.done == 0 && released == 1 &&
              strcmp(outcome, "invalid_grant") == 0);
        CHECK(!answered_says(&answered, "set-cookie"));
    }
    TEST("a client that isn't registered for it is unauthorized_client, once it is authenticated")
    {
        send("grant_type=unregistered&client_id=spa");
        CHECK(is_refused(400, "\"unauthorized_client\""));
        send("grant_type=unregistered&client_id=nobody");
        CHECK(is_refused(401, "\"invalid_client\""));
    }
    TEST("RFC 6749 3.2: a body that is not a form is 415")
    {
        send_with("grant_type=whole&client_id=spa", NULL);
        CHECK(is_refused(415, "\"invalid_request\"") && database.done == 0);
    }
    TEST("a fault of ours is 500, with neither token nor cookie")
    {
        send("grant_type=whole&client_id=spa&broken=1");
        CHECK(is_refused(500, "\"server_error\"") && strstr(answered.body, "access_token") == NULL &&
              answered_header(&answered, "set-cookie") == NULL);
        CHECK(released == 1 && has("cache-control", "no-store"));
    }
    world_release_forgetful();
    world_destroy();
    return TEST_END();
}
