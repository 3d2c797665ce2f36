#include "oauth/revoke.h"

#include "base/clock.h"
#include "torture/outside.h"
#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

#define GRANT "11111111-2222-4333-8444-555555555555"

static const struct sent_header FORM[] = {{"content-type", "application/x-www-form-urlencoded"}, {NULL, NULL}};
static const struct route ROUTE = {.size = sizeof(struct revoke_request),
                                   .steps = REVOKE_STEPS,
                                   .finish = revoke_finish,
                                   .dispose = client_request_release};
static struct answered answered;
static struct revocation revocation; /* what the last request asked for */

static void send(const char *token, const char *rest)
{
    char body[2048];
    snprintf(body, sizeof body, "token=%s&%s", token, rest);
    struct request *request = request_stand_in_create(&(struct sent){.route = &ROUTE, .body = body, .headers = FORM},
                                                      &world.worker, &answered);
    database.done = 0;
    flow_drive(&request->flow);
    revocation = ((struct revoke_request *)request)->revocation;
    request_stand_in_dispose(request);
    CHECK(answered.count == 1);
}

static bool revoked(void) { return (database.done & 1u << VERB_REVOKE) != 0; }
static bool is_refused(int status, const char *error)
{
    return answered.status == status && strstr(answered.body, error) != NULL && !revoked();
}
static bool is_nothing(void) { return answered.status == 200 && strcmp(answered.body, "{}") == 0 && !revoked(); }

static const char *access_token(const char *claims, int64_t lifetime_s)
{
    char payload[512];
    struct text text;
    snprintf(payload, sizeof payload, "{\"exp\":%lld,%s}", (long long)(clock_now_ms() / 1000 + lifetime_s), claims);
    text_init(&text, &world.arena, 1024);
    const struct signing signing = {KEY_ES256, BYTES("at+jwt"), bytes_of(payload)};
    CHECK(signer_sign(world.context.signer, key_seat_ring(&world.context.keys), &signing, &text, NULL));
    return text_bytes(&text).at;
}

#define OURS "\"iss\":\"https://issuer.example.com\",\"client_id\":\"spa\","

static void check_refresh_tokens(void)
{
    struct refresh_token token = {.grant_id = "grant-of-a-test",
                                  .gen = 7,
                                  .secret = "a secret of a grant",
                                  .mac_kid = world.policy.secrets.at[0].kid};
    const char *text = world_refresh_token("spa", &token);
    TEST("RFC 7009 2.1: a refresh token ends its grant, of any generation, whatever the hint says")
    {
        send(text, "client_id=spa");
        CHECK(answered.status == 200 && revoked() && revocation.by == REVOKE_GRANT && revocation.check_secret);
        CHECK(memcmp(revocation.grant_id, token.grant_id, GRANT_ID_LEN) == 0);
        CHECK(strcmp(answered_header(&answered, "cache-control"), "no-store") == 0);
        send(text, "client_id=spa&token_type_hint=access_token");
        CHECK(answered.status == 200 && revoked());
        send(text, "client_id=spa&token_type_hint=nonsense");
        CHECK(answered.status == 200 && revoked());
    }
    TEST("RFC 7009 2.2: one of another client, or with a letter changed, is nothing to revoke")
    {
        char changed[128];
        send(text, "client_id=page");
        CHECK(is_nothing());
        snprintf(changed, sizeof changed, "%s", text);
        changed[20] = changed[20] == 'A' ? 'B' : 'A';
        send(changed, "client_id=spa");
        CHECK(is_nothing());
        send("hrt_", "client_id=spa");
        CHECK(is_nothing());
    }
}

static void check_access_tokens(void)
{
    TEST("an access token ends the grant that it came from")
    {
        send(access_token(OURS "\"jti\":\"" GRANT ".x\"", 60), "client_id=spa");
        CHECK(answered.status == 200 && revoked() && !revocation.check_secret && revocation.grant_id[0] == 0x11);
        CHECK_BYTES(revocation.because, BYTES("revoked_by_client"));
    }
    TEST("RFC 7009 2.1: one of another client is refused")
    {
        send(access_token(OURS "\"jti\":\"" GRANT ".x\"", 60), "client_id=page");
        CHECK(is_refused(400, "\"invalid_grant\""));
    }
    TEST("RFC 7009 2.2.1: one without a grant can't be revoked")
    {
        send(access_token(OURS "\"jti\":\"x\"", 60), "client_id=spa");
        CHECK(is_refused(400, "\"unsupported_token_type\""));
        send(access_token(OURS "\"sub\":\"ann\"", 60), "client_id=spa");
        CHECK(is_refused(400, "\"unsupported_token_type\""));
    }
    TEST("one that is over, of another issuer, or not ours at all is nothing to revoke")
    {
        send(access_token(OURS "\"jti\":\"" GRANT ".x\"", -1), "client_id=spa");
        CHECK(is_nothing());
        send(access_token("\"iss\":\"https://other.example.com\",\"client_id\":\"spa\",\"jti\":\"" GRANT ".x\"", 60),
             "client_id=spa");
        CHECK(is_nothing());
        send("eyJhbGciOiJub25lIn0.e30.", "client_id=spa");
        CHECK(is_nothing());
        send("x", "client_id=spa");
        CHECK(is_nothing());
    }
}

int main(void)
{
    world_create();
    world_forget();
    database.clients = world_clients();
    outside_mode = OUTSIDE_ANSWERS;
    check_refresh_tokens();
    check_access_tokens();
    TEST("without a token, or from nobody, nothing is revoked")
    {
        send("", "client_id=spa");
        CHECK(is_refused(400, "\"invalid_request\""));
        send("x", "client_id=nobody");
        CHECK(is_refused(401, "\"invalid_client\""));
        send("x", "client_id=backend");
        CHECK(is_refused(401, "\"invalid_client\""));
    }
    TEST("RFC 7009 2.2.1: without the database it is 503: the token is still there")
    {
        client_registry_forget(world.context.clients, BYTES("spa"));
        outside_mode = OUTSIDE_FAILS;
        send("x", "client_id=spa");
        CHECK(is_refused(503, "\"temporarily_unavailable\"") && answered_header(&answered, "retry-after") != NULL);
        outside_mode = OUTSIDE_ANSWERS;
    }
    world_release_forgetful();
    world_destroy();
    return TEST_END();
}
