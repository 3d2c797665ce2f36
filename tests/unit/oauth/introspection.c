/* What a refresh token comes to by the rules of storage/rotation.h, and what is said of it; over the endpoint. */
#include "oauth/introspect.h"

#include "base/clock.h"
#include "torture/outside.h"
#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

static const struct sent_header FORM[] = {{"content-type", "application/x-www-form-urlencoded"}, {NULL, NULL}};
static const struct route ROUTE = {.size = sizeof(struct introspect_request),
                                   .steps = INTROSPECT_STEPS,
                                   .finish = introspect_finish,
                                   .dispose = introspect_release};
static struct answered answered;

static struct refresh_token token_of(uint32_t gen)
{
    struct refresh_token token = {.grant_id = "grant-of-a-test", .gen = gen, .secret = "a secret of a grant"};
    token.mac_kid = world.policy.secrets.at[0].kid;
    return token;
}

/* poster's, at generation 7; made, rotated, looked at as the test says then */
static void grant(void)
{
    const struct refresh_token token = token_of(0);
    int64_t now = clock_now_ms();
    database.has_grant = true;
    database.grant = (struct grant){.client_id = BYTES("poster"),
                                    .subject = BYTES("ann"),
                                    .kratos_session_id = bytes_of(SESSION_ID),
                                    .scope = BYTES("api read"),
                                    .audience = BYTES("[\"https://api.example.com\"]"),
                                    .claims = BYTES("{\"active\":false}"),
                                    .acr = BYTES("aal1"),
                                    .amr = BYTES("[\"password\"]"),
                                    .auth_time = 1700000000999,
                                    .created_at = 1700000060000};
    memcpy(database.grant.id, token.grant_id, GRANT_ID_LEN);
    refresh_token_hash(&token, database.grant_secret_hash);
    database.state = (struct rotation_state){.gen = 7,
                                             .base_gen = 6,
                                             .low_gen = 5,
                                             .rotated_at = now - 1000,
                                             .idle_expires_at = now + HOUR_MS,
                                             .expires_at = now + 2 * HOUR_MS,
                                             .session_expires_at = now + 3 * HOUR_MS};
}

static void ask(const char *token)
{
    char body[512];
    snprintf(body, sizeof body, "token=%s&client_id=poster&client_secret=" WORLD_SECRET, token);
    struct request *request = request_stand_in_create(&(struct sent){.route = &ROUTE, .body = body, .headers = FORM},
                                                      &world.worker, &answered);
    database.done = 0;
    flow_drive(&request->flow);
    request_stand_in_dispose(request);
    CHECK(answered.count == 1 && answered.status == 200);
}

static bool is_active(uint32_t gen)
{
    const struct refresh_token token = token_of(gen);
    const struct rotation_state before = database.state;
    ask(world_refresh_token("poster", &token));
    CHECK(memcmp(&before, &database.state, sizeof before) == 0 && (database.done & 1u << VERB_ROTATE) == 0);
    bool active = strncmp(answered.body, "{\"active\":true,", 15) == 0;
    CHECK(active || strcmp(answered.body, "{\"active\":false}") == 0);
    return active;
}

static void check_rules(void)
{
    TEST("r1, r1' and r2: the newest, and what may still be retried within the grace")
    {
        grant();
        CHECK(is_active(7) && is_active(6) && is_active(5));
    }
    TEST("r4: what would end the family is inactive, and the family is as it was")
    {
        grant();
        CHECK(!is_active(4) && !is_active(0));
        database.state.rotated_at -= 10 * MINUTE_MS;
        CHECK(!is_active(5) && is_active(7));
    }
    TEST("r3 and r3': after the grace the one that was proven received, skipped or held")
    {
        grant();
        database.state.rotated_at -= 10 * MINUTE_MS;
        CHECK(is_active(6));
        database.state.skips = 5;
        CHECK(is_active(6));
    }
    TEST("r5: one ahead of the database, and none further than may be")
    {
        grant();
        CHECK(is_active(7 + 16) && !is_active(7 + 17));
    }
    TEST("r0: another secret, another client, no such grant")
    {
        grant();
        database.grant_secret_hash[0] ^= 1;
        CHECK(!is_active(7));
        grant();
        database.grant.client_id = BYTES("backend");
        CHECK(!is_active(7));
        grant();
        database.has_grant = false;
        CHECK(!is_active(7));
    }
}

static void check_ends(void)
{
    int64_t now = clock_now_ms();
    TEST("r0': revoked, past either end, past the session's known end")
    {
        grant();
        database.state.revoked_at = now - 1;
        CHECK(!is_active(7));
        grant();
        database.state.idle_expires_at = now - 1;
        CHECK(!is_active(7));
        grant();
        database.state.expires_at = now - 1;
        CHECK(!is_active(7));
        grant();
        database.state.session_expires_at = now - 1;
        CHECK(!is_active(7));
        database.state.session_expires_at = 0; /* it outlives its session */
        CHECK(is_active(7));
    }
    TEST("exp is the earliest of its ends")
    {
        char exp[64];
        grant();
        database.state.session_expires_at = now + MINUTE_MS;
        CHECK(is_active(7));
        snprintf(exp, sizeof exp, "\"exp\":%lld,", (long long)((now + MINUTE_MS) / 1000));
        CHECK(strstr(answered.body, exp) != NULL);
    }
}

static void check_answer(void)
{
    TEST("RFC 7662 2.2: what is said is the grant's, the mapped claims apart from it")
    {
        grant();
        CHECK(is_active(7));
        CHECK(strstr(answered.body, "\"iss\":\"https://issuer.example.com\",\"sub\":\"ann\",\"aud\":[\"https://"
                                    "api.example.com\"],\"client_id\":\"poster\",\"iat\":1700000060,") != NULL);
        CHECK(strstr(answered.body,
                     "\"scope\":\"api read\",\"auth_time\":1700000000,\"acr\":\"aal1\",\"amr\":["
                     "\"password\"],\"token_use\":\"refresh_token\",\"ext\":{\"active\":false}}") != NULL);
        CHECK(strcmp(answered_header(&answered, "cache-control"), "no-store") == 0);
    }
    TEST("a forged one, and another client's, cost no query")
    {
        const struct refresh_token token = token_of(7);
        char changed[128];
        grant();
        ask(world_refresh_token("backend", &token));
        CHECK(strcmp(answered.body, "{\"active\":false}") == 0 && (database.done & 1u << VERB_FIND_GRANT) == 0);
        snprintf(changed, sizeof changed, "%s", world_refresh_token("poster", &token));
        changed[20] = changed[20] == 'A' ? 'B' : 'A';
        ask(changed);
        CHECK(strcmp(answered.body, "{\"active\":false}") == 0 && (database.done & 1u << VERB_FIND_GRANT) == 0);
    }
}

int main(void)
{
    world_create();
    world_forget();
    database.clients = world_clients();
    outside_mode = OUTSIDE_ANSWERS;
    check_rules();
    check_ends();
    check_answer();
    world_release_forgetful();
    world_destroy();
    return TEST_END();
}
