#include "answers.h"
#include "looks.h"
#include "unit/json_text.h"

static struct look look_at_session(struct identity *identity, const struct json *session)
{
    return look_with(identity, LOOKING_SESSION, member(session, "session_id"));
}

static struct look look_at_person(struct identity *identity, const struct json *session)
{
    return look_with(identity, LOOKING_IDENTITY, member(session, "identity_id"));
}

static void test_sessions(void)
{
    struct identity *identity = looks_identity();
    fresh();
    TEST("a live session is found by its id, in whoami's shape, metadata_admin apart")
    {
        const struct json *session = new_session("external_id=crm-7&aal=2");
        struct look look = look_at_session(identity, session);
        CHECK(look.outcome == LOOK_LIVE && look.session.aal == 2);
        CHECK_BYTES(look.session.id, member(session, "session_id"));
        CHECK_BYTES(look.session.external_id, BYTES("crm-7"));
        CHECK_BYTES(look.session.methods, BYTES("[\"password\",\"totp\"]"));
        CHECK_BYTES(json_text(&standin.arena, look.session.metadata_admin), BYTES("{\"roles\":[\"admin\",\"ops\"]}"));
        CHECK(!bytes_contain(json_text(&standin.arena, look.session.json), BYTES("metadata_admin")));
    }
    TEST("a session that was revoked, expired, disabled, deleted or forgotten has ended")
    {
        static const char *const events[] = {"revoke", "expire", "disable", "delete_identity", "forget"};
        for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
            const struct json *session = new_session("");
            befalls(session, events[i]);
            CHECK(look_at_session(identity, session).outcome == LOOK_ENDED);
        }
    }
    TEST("a session that was revoked stays ended when it is extended, one that had expired lives again")
    {
        const struct json *revoked = new_session(""), *expired = new_session("");
        befalls(revoked, "revoke");
        befalls(revoked, "extend");
        befalls(expired, "expire");
        befalls(expired, "extend");
        CHECK(look_at_session(identity, revoked).outcome == LOOK_ENDED);
        CHECK(look_at_session(identity, expired).outcome == LOOK_LIVE);
    }
    TEST("trouble says nothing of the session, and nothing is asked twice")
    {
        static const char *const plans[] = {"status=500", "status=401", "status=400",
                                            "status=503", "drop=true",  "drop=after_head"};
        const struct json *session = new_session("");
        for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
            char query[64];
            fresh();
            snprintf(query, sizeof query, "path=session&%s", plans[i]);
            plan(query);
            CHECK(look_at_session(identity, session).outcome == LOOK_AWAY);
            CHECK(strncmp(plans[i], "status", 6) != 0 || calls_of("session") == 1);
        }
    }
    kratos_destroy(identity);
}

static void test_persons(void)
{
    struct identity *identity = looks_identity();
    fresh();
    TEST("a person who is there and active is live, and has an external id")
    {
        const struct json *session = new_session("external_id=crm-8");
        struct look look = look_at_person(identity, session);
        CHECK(look.outcome == LOOK_LIVE);
        CHECK_BYTES(look.session.identity_id, member(session, "identity_id"));
        CHECK_BYTES(look.session.external_id, BYTES("crm-8"));
        befalls(session, "revoke");
        CHECK(look_at_person(identity, session).outcome == LOOK_LIVE);
    }
    TEST("a person who is disabled or deleted is not")
    {
        const struct json *disabled = new_session(""), *deleted = new_session("");
        befalls(disabled, "disable");
        befalls(deleted, "delete_identity");
        CHECK(look_at_person(identity, disabled).outcome == LOOK_ENDED);
        CHECK(look_at_person(identity, deleted).outcome == LOOK_ENDED);
        befalls(disabled, "enable");
        CHECK(look_at_person(identity, disabled).outcome == LOOK_LIVE);
    }
    TEST("trouble says nothing of the person")
    {
        plan("path=identity&status=500");
        CHECK(look_at_person(identity, new_session("")).outcome == LOOK_AWAY);
    }
    kratos_destroy(identity);
}

/* fresh, and with nothing known of whether Kratos is ready */
static struct identity *anew(struct identity *identity)
{
    kratos_destroy(identity);
    fresh();
    return looks_identity();
}

static void test_absence(void)
{
    struct identity *identity = anew(NULL);
    const struct json *session = new_session(""), *gone = new_session("");
    befalls(gone, "delete_identity");
    TEST("a 404 that is none 100 ms later was none")
    {
        plan("path=session&status=404&count=1");
        plan("path=identity&status=404&count=1");
        int64_t begin_ms = clock_steady_ms();
        CHECK(look_at_session(identity, session).outcome == LOOK_LIVE);
        CHECK(clock_steady_ms() - begin_ms >= 100);
        CHECK(look_at_person(identity, session).outcome == LOOK_LIVE);
        CHECK(clock_steady_ms() - begin_ms >= 200);
        CHECK(calls_of("session") == 2 && calls_of("identity") == 2 && calls_of("ready") == 2);
    }
    TEST("404 twice and Kratos ready: the session is gone, and the person")
    {
        struct look look = look_at_session(identity, gone);
        CHECK(look.outcome == LOOK_ENDED && calls_of("session") == 4 && calls_of("ready") == 3);
        CHECK_BYTES(bytes_of(look.reason), BYTES("session 404 twice, Kratos ready"));
        look = look_at_person(identity, gone);
        CHECK(look.outcome == LOOK_ENDED && calls_of("identity") == 4 && calls_of("ready") == 4);
        CHECK_BYTES(bytes_of(look.reason), BYTES("identity 404 twice, Kratos ready"));
    }
    TEST("404 twice and Kratos not ready, or without an answer, says nothing of either")
    {
        static const char *const plans[] = {"path=ready&status=503", "path=ready&drop=true"};
        for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
            identity = anew(identity);
            plan(plans[i]);
            struct look look = look_at_session(identity, gone);
            CHECK(look.outcome == LOOK_AWAY);
            CHECK_BYTES(bytes_of(look.reason), BYTES("session 404 twice, Kratos not ready"));
            CHECK(look_at_person(identity, gone).outcome == LOOK_AWAY);
        }
    }
    TEST("with all its calls a look takes four seconds at most")
    {
        identity = anew(identity);
        plan("path=session&status=404&delay_ms=1900");
        plan("path=ready&delay_ms=1000");
        int64_t begin_ms = clock_steady_ms();
        CHECK(look_at_session(identity, session).outcome == LOOK_AWAY);
        CHECK(clock_steady_ms() - begin_ms >= 3900 && clock_steady_ms() - begin_ms < 4300);
        run_for(1200);
    }
    kratos_destroy(identity);
}

static struct look answered(struct identity *identity, int status, struct bytes body)
{
    script_answers(status, "", body);
    return look_with(identity, LOOKING_SESSION, BYTES("03E060C1-8674-4b6a-9af1-596b2d4ee2c8"));
}

/* a list whose tree is larger than a question's arena */
static struct bytes wide(struct arena *arena, int count)
{
    struct text t;
    text_init(&t, arena, 2 * (size_t)count + 2);
    text_put_char(&t, '[');
    for (int i = 0; i < count; i++) text_put(&t, BYTES("1,"));
    text_put(&t, BYTES("1]"));
    return text_bytes(&t);
}

static void test_bodies(void)
{
    struct arena *arena = &standin.arena;
    struct identity *identity = script_identity();
    TEST("the identity is asked for with the session, whose id goes in lower case")
    {
        CHECK(answered(identity, 200, recorded(arena, "21-admin-get-identity")).outcome == LOOK_LIVE);
        CHECK(strstr(script.asked,
                     "GET /admin/sessions/03e060c1-8674-4b6a-9af1-596b2d4ee2c8?expand=identity HTTP/1.1\r\n") != NULL);
        CHECK(strstr(script.asked, "\r\nAccept: application/json\r\n") != NULL);
    }
    TEST("a 404 that isn't Kratos' ends nothing, though all is ready")
    {
        CHECK(answered(identity, 404, recorded(arena, "24-admin-404")).outcome == LOOK_ENDED);
        CHECK(answered(identity, 404, recorded(arena, "90-public-extend")).outcome == LOOK_AWAY);
        CHECK(answered(identity, 404, BYTES("<html>no such site</html>")).outcome == LOOK_AWAY);
        CHECK(answered(identity, 404, BYTES("{\"error\":{\"code\":502}}")).outcome == LOOK_AWAY);
    }
    TEST("nor does the 404 of a gateway whose errors are shaped like Kratos'")
    {
        static const char *const messages[] = {"Requested url does not match any rules",
                                               "The requested resource could not be found", ""};
        for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
            char body[160];
            snprintf(body, sizeof body, "{\"error\":{\"code\":404,\"status\":\"Not Found\",\"message\":\"%s\"}}\n",
                     messages[i]);
            struct look look = answered(identity, 404, bytes_of(body));
            CHECK(look.outcome == LOOK_AWAY);
            CHECK_BYTES(bytes_of(look.reason), BYTES("session 404, but not Kratos'"));
            look = look_with(identity, LOOKING_IDENTITY, BYTES("03e060c1-8674-4b6a-9af1-596b2d4ee2c8"));
            CHECK(look.outcome == LOOK_AWAY);
        }
        CHECK(answered(identity, 404, BYTES("{\"error\":{\"code\":404}}")).outcome == LOOK_AWAY);
    }
    TEST("an answer about another session says nothing of this one, not even that it is inactive")
    {
        CHECK(answered(identity, 200, recorded(arena, "83-admin-get-aal1-of-totp")).outcome == LOOK_AWAY);
        CHECK(answered(identity, 200, recorded(arena, "54-admin-revoked")).outcome == LOOK_AWAY);
    }
    TEST("a session without its identity can't be understood")
    {
        CHECK(answered(identity, 200, recorded(arena, "20-admin-get-noexpand")).outcome == LOOK_AWAY);
        CHECK(answered(identity, 200, BYTES("")).outcome == LOOK_AWAY);
    }
    TEST("traits that can't be read keep nobody in, and throw nobody out")
    {
        static const struct {
            enum looking looking;
            const char *head;
            enum look_outcome outcome;
        } rows[] = {
            {LOOKING_SESSION, "\"active\":false,\"identity\":{\"state\":\"inactive\"", LOOK_ENDED},
            {LOOKING_SESSION, "\"active\":true,\"identity\":{\"state\":\"inactive\"", LOOK_ENDED},
            {LOOKING_SESSION, "\"active\":true,\"identity\":{\"state\":\"active\"", LOOK_AWAY},
            {LOOKING_IDENTITY, "\"state\":\"inactive\"", LOOK_ENDED},
            {LOOKING_IDENTITY, "\"state\":\"active\"", LOOK_AWAY},
        };
        const struct bytes traits[] = {BYTES("{\"a\":1,\"a\":2}"), wide(arena, 20000)};
        struct bytes id = BYTES("03e060c1-8674-4b6a-9af1-596b2d4ee2c8");
        for (size_t i = 0; i < 2 * (sizeof rows / sizeof rows[0]); i++) {
            struct text t;
            text_init(&t, arena, traits[i % 2].len + 256);
            text_put_format(&t, "{\"id\":\"%.*s\",%s,\"traits\":", BYTES_PRINT(id), rows[i / 2].head);
            text_put(&t, traits[i % 2]);
            text_put(&t, rows[i / 2].looking == LOOKING_SESSION ? BYTES("}}") : BYTES("}"));
            script_answers(200, "", text_bytes(&t));
            CHECK(look_with(identity, rows[i / 2].looking, id).outcome == rows[i / 2].outcome);
        }
    }
    TEST("a session that is expired by our clock has ended")
    {
        clock_set_skew_ms(0);
        clock_set_skew_ms(1795485520000 + 3600 * 1000 - clock_now_ms());
        CHECK(answered(identity, 200, recorded(arena, "21-admin-get-identity")).outcome == LOOK_ENDED);
    }
    kratos_destroy(identity);
}

int main(void)
{
    looks_begin();
    script_begin();
    test_sessions();
    test_persons();
    test_absence();
    clock_set_skew_ms(1795485520000 - clock_now_ms()); /* when the answers were recorded */
    test_bodies();
    script_end();
    looks_end();
    return TEST_END();
}
