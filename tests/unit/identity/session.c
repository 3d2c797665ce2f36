#include "identity/kratos/session.h"

#include "answers.h"
#include "base/clock.h"
#include "base/text.h"
#include "judged.h"
#include "unit/json_text.h"
#include "unit/test.h"

static struct arena arena;
static struct session session;
static struct fault fault;

static int64_t ms_of(const char *time)
{
    int64_t ms;
    if (!clock_parse(bytes_of(time), &ms)) abort();
    return ms;
}

static void set_clock(const char *time)
{
    clock_set_skew_ms(0);
    clock_set_skew_ms(ms_of(time) - clock_now_ms());
}

static struct bytes text_of_session(void) { return json_text(&arena, session.json); }

static enum standing parse(struct bytes body) { return parse_session(&arena, body, &session, &fault); }

/* the first place of old is replaced */
static struct bytes with(struct bytes body, const char *old, const char *new)
{
    char *text = arena_text(&arena, body), *at = strstr(text, old);
    if (at == NULL) {
        fprintf(stderr, "no %s in the answer\n", old);
        exit(EXIT_FAILURE);
    }
    struct text t;
    text_init(&t, &arena, body.len + strlen(new));
    text_put(&t, (struct bytes){text, (size_t)(at - text)});
    text_put(&t, bytes_of(new));
    text_put(&t, bytes_of(at + strlen(old)));
    return text_bytes(&t);
}

/* the first answer's session with other methods */
static struct bytes with_methods(const char *methods)
{
    return with(recorded(&arena, "01-whoami-token"),
                "[{\"method\":\"password\",\"aal\":\"aal1\",\"completed_at\":\"2026-11-24T01:58:30.777944774Z\"}]",
                methods);
}

static unsigned aal_of(const char *methods)
{
    CHECK(parse(with_methods(methods)) == STANDING_LIVE);
    return session.aal;
}

static void test_recorded_sessions(void)
{
    set_clock("2026-11-24T01:58:40Z");
    for (size_t i = 0; i < sizeof recorded_rows / sizeof recorded_rows[0]; i++) {
        enum standing standing = parse(recorded(&arena, recorded_rows[i].name));
        if (standing != recorded_rows[i].standing)
            fprintf(stderr, "%s: %s\n", recorded_rows[i].name, standing_name(standing));
        CHECK(standing == recorded_rows[i].standing);
        if (standing == STANDING_LIVE) CHECK(session.aal == recorded_rows[i].aal);
        arena_release(&arena);
    }
}

static void test_constructed_sessions(void)
{
    set_clock("2026-07-29T08:01:00Z");
    for (size_t i = 0; i < sizeof constructed_rows / sizeof constructed_rows[0]; i++) {
        enum standing standing = parse(constructed(&arena, constructed_rows[i].name));
        if (standing != constructed_rows[i].standing)
            fprintf(stderr, "%s: %s\n", constructed_rows[i].name, standing_name(standing));
        CHECK(standing == constructed_rows[i].standing);
        if (standing == STANDING_LIVE) CHECK(session.aal == constructed_rows[i].aal);
        if (standing == STANDING_LIVE) CHECK_BYTES(session.methods, bytes_of(constructed_rows[i].methods));
        arena_release(&arena);
    }
}

static void test_members(void)
{
    set_clock("2026-11-24T01:58:40Z");
    TEST("every member of a session is read")
    {
        CHECK(parse(recorded(&arena, "01-whoami-token")) == STANDING_LIVE);
        CHECK_BYTES(session.id, BYTES("03e060c1-8674-4b6a-9af1-596b2d4ee2c8"));
        CHECK_BYTES(session.identity_id, BYTES("f5b828a0-e0c4-410a-9fd9-03d4a6d9f076"));
        CHECK_BYTES(session.external_id, BYTES("crm-1795485510"));
        CHECK_BYTES(session.aal_name, BYTES("aal1"));
        CHECK_BYTES(session.methods, BYTES("[\"password\"]"));
        CHECK(session.authenticated_at_ms == ms_of("2026-11-24T01:58:30.777Z"));
        CHECK(session.expires_at_ms == ms_of("2026-11-24T02:58:30.777Z"));
        CHECK(session.metadata_admin == NULL);
    }
    TEST("the session's JSON is whoami's to the byte, big numbers and escapes too")
    {
        struct bytes body = recorded(&arena, "01-whoami-token");
        CHECK(parse(body) == STANDING_LIVE);
        CHECK_BYTES(text_of_session(), bytes_trim((struct bytes){body.at, body.len - 1}));
    }
    TEST("tokenized stays out of the session's JSON")
    {
        CHECK(parse(recorded(&arena, "09-whoami-tokenized")) == STANDING_LIVE);
        CHECK(!bytes_contain(text_of_session(), BYTES("tokenized")) && !bytes_contain(text_of_session(), BYTES("eyJ")));
    }
    TEST("metadata_admin is given apart and stays out of the session's JSON")
    {
        CHECK(parse(recorded(&arena, "21-admin-get-identity")) == STANDING_LIVE);
        CHECK_BYTES(json_text(&arena, session.metadata_admin), BYTES("{\"roles\":[\"admin\",\"ops\"]}"));
        CHECK(!bytes_contain(text_of_session(), BYTES("metadata_admin")));
        CHECK(bytes_contain(text_of_session(),
                            BYTES("\"metadata_public\":{\"n\":9007199254740993,\"plan\":\"gold\"},\"created_at\"")));
    }
    TEST("an identity without an external id, or with an empty one or null, has none")
    {
        CHECK(parse(recorded(&arena, "84-whoami-aal2")) == STANDING_LIVE && !bytes_present(session.external_id));
        struct bytes body = recorded(&arena, "01-whoami-token");
        CHECK(parse(with(body, "\"crm-1795485510\"", "\"\"")) == STANDING_LIVE && !bytes_present(session.external_id));
        CHECK(parse(with(body, "\"crm-1795485510\"", "null")) == STANDING_LIVE && !bytes_present(session.external_id));
        CHECK(parse(with(body, "\"crm-1795485510\"", "7")) == STANDING_UNCLEAR);
    }
    TEST("ids come out in lower case")
    {
        struct bytes body = with(recorded(&arena, "01-whoami-token"), "03e060c1-8674", "03E060C1-8674");
        CHECK(parse(body) == STANDING_LIVE);
        CHECK_BYTES(session.id, BYTES("03e060c1-8674-4b6a-9af1-596b2d4ee2c8"));
    }
    arena_release(&arena);
}

static void test_times(void)
{
    static const char expiry[] = "2026-11-24T02:58:30.777996Z";
    struct bytes body = recorded(&arena, "01-whoami-token");
    TEST("a fraction has zero to nine digits")
    {
        set_clock("2026-11-24T01:58:40Z");
        CHECK(parse(with(body, expiry, "2026-11-24T02:58:30Z")) == STANDING_LIVE);
        CHECK(session.expires_at_ms == ms_of("2026-11-24T02:58:30Z"));
        const char digits[] = "123456789";
        for (int count = 1; count <= 9; count++) {
            char time[64];
            snprintf(time, sizeof time, "2026-11-24T02:58:30.%.*sZ", count, digits);
            CHECK(parse(with(body, expiry, time)) == STANDING_LIVE);
            int64_t fraction = session.expires_at_ms - ms_of("2026-11-24T02:58:30Z");
            CHECK(fraction == (count == 1 ? 100 : count == 2 ? 120 : 123));
        }
    }
    TEST("an offset counts")
    {
        CHECK(parse(with(body, expiry, "2026-11-24T04:58:30.5+02:00")) == STANDING_LIVE);
        CHECK(session.expires_at_ms == ms_of("2026-11-24T02:58:30.5Z"));
    }
    TEST("a session is expired when our clock is five seconds past its expiry, not before")
    {
        set_clock("2026-11-24T02:58:35Z");
        CHECK(parse(body) == STANDING_LIVE);
        set_clock("2026-11-24T02:58:36Z");
        CHECK(parse(body) == STANDING_EXPIRED);
    }
    TEST("what is no time is unclear")
    {
        set_clock("2026-11-24T01:58:40Z");
        CHECK(parse(with(body, expiry, "soon")) == STANDING_UNCLEAR);
        CHECK(parse(with(body, "\"authenticated_at\":", "\"authenticated\":")) == STANDING_UNCLEAR);
    }
    arena_release(&arena);
}

static void test_assurance(void)
{
    set_clock("2026-11-24T01:58:40Z");
    TEST("the level is computed from the methods")
    {
        CHECK(aal_of("[]") == 0);
        CHECK(aal_of("null") == 0);
        CHECK_BYTES(session.methods, BYTES("[]"));
        CHECK_BYTES(session.aal_name, BYTES("aal0"));
        CHECK(aal_of("[{\"method\":\"password\",\"aal\":\"aal1\"},{\"method\":\"totp\",\"aal\":\"aal2\"}]") == 2);
        CHECK(aal_of("[{\"method\":\"totp\",\"aal\":\"aal2\"},{\"method\":\"code\",\"aal\":\"aal1\"}]") == 2);
        CHECK(aal_of("[{\"method\":\"password\",\"aal\":\"aal1\"},{\"method\":\"code\",\"aal\":\"aal1\"}]") == 1);
    }
    TEST("a second factor alone is no more than a first")
    {
        CHECK(aal_of("[{\"method\":\"totp\",\"aal\":\"aal2\"}]") == 1);
        CHECK(aal_of("[{\"method\":\"totp\",\"aal\":\"aal2\"},{\"method\":\"webauthn\",\"aal\":\"aal2\"}]") == 1);
    }
    TEST("an identity provider may vouch for both factors")
    {
        CHECK(aal_of("[{\"method\":\"oidc\",\"aal\":\"aal2\",\"provider\":\"corp\",\"upstream_acr\":\"x\",\"upstream_"
                     "amr\":[\"otp\"]}]") == 2);
        CHECK(aal_of("[{\"method\":\"saml\",\"aal\":\"aal2\"}]") == 2);
        CHECK(aal_of("[{\"method\":\"oidc\",\"aal\":\"aal1\"}]") == 1);
    }
    TEST("entries without a level, of old sessions, raise nothing")
    {
        CHECK(aal_of("[{\"method\":\"v0.6_legacy_session\",\"aal\":\"\"}]") == 1);
        CHECK(aal_of("[{\"method\":\"password\",\"aal\":\"\"},{\"method\":\"totp\"}]") == 1);
    }
    TEST("the level in the session's JSON is the computed one, not the stored one")
    {
        struct bytes body = with(recorded(&arena, "21-admin-get-identity"), "level\":\"aal1\"", "level\":\"aal2\"");
        CHECK(parse(body) == STANDING_LIVE && session.aal == 1);
        CHECK(bytes_contain(text_of_session(), BYTES("\"authenticator_assurance_level\":\"aal1\"")));
    }
    TEST("a method that was used again is named once, in its first place")
    {
        aal_of("[{\"method\":\"password\",\"aal\":\"aal1\"},{\"method\":\"totp\",\"aal\":\"aal2\"},{\"method\":"
               "\"password\",\"aal\":\"aal1\"}]");
        CHECK_BYTES(session.methods, BYTES("[\"password\",\"totp\"]"));
    }
    TEST("methods that can't be read are unclear")
    {
        CHECK(parse(with_methods("{}")) == STANDING_UNCLEAR);
        CHECK(parse(with_methods("[\"password\"]")) == STANDING_UNCLEAR);
        CHECK(parse(with_methods("[{\"aal\":\"aal1\"}]")) == STANDING_UNCLEAR);
        CHECK(parse(with_methods("[{\"method\":\"password\",\"aal\":1}]")) == STANDING_UNCLEAR);
    }
    arena_release(&arena);
}

static void test_oddities(void)
{
    set_clock("2026-11-24T01:58:40Z");
    struct bytes body = recorded(&arena, "01-whoami-token");
    TEST("members that no release has yet are passed on")
    {
        CHECK(parse(with(body, "{\"id\"", "{\"region\":{\"x\":[1e400]},\"id\"")) == STANDING_LIVE);
        CHECK(bytes_start_with(text_of_session(), BYTES("{\"region\":{\"x\":[1e400]},\"id\"")));
    }
    TEST("an identity that is not active ends a session that says it is")
    {
        CHECK(parse(with(body, "\"state\":\"active\"", "\"state\":\"inactive\"")) == STANDING_DISABLED);
        CHECK(parse(with(body, "\"state\":\"active\"", "\"state\":\"frozen\"")) == STANDING_DISABLED);
        CHECK(parse(with(body, "\"state\":\"active\"", "\"stat\":\"active\"")) == STANDING_UNCLEAR);
        CHECK(parse(with(body, "\"state\":\"active\"", "\"state\":true")) == STANDING_UNCLEAR);
    }
    TEST("a member that is there twice makes the answer unclear")
    {
        CHECK(parse(with(body, "\"active\":true", "\"active\":true,\"active\":false")) == STANDING_UNCLEAR);
        CHECK(parse(with(body, "\"active\":true", "\"active\":false,\"active\":true")) == STANDING_UNCLEAR);
        CHECK(parse(with(body, "\"state\":\"active\"", "\"state\":\"active\",\"state\":\"inactive\"")) ==
              STANDING_UNCLEAR);
    }
    TEST("what isn't true or false is not active")
    {
        CHECK(parse(with(body, "\"active\":true", "\"active\":\"true\"")) == STANDING_UNCLEAR);
        CHECK(parse(with(body, "\"active\":true", "\"active\":1")) == STANDING_UNCLEAR);
        CHECK(parse(with(body, "\"active\":true", "\"alive\":true")) == STANDING_UNCLEAR);
    }
    TEST("ids that are no uuids are unclear")
    {
        CHECK(parse(with(body, "03e060c1-8674", "../../../etc/")) == STANDING_UNCLEAR);
        CHECK(parse(with(body, "\"id\":\"f5b828a0-", "\"id\":\"f5b828a0+")) == STANDING_UNCLEAR);
    }
    TEST("no JSON, half of it, and none at all are unclear")
    {
        CHECK(parse(BYTES("")) == STANDING_UNCLEAR);
        CHECK(parse(BYTES("null")) == STANDING_UNCLEAR);
        CHECK(parse(BYTES("<html>")) == STANDING_UNCLEAR);
        for (size_t len = 0; len < body.len - 1; len += 7)
            CHECK(parse((struct bytes){body.at, len}) == STANDING_UNCLEAR);
    }
    arena_release(&arena);
}

static void test_sizes(void)
{
    set_clock("2026-11-24T01:58:40Z");
    enum { LARGE = 200 * 1024, TOO_LARGE = 300 * 1024 };
    char *filler = malloc(TOO_LARGE + 1);
    memset(filler, 'x', TOO_LARGE);
    TEST("a session of 200 KB is read, one of 300 KB is unclear")
    {
        filler[LARGE] = '\0';
        CHECK(parse(with(recorded(&arena, "01-whoami-token"), "Lovelace", filler)) == STANDING_LIVE);
        CHECK(text_of_session().len > LARGE);
        filler[LARGE] = 'x';
        filler[TOO_LARGE] = '\0';
        CHECK(parse(with(recorded(&arena, "01-whoami-token"), "Lovelace", filler)) == STANDING_UNCLEAR);
    }
    free(filler);
    TEST("thousands of logins are one method")
    {
        struct text t;
        text_init(&t, &arena, LARGE);
        for (int i = 0; i < 4000; i++)
            text_put_format(&t, "%s{\"method\":\"password\",\"aal\":\"aal1\"}", i == 0 ? "[" : ",");
        text_put_char(&t, ']');
        CHECK(aal_of(text_bytes(&t).at) == 1);
        CHECK_BYTES(session.methods, BYTES("[\"password\"]"));
    }
    TEST("an arena that is full is unclear, not a session without its members")
    {
        struct arena small;
        struct bytes body = recorded(&arena, "01-whoami-token");
        for (size_t cap = 64; cap < 16 * 1024; cap += 64) {
            arena_init(&small, cap);
            enum standing standing = parse_session(&small, body, &session, &fault);
            CHECK(standing == STANDING_UNCLEAR || standing == STANDING_LIVE);
            CHECK(standing == STANDING_UNCLEAR || text_of_session().len == body.len - 1);
            arena_release(&small);
        }
    }
    arena_release(&arena);
}

static void test_persons(void)
{
    TEST("a person is read from the admin API's identity")
    {
        CHECK(parse_person(&arena, recorded(&arena, "33-identity"), &session, &fault) == STANDING_LIVE);
        CHECK_BYTES(session.identity_id, BYTES("f5b828a0-e0c4-410a-9fd9-03d4a6d9f076"));
        CHECK_BYTES(session.external_id, BYTES("crm-1795485510"));
        CHECK(!bytes_present(session.id));
        CHECK(bytes_start_with(text_of_session(), BYTES("{\"identity\":{\"id\":\"f5b828a0-")));
        CHECK(bytes_contain(text_of_session(), BYTES("\"metadata_public\":{\"n\":9007199254740993,")));
        CHECK(!bytes_contain(text_of_session(), BYTES("metadata_admin")) &&
              bytes_contain(json_text(&arena, session.metadata_admin), BYTES("ops")));
        CHECK(!bytes_contain(text_of_session(), BYTES("credentials")));
    }
    TEST("a person who was disabled is not active")
    {
        struct bytes body = with(recorded(&arena, "33-identity"), "\"state\":\"active\"", "\"state\":\"inactive\"");
        CHECK(parse_person(&arena, body, &session, &fault) == STANDING_DISABLED);
    }
    TEST("another answer is no person")
    {
        CHECK(parse_person(&arena, recorded(&arena, "24-admin-404"), &session, &fault) == STANDING_UNCLEAR);
        CHECK(parse_person(&arena, BYTES("[]"), &session, &fault) == STANDING_UNCLEAR);
    }
    arena_release(&arena);
}

static void test_refusals(void)
{
    struct refusal refusal;
    TEST("a refusal's code, id and where to go are read")
    {
        CHECK(parse_refusal(&arena, recorded(&arena, "82-whoami-403-aal2"), &refusal));
        CHECK(refusal.code == 403);
        CHECK_BYTES(refusal.id, BYTES("session_aal2_required"));
        CHECK_BYTES(refusal.redirect_to, BYTES("http://127.0.0.1:4433/self-service/login/browser?aal=aal2"));
        CHECK(parse_refusal(&arena, constructed(&arena, "41-whoami-403-aal2-required"), &refusal));
        CHECK_BYTES(refusal.id, BYTES("session_aal2_required"));
    }
    TEST("a refusal may have neither id nor place")
    {
        CHECK(parse_refusal(&arena, recorded(&arena, "24-admin-404"), &refusal) && refusal.code == 404);
        CHECK(!bytes_present(refusal.id) && !bytes_present(refusal.redirect_to));
        CHECK_BYTES(refusal.message, BYTES("Unable to locate the resource"));
    }
    TEST("the place stands under details too")
    {
        struct bytes body =
            with(recorded(&arena, "82-whoami-403-aal2"),
                 ",\"redirect_browser_to\":\"http://127.0.0.1:4433/self-service/login/browser?aal=aal2\"}\n", "}");
        CHECK(parse_refusal(&arena, body, &refusal));
        CHECK_BYTES(refusal.redirect_to, BYTES("http://127.0.0.1:4433/self-service/login/browser?aal=aal2"));
    }
    TEST("a place that would make a header line of its own, or a script, is none")
    {
        CHECK(parse_refusal(
            &arena, BYTES("{\"error\":{\"code\":403},\"redirect_browser_to\":\"http://a/\\r\\nSet-Cookie: x\"}"),
            &refusal));
        CHECK(!bytes_present(refusal.redirect_to));
        CHECK(parse_refusal(&arena, BYTES("{\"error\":{\"code\":403},\"redirect_browser_to\":\"javascript:alert(1)\"}"),
                            &refusal));
        CHECK(!bytes_present(refusal.redirect_to));
    }
    TEST("a page of something else is no refusal of Kratos'")
    {
        CHECK(!parse_refusal(&arena, recorded(&arena, "90-public-extend"), &refusal));
        CHECK(!parse_refusal(&arena, BYTES("{\"error\":\"not found\"}"), &refusal));
        CHECK(!parse_refusal(&arena, BYTES("{\"error\":{\"code\":\"404\"}}"), &refusal));
    }
    arena_release(&arena);
}

int main(void)
{
    arena_init(&arena, 16 << 20);
    TEST("every recorded answer is judged") { test_recorded_sessions(); }
    TEST("every constructed answer is judged") { test_constructed_sessions(); }
    test_members();
    test_times();
    test_assurance();
    test_oddities();
    test_sizes();
    test_persons();
    test_refusals();
    arena_release(&arena);
    return TEST_END();
}
