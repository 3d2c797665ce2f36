#include "oauth/cors.h"

#include "torture/outside.h"
#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

static struct answered answered;

static void end_client_request(struct flow *flow)
{
    struct answer answer = {.status = 200};
    if (flow->fault.kind != FAULT_NONE) oauth_error_answer(oauth_request_of(flow), &answer);
    cors_for_client(client_request_of(flow), &answer);
    request_answer((struct request *)flow, &answer);
}

/* what the token endpoint looks at before it finds the client */
static enum step_result choose(struct flow *flow)
{
    bool wrong = bytes_present(form_find(&client_request_of(flow)->form, BYTES("wrong")));
    return wrong ? refuse(flow, OAUTH_INVALID_REQUEST, "wrong") : STEP_NEXT;
}

static const struct step STEPS[] = {{"parse", parse_client_request},
                                    {"choose", choose},
                                    {"find_client", find_client},
                                    {"authenticate", authenticate_client},
                                    {"judge_secret", judge_secret},
                                    {"finish", NULL}};
static const struct route REAL = {.size = sizeof(struct client_request),
                                  .steps = STEPS,
                                  .finish = end_client_request,
                                  .dispose = client_request_release};
static const struct route PREFLIGHT = {
    .size = sizeof(struct cors_preflight), .steps = CORS_PREFLIGHT_STEPS, .finish = cors_preflight_finish};

static void send(const struct route *route, const char *body, const char *origin)
{
    const struct sent_header headers[] = {{"content-type", "application/x-www-form-urlencoded"},
                                          {origin == NULL ? NULL : "origin", origin},
                                          {NULL, NULL}};
    struct request *request = request_stand_in_create(&(struct sent){.route = route, .body = body, .headers = headers},
                                                      &world.worker, &answered);
    database.done = 0;
    flow_drive(&request->flow);
    request_stand_in_dispose(request);
}

static bool has(const char *name, const char *value)
{
    const char *got = answered_header(&answered, name);
    return got != NULL && strcmp(got, value) == 0;
}

/* credentials are never allowed to everybody, and caches are always told */
static bool allows(const char *origin)
{
    return has("access-control-allow-origin", origin) && has("access-control-allow-credentials", "true") &&
           has("vary", "Origin");
}

static bool allows_nobody(void)
{
    return answered_header(&answered, "access-control-allow-origin") == NULL &&
           answered_header(&answered, "access-control-allow-credentials") == NULL && has("vary", "Origin");
}

static void check_real_requests(void)
{
    TEST("the client's own origin may read the answer")
    {
        send(&REAL, "client_id=spa", WORLD_ORIGIN);
        CHECK(answered.status == 200 && allows(WORLD_ORIGIN) &&
              has("access-control-expose-headers", "DPoP-Nonce, WWW-Authenticate, Retry-After, X-Request-Id"));
    }
    TEST("another one may not, nor may any for a client that has none")
    {
        send(&REAL, "client_id=spa", "https://app.example.com.evil.example");
        CHECK(answered.status == 200 && allows_nobody());
        send(&REAL, "client_id=spa", "null");
        CHECK(allows_nobody());
        send(&REAL, "client_id=poster&client_secret=" WORLD_SECRET, WORLD_ORIGIN);
        CHECK(answered.status == 200 && allows_nobody());
    }
    TEST("a request without an origin is told nothing, but caches are")
    {
        send(&REAL, "client_id=spa", NULL);
        CHECK(answered.status == 200 && allows_nobody());
    }
    TEST("a refusal may be read too, where the client is known or remembered")
    {
        send(&REAL, "client_id=spa&client_secret=" WORLD_SECRET, WORLD_ORIGIN);
        CHECK(answered.status == 401 && allows(WORLD_ORIGIN));
        send(&REAL, "client_id=spa&wrong=1", WORLD_ORIGIN);
        CHECK(answered.status == 400 && allows(WORLD_ORIGIN));
        send(&REAL, "client_id=page&wrong=1", WORLD_ORIGIN);
        CHECK(answered.status == 400 && allows_nobody());
        outside_mode = OUTSIDE_FAILS;
        client_registry_forget(world.context.clients, BYTES("page"));
        send(&REAL, "client_id=page", WORLD_ORIGIN);
        CHECK(answered.status == 503 && allows_nobody());
        outside_mode = OUTSIDE_ANSWERS;
        send(&REAL, "client_id=nobody", WORLD_ORIGIN);
        CHECK(answered.status == 401 && allows_nobody());
        send(&REAL, "client_id=spa&x=1&x=2", WORLD_ORIGIN);
        CHECK(answered.status == 400 && allows(WORLD_ORIGIN));
        send(&REAL, "x=1&x=2&client_id=spa", WORLD_ORIGIN);
        CHECK(answered.status == 400 && allows(WORLD_ORIGIN));
        send(&REAL, "x=1&x=2&client_id=poster", WORLD_ORIGIN);
        CHECK(answered.status == 400 && allows_nobody());
    }
}

static void check_preflights(void)
{
    TEST("a preflight from an origin that some client has is allowed for POST, with what our requests carry")
    {
        database.has_origin = true;
        send(&PREFLIGHT, NULL, WORLD_ORIGIN);
        CHECK(answered.status == 204 && answered.body_len == 0 && allows(WORLD_ORIGIN));
        CHECK(has("access-control-allow-methods", "POST") && has("access-control-max-age", "600"));
        CHECK(has("access-control-allow-headers", "DPoP, Authorization, Content-Type, Idempotency-Key"));
    }
    TEST("from one that nobody has it is not")
    {
        database.has_origin = false;
        send(&PREFLIGHT, NULL, "https://stranger.example");
        CHECK(answered.status == 204 && allows_nobody() &&
              answered_header(&answered, "access-control-allow-methods") == NULL);
        CHECK((database.done & 1u << VERB_FIND_ORIGIN) != 0);
    }
    TEST("what can be nobody's is not looked for")
    {
        static const char *const BAD[] = {"null",
                                          "*",
                                          "",
                                          "http://app.example.com",
                                          "https://APP.example.com",
                                          "https://app.example.com/",
                                          "file://",
                                          "https://\xff"};
        database.has_origin = true;
        for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
            send(&PREFLIGHT, NULL, BAD[i]);
            CHECK(answered.status == 204 && allows_nobody() && database.done == 0);
        }
        send(&PREFLIGHT, NULL, NULL);
        CHECK(answered.status == 204 && allows_nobody() && database.done == 0);
    }
    TEST("the clients of the settings count, without asking the database")
    {
        static struct bytes origins[] = {BYTES("https://fixed.example")};
        static const struct client fixed = {.client_id = BYTES("fixed"), .allowed_cors_origins = {origins, 1}};
        static const struct client *const statics[] = {&fixed};
        world.policy.static_clients = statics;
        world.policy.static_client_count = 1;
        send(&PREFLIGHT, NULL, "https://fixed.example");
        CHECK(allows("https://fixed.example") && database.done == 0);
        world.policy.static_client_count = 0;
    }
    TEST("without the database a preflight is 503")
    {
        outside_mode = OUTSIDE_FAILS;
        send(&PREFLIGHT, NULL, WORLD_ORIGIN);
        CHECK(answered.status == 503 && answered_header(&answered, "access-control-allow-origin") == NULL);
        outside_mode = OUTSIDE_ANSWERS;
    }
}

int main(void)
{
    world_create();
    world_forget();
    database.clients = world_clients();
    outside_mode = OUTSIDE_ANSWERS;
    check_real_requests();
    check_preflights();
    TEST("a public document is for everybody, without credentials")
    {
        struct answer answer = {.status = 200};
        cors_open(&answer);
        CHECK(answer.header_count == 1);
        CHECK_BYTES(answer.headers[0].value, BYTES("*"));
    }
    world_release_forgetful();
    world_destroy();
    return TEST_END();
}
