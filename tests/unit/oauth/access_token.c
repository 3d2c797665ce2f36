#include "oauth/access_token.h"

#include "base/clock.h"
#include "base/json.h"
#include "oauth/client_secret.h"
#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

enum { MINUTE_MS = 60 * 1000 };

static const struct route ROUTE = {.size = sizeof(struct client_request)};
static struct answered answered;
static struct arena arena;
static struct client_request *r;
static struct bytes audience[] = {BYTES("https://api.example.com"), BYTES("https://other.example.com")};
static struct targets targets;
static struct grant grant;
static struct refresh_token refresh_token;
static const struct json *said, *payload; /* the answer, and the token's claims */
static struct fault fault;

static const struct json *read(struct bytes text)
{
    const struct json_limits limits = {.size_max = 64 * 1024, .unique_names = true};
    return json_parse(&arena, text, &limits, NULL);
}

static void set_up(const char *record)
{
    if (r != NULL) request_stand_in_dispose(&r->oauth.request);
    r = (struct client_request *)request_stand_in_create(&(struct sent){.route = &ROUTE}, &world.worker, &answered);
    r->held.client = client_parse(&arena, read(bytes_of(record)), &world.policy, NULL, NULL);
    targets = (struct targets){.audience = {audience, 1}, .scope = BYTES("api read")};
    grant = (struct grant){.id = "grant-of-a-test",
                           .client_id = BYTES("spa"),
                           .subject = BYTES("ann"),
                           .kratos_session_id = BYTES("session-1"),
                           .claims = BYTES("{\"email\":\"ann@example.com\",\"n\":9007199254740993}"),
                           .acr = BYTES("aal1"),
                           .amr = BYTES("[\"password\",\"totp\"]"),
                           .auth_time = 1700000000999};
    refresh_token =
        (struct refresh_token){.grant_id = "grant-of-a-test", .gen = 3, .mac_kid = world.policy.secrets.at[0].kid};
}

static bool sign(const struct token_answer *answer)
{
    struct bytes body, claims;
    struct token_writing writing;
    struct flow *flow = &r->oauth.request.flow;
    flow->fault.kind = fault.kind = FAULT_NONE;
    if (ask_token_answer(flow, answer, &writing) != STEP_NEXT) return fault = flow->fault, false;
    if (!token_answer_end(r, answer, &writing, &body, &fault)) return false;
    said = read(body);
    CHECK(said != NULL &&
          keyring_verify(key_seat_ring(&world.context.keys), json_string(json_find(said, "access_token")), &arena, &claims));
    payload = read(claims);
    return payload != NULL;
}

static struct token_answer plain(void)
{
    return (struct token_answer){.grant = &grant, .targets = &targets, .lifetime_max_ms = INT64_MAX};
}

static int64_t number(const struct json *object, const char *name)
{
    int64_t n = INT64_MIN;
    return json_integer(json_find(object, name), INT64_MIN, INT64_MAX, &n) ? n : INT64_MIN;
}

static bool is_text(const struct json *object, const char *name, const char *value)
{
    return bytes_equal(json_string(json_find(object, name)), bytes_of(value));
}

static void check_claims(void)
{
    TEST("RFC 9068 2.2: the token carries what it must, from the grant and never from now")
    {
        set_up("{}");
        struct token_answer answer = plain();
        CHECK(sign(&answer));
        CHECK(is_text(payload, "iss", "https://issuer.example.com") && is_text(payload, "sub", "ann") &&
              is_text(payload, "client_id", "spa"));
        CHECK(is_text(payload, "sid", "session-1") && is_text(payload, "acr", "aal1") &&
              is_text(payload, "scope", "api read"));
        CHECK(json_find(payload, "aud")->count == 1 && json_find(payload, "amr")->count == 2);
        CHECK(number(payload, "auth_time") == 1700000000 && number(payload, "exp") == number(payload, "iat") + 900);
        CHECK(number(payload, "iat") <= clock_now_ms() / 1000 && number(payload, "iat") > clock_now_ms() / 1000 - 5);
        CHECK(json_find(payload, "nbf") == NULL && bytes_present(json_string(json_find(payload, "jti"))));
    }
    TEST("the mapped claims stand beside them, to the digit")
    {
        CHECK(is_text(payload, "email", "ann@example.com"));
        CHECK_BYTES(json_find(payload, "n")->text, BYTES("9007199254740993"));
    }
    TEST("a grant without mapped claims, and one with two audiences")
    {
        set_up("{}");
        grant.claims = BYTES("{}");
        targets.audience.count = 2;
        struct token_answer answer = plain();
        CHECK(sign(&answer) && json_find(payload, "aud")->count == 2 && json_find(payload, "email") == NULL);
        grant.claims = BYTES_ABSENT;
        CHECK(sign(&answer));
    }
    TEST("no text can make claims of its own")
    {
        set_up("{}");
        grant.subject = BYTES("ann\",\"scope\":\"admin");
        struct token_answer answer = plain();
        CHECK(sign(&answer) && is_text(payload, "sub", "ann\",\"scope\":\"admin") &&
              is_text(payload, "scope", "api read"));
    }
    TEST("each token has a jti of its own, which begins with its grant where there is one")
    {
        unsigned char id[GRANT_ID_LEN];
        set_up("{}");
        struct token_answer answer = plain();
        CHECK(sign(&answer) && !jti_grant_id(json_string(json_find(payload, "jti")), id));
        answer.has_grant = true;
        CHECK(sign(&answer) && jti_grant_id(json_string(json_find(payload, "jti")), id) &&
              memcmp(id, grant.id, GRANT_ID_LEN) == 0);
        struct bytes first = json_string(json_find(payload, "jti"));
        CHECK(sign(&answer) && !bytes_equal(json_string(json_find(payload, "jti")), first));
        CHECK(!jti_grant_id(BYTES(""), id) && !jti_grant_id(BYTES("11111111-2222-4333-8444-555555555555"), id) &&
              !jti_grant_id(BYTES("11111111-2222-4333-8444-55555555555x.y"), id));
        CHECK(!jti_grant_id(BYTES_ABSENT, id));
    }
}

static void check_answer(void)
{
    TEST("RFC 6749 5.1: the answer around it")
    {
        set_up("{}");
        struct token_answer answer = plain();
        CHECK(sign(&answer));
        CHECK(is_text(said, "token_type", "Bearer") && number(said, "expires_in") == 900 &&
              is_text(said, "scope", "api read"));
        CHECK(json_find(said, "issued_token_type") == NULL && json_find(said, "refresh_token") == NULL &&
              json_find(said, "refresh_token_timeout") == NULL);
    }
    TEST("RFC 8693 2.2.1: with issued_token_type at an exchange")
    {
        struct token_answer answer = plain();
        answer.issued_token_type = BYTES("urn:x");
        CHECK(sign(&answer) && is_text(said, "issued_token_type", "urn:x"));
    }
    TEST("a refresh token comes with the seconds that it and its authorization have left")
    {
        struct token_answer answer = plain();
        struct refresh_token opened;
        const struct token_binding binding = {world.policy.issuer, BYTES("spa")},
                                   other = {world.policy.issuer, BYTES("page")};
        answer.refresh_token = &refresh_token;
        answer.idle_left_ms = 59999;
        answer.absolute_left_ms = 3600000;
        CHECK(sign(&answer) && number(said, "refresh_token_timeout") == 59 &&
              number(said, "authorization_expires_in") == 3600);
        CHECK(refresh_token_open(&world.policy.secrets, &binding, json_string(json_find(said, "refresh_token")),
                                 &opened) &&
              opened.gen == 3);
        CHECK(
            !refresh_token_open(&world.policy.secrets, &other, json_string(json_find(said, "refresh_token")), &opened));
    }
    TEST("one that no secret of ours can make is a fault, not an answer without it")
    {
        struct token_answer answer = plain();
        refresh_token.mac_kid = (uint8_t) ~(world.policy.secrets.at[0].kid ^ world.policy.secrets.at[1].kid ^ 1);
        while (refresh_token.mac_kid == world.policy.secrets.at[0].kid ||
               refresh_token.mac_kid == world.policy.secrets.at[1].kid)
            refresh_token.mac_kid++;
        answer.refresh_token = &refresh_token;
        CHECK(!sign(&answer) && fault.kind == FAULT_BUG);
    }
    TEST("without a key of the algorithm there is none either")
    {
        set_up("{\"access_token\":{\"algorithm\":\"RS256\"}}");
        struct token_answer answer = plain();
        CHECK(!sign(&answer) && fault.kind == FAULT_AWAY);
    }
}

static void check_lifetime(void)
{
    TEST("it lives as long as its profile says, or its client, but never past what session and grant leave")
    {
        set_up("{\"access_token\":{\"ttl\":\"5m\"}}");
        struct token_answer answer = plain();
        CHECK(sign(&answer) && number(said, "expires_in") == 300 &&
              number(payload, "exp") == number(payload, "iat") + 300);
        answer.lifetime_max_ms = MINUTE_MS;
        CHECK(sign(&answer) && number(said, "expires_in") == 60 &&
              number(payload, "exp") == number(payload, "iat") + 60);
    }
    TEST("where nothing is left it says 0, never less")
    {
        set_up("{}");
        struct token_answer answer = plain();
        answer.refresh_token = &refresh_token;
        answer.lifetime_max_ms = answer.idle_left_ms = answer.absolute_left_ms = -5000;
        CHECK(sign(&answer) && number(said, "expires_in") == 0 && number(payload, "exp") == number(payload, "iat"));
        CHECK(number(said, "refresh_token_timeout") == 0 && number(said, "authorization_expires_in") == 0);
    }
}

static void check_profiles(void)
{
    TEST("RFC 9068 3: a resource sees only the scopes that it knows, and the answer says so")
    {
        set_up("{}");
        targets.profile = 1;
        targets.scope = BYTES("api pay read");
        struct token_answer answer = plain();
        CHECK(sign(&answer) && is_text(payload, "scope", "pay read") && is_text(said, "scope", "pay read"));
    }
    TEST("RFC 6749 3.3: a scope without a word is none, so neither token nor answer has one")
    {
        struct token_answer answer = plain();
        targets.scope = BYTES("api");
        CHECK(sign(&answer) && json_find(payload, "scope") == NULL && json_find(said, "scope") == NULL);
    }
}

int main(void)
{
    world_create();
    arena_init(&arena, 16 << 20);
    check_claims();
    check_answer();
    check_lifetime();
    check_profiles();
    request_stand_in_dispose(&r->oauth.request);
    arena_release(&arena);
    world_destroy();
    return TEST_END();
}
