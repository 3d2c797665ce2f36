#include "oauth/client.h"

#include "oauth/client_origin.h"
#include "unit/test.h"

static struct arena arena;
static struct policy policy = {.refresh = {.idle_ttl_ms = 14 * 86400000LL, .absolute_ttl_ms = 30 * 86400000LL, .grace_ms = 60000, .coalesce_ms = 60000, .skip_limit = 5, .ahead_max = 16}};
static struct fault fault;
static struct client_input input;

static const struct client *parse(const char *text)
{
    const struct json_limits limits = {.size_max = 1 << 20, .unique_names = true};
    const struct json *record = json_parse(&arena, bytes_of(text), &limits, &fault);
    input.client_secret = BYTES_ABSENT;
    fault.what[0] = 0;
    return record == NULL ? NULL : client_parse(&arena, record, &policy, &input, &fault);
}

/* refused, and the words name the member */
static bool refused(const char *text, const char *member) { return parse(text) == NULL && strstr(fault.what, member) != NULL; }

static void test_defaults(void)
{
    TEST("a record that says nothing is a confidential client with both grants and a made id")
    {
        const struct client *c = parse("{}");
        CHECK(c != NULL && c->client_id.len == 36 && c->auth_method == AUTH_BASIC && c->grant_types == (GRANT_REFRESH_TOKEN | GRANT_TOKEN_EXCHANGE));
        CHECK(c->refresh.grace_ms == 60000 && c->scope.len == 0);
    }
    TEST("the kept record reads back to the same record")
    {
        const struct client *c = parse("{\"client_id\":\"a\",\"scope\":\"x y\",\"audience\":[\"https://api\"],\"metadata\":{\"n\":9007199254740993},"
                                       "\"refresh_token\":{\"grace\":\"10s\",\"coalesce\":\"2s\"},\"token_endpoint_auth_method\":\"none\",\"refresh_token_with_cookie\":true}");
        CHECK(c != NULL);
        char *text = arena_text(&arena, c->record);
        const struct client *again = parse(text);
        CHECK(again != NULL);
        CHECK_BYTES(again->record, c->record);
        CHECK(strstr(text, "9007199254740993") != NULL);
        CHECK(again->refresh.grace_ms == 10000 && again->refresh.coalesce_ms == 2000 && again->refresh_token_with_cookie);
    }
    TEST("what is not named follows down: coalesce to a lower grace, idle_ttl to a lower absolute_ttl")
    {
        const struct client *c = parse("{\"refresh_token\":{\"grace\":\"10s\"}}"), *d = parse("{\"refresh_token\":{\"absolute_ttl\":\"1d\"}}");
        CHECK(c != NULL && c->refresh.grace_ms == 10000 && c->refresh.coalesce_ms == 10000 && c->refresh.idle_ttl_ms == 14 * 86400000LL);
        CHECK(d != NULL && d->refresh.idle_ttl_ms == 86400000 && d->refresh.coalesce_ms == 60000);
        CHECK(refused("{\"refresh_token\":{\"absolute_ttl\":\"0s\"}}", "refresh_token"));
    }
    TEST("a secret that the caller chose is handed over and never kept in the record")
    {
        const struct client *c = parse("{\"client_secret\":\"0123456789abcdef0123456789abcdef\"}");
        CHECK(c != NULL);
        CHECK_BYTES(input.client_secret, BYTES("0123456789abcdef0123456789abcdef"));
        CHECK(!bytes_contain(c->record, BYTES("0123456789abcdef")));
    }
}

static void test_refusals(void)
{
    TEST("what is wrong in a record is refused with the member's name")
    {
        CHECK(refused("{\"client_id\":\"a b\"}", "client_id"));
        CHECK(refused("{\"client_id\":\"\"}", "client_id"));
        CHECK(refused("{\"client_id\":7}", "client_id"));
        CHECK(refused("{\"scope\":\"a\\\"b\"}", "scope"));
        CHECK(refused("{\"grant_types\":[]}", "grant_types"));
        CHECK(refused("{\"grant_types\":[\"password\"]}", "grant_types"));
        CHECK(refused("{\"token_endpoint_auth_method\":\"private\"}", "token_endpoint_auth_method"));
        CHECK(refused("{\"audience\":\"x\"}", "audience"));
        CHECK(refused("{\"client_secret\":\"short\"}", "client_secret"));
        CHECK(refused("{\"token_endpoint_auth_method\":\"none\",\"client_secret\":\"0123456789abcdef0123456789abcdef\"}", "client_secret"));
        CHECK(refused("{\"refresh_token\":{\"grace\":\"1s\",\"coalesce\":\"2s\"}}", "refresh_token.coalesce"));
        CHECK(refused("{\"refresh_token\":{\"idle_ttl\":\"31d\"}}", "refresh_token.idle_ttl"));
        CHECK(refused("{\"refresh_token\":{\"graze\":\"1s\"}}", "graze"));
        CHECK(refused("{\"refresh_token\":{\"rotation\":\"sometimes\"}}", "refresh_token.rotation"));
        CHECK(refused("{\"access_token\":{\"ttl\":\"25h\"}}", "access_token.ttl"));
        CHECK(refused("{\"access_token\":{\"algorithm\":\"none\"}}", "access_token.algorithm"));
    }
    TEST("times and counts keep to the ranges that the settings have")
    {
        CHECK(refused("{\"refresh_token\":{\"absolute_ttl\":\"106751991167d\"}}", "refresh_token.absolute_ttl"));
        CHECK(refused("{\"refresh_token\":{\"grace\":\"2h\"}}", "refresh_token.grace"));
        CHECK(refused("{\"refresh_token\":{\"ahead_max\":1001}}", "refresh_token.ahead_max"));
    }
    TEST("RFC 9700 2.2.2: a public client's refresh tokens rotate, always")
    {
        CHECK(refused("{\"token_endpoint_auth_method\":\"none\",\"refresh_token\":{\"rotation\":\"never\"}}", "refresh_token.rotation"));
        CHECK(parse("{\"refresh_token\":{\"rotation\":\"never\"}}") != NULL);
        policy.refresh.never = true;
        const struct client *c = parse("{\"token_endpoint_auth_method\":\"none\"}"), *confidential = parse("{}");
        CHECK(c != NULL && !c->refresh.never && confidential != NULL && confidential->refresh.never);
        policy.refresh.never = false;
    }
    TEST("what is left of a hash that was not quoted is not shown")
    {
        const char *record = "{\"client_secret_hash\":\"$pbkdf2-sha256$i=25000\",\"l=32$MDEyMzQ1$NcUoXXwO\":null}";
        CHECK(refused(record, "quotes") && !refused(record, "NcUoXXwO"));
    }
    TEST("an unknown member is refused: it might be a rule that the writer believes in") { CHECK(refused("{\"scopes\":\"api\"}", "scopes")); }
    TEST("a record with U+0000 anywhere is refused: not every database could keep it")
    {
        CHECK(refused("{\"client_name\":\"a\\u0000b\"}", "U+0000"));
        CHECK(refused("{\"metadata\":{\"a\":[\"\\u0000\"]}}", "U+0000"));
    }
    TEST("offline_access is for confidential clients only")
    {
        CHECK(refused("{\"token_endpoint_auth_method\":\"none\",\"scope\":\"api offline_access\"}", "offline_access"));
        CHECK(parse("{\"scope\":\"api offline_access\"}") != NULL);
    }
}

static void test_origins(void)
{
    TEST("origins are exact: https, or http on loopback")
    {
        CHECK(origin_well_formed(BYTES("https://app.example.com")));
        CHECK(origin_well_formed(BYTES("https://app.example.com:8443")));
        CHECK(origin_well_formed(BYTES("http://localhost:3000")));
        CHECK(origin_well_formed(BYTES("http://127.0.0.1")));
        CHECK(origin_well_formed(BYTES("http://[::1]:3000")));
    }
    TEST("no pattern, no null, no path, no upper case, no plain http elsewhere")
    {
        CHECK(!origin_well_formed(BYTES("*")));
        CHECK(!origin_well_formed(BYTES("null")));
        CHECK(!origin_well_formed(BYTES("https://*.example.com")));
        CHECK(!origin_well_formed(BYTES("https://app.example.com/")));
        CHECK(!origin_well_formed(BYTES("https://App.example.com")));
        CHECK(!origin_well_formed(BYTES("http://app.example.com")));
        CHECK(!origin_well_formed(BYTES("http://localhost.example.com")));
        CHECK(!origin_well_formed(BYTES("https://app.example.com:")));
        CHECK(!origin_well_formed(BYTES("https://app.example.com:99999")));
        CHECK(!origin_well_formed(BYTES("https://")));
        CHECK(!origin_well_formed(BYTES("https://user@app.example.com")));
        CHECK(!origin_well_formed(BYTES("")));
    }
    TEST("a client allows its own origins only")
    {
        const struct client *c = parse("{\"allowed_cors_origins\":[\"https://a.example\"]}");
        CHECK(c != NULL && client_allows_origin(c, BYTES("https://a.example")) && !client_allows_origin(c, BYTES("https://a.example.evil")));
    }
}

int main(void)
{
    arena_init(&arena, 16 << 20);
    test_defaults();
    test_refusals();
    test_origins();
    arena_release(&arena);
    return TEST_END();
}
