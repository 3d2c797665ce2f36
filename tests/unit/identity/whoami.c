#include "answers.h"
#include "looks.h"

static struct look look_by_token(struct identity *identity, const struct json *session)
{
    return look_with(identity, LOOKING_TOKEN, member(session, "session_token"));
}

static struct look look_by_cookie(struct identity *identity, const struct json *session)
{
    return look_with(identity, LOOKING_COOKIE, member(session, "cookie"));
}

static void test_live(void)
{
    fresh();
    struct identity *identity = looks_identity();
    const struct json *session = new_session("external_id=crm-7&aal=2");
    TEST("a live session is found by its token")
    {
        struct look look = look_by_token(identity, session);
        CHECK(look.outcome == LOOK_LIVE);
        CHECK_BYTES(look.session.id, member(session, "session_id"));
        CHECK_BYTES(look.session.identity_id, member(session, "identity_id"));
        CHECK_BYTES(look.session.external_id, BYTES("crm-7"));
        CHECK(look.session.aal == 2 && !bytes_present(look.cookie) && look.session.metadata_admin == NULL);
        CHECK(clock_steady_ms() - look.began_steady_ms < 1000);
    }
    TEST("a live session is found by its cookie, which isn't renewed without need")
    {
        struct look look = look_by_cookie(identity, session);
        CHECK(look.outcome == LOOK_LIVE && !bytes_present(look.cookie));
        CHECK_BYTES(look.session.id, member(session, "session_id"));
    }
    TEST("the cookie of a session that was extended comes renewed")
    {
        befalls(session, "extend");
        struct look look = look_by_cookie(identity, session);
        CHECK(look.outcome == LOOK_LIVE && bytes_start_with(look.cookie, BYTES("ory_kratos_session=MTc5")));
        CHECK(bytes_end_with(look.cookie, BYTES("; HttpOnly; SameSite=Lax")));
        CHECK(!bytes_present(look_by_token(identity, session).cookie));
    }
    kratos_destroy(identity);
}

static void test_401(void)
{
    const struct json *session = new_session("");
    struct identity *identity = looks_identity();
    TEST("a 401 that is none 100 ms later was none")
    {
        fresh();
        plan("path=whoami&status=401&count=1");
        int64_t begin_ms = clock_steady_ms();
        CHECK(look_by_token(identity, session).outcome == LOOK_LIVE);
        CHECK(clock_steady_ms() - begin_ms >= 100 && calls_of("whoami") == 2 && calls_of("ready") == 1);
    }
    TEST("401 twice and Kratos ready: the session has ended")
    {
        fresh();
        struct look look = look_with(identity, LOOKING_TOKEN, BYTES("ory_st_nobody"));
        CHECK(look.outcome == LOOK_ENDED && calls_of("whoami") == 2 && calls_of("ready") == 1);
        CHECK_BYTES(bytes_of(look.reason), BYTES("whoami 401 twice, Kratos ready"));
    }
    TEST("that it was ready before its trouble began says nothing of the session")
    {
        plan("path=whoami&status=401");
        plan("path=ready&status=503");
        CHECK(look_by_token(identity, session).outcome == LOOK_AWAY);
        CHECK(calls_of("ready") == 2);
    }
    TEST("nor does that it is ready again, behind the last 401")
    {
        struct looker looker;
        fresh();
        plan("path=whoami&status=401&delay_ms=300");
        plan("path=ready&status=503");
        looker_start(&looker, identity, LOOKING_TOKEN, member(session, "session_token"));
        run_for(550); /* the second look is under way */
        control("DELETE", "/standin/faults");
        looker_wait(&looker);
        CHECK(looker.look.outcome == LOOK_AWAY);
        looker_end(&looker);
    }
    TEST("a 401 that is none 100 ms later was none, even if Kratos was not ready in between")
    {
        fresh();
        plan("path=whoami&status=401&count=1");
        plan("path=ready&status=503&count=1");
        CHECK(look_by_token(identity, session).outcome == LOOK_LIVE);
    }
    kratos_destroy(identity);
    TEST("401 twice and Kratos not ready says nothing of the session")
    {
        fresh();
        identity = looks_identity();
        plan("path=whoami&status=401");
        plan("path=ready&status=503");
        struct look look = look_by_token(identity, session);
        CHECK(look.outcome == LOOK_AWAY && calls_of("whoami") == 2 && calls_of("ready") == 1);
        CHECK_BYTES(bytes_of(look.reason), BYTES("whoami 401 twice, Kratos not ready"));
        kratos_destroy(identity);
    }
    TEST("401 twice and no answer whether it is ready says nothing either")
    {
        fresh();
        identity = looks_identity();
        plan("path=whoami&status=401");
        plan("path=ready&drop=true");
        CHECK(look_by_token(identity, session).outcome == LOOK_AWAY);
        kratos_destroy(identity);
    }
    TEST("a session that was revoked, expired, or whose person is disabled or gone has ended")
    {
        static const char *const events[] = {"revoke", "expire", "disable", "delete_identity", "forget"};
        fresh();
        identity = looks_identity();
        for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
            const struct json *other = new_session("");
            befalls(other, events[i]);
            CHECK(look_by_token(identity, other).outcome == LOOK_ENDED);
            CHECK(look_by_cookie(identity, other).outcome == LOOK_ENDED);
        }
        kratos_destroy(identity);
    }
}

/* after four seconds, and what is under way then is given the time to come */
static bool is_cut_off(struct identity *identity, const struct json *session, int64_t afterwards_ms)
{
    int64_t begin_ms = clock_steady_ms();
    struct look look = look_by_token(identity, session);
    int64_t took_ms = clock_steady_ms() - begin_ms;
    run_for(afterwards_ms);
    return look.outcome == LOOK_AWAY && took_ms >= 3900 && took_ms < 4300;
}

static void test_trouble(void)
{
    const struct json *session = new_session("");
    struct identity *identity = looks_identity();
    TEST("a second factor that Kratos asks for is a step up, and says where")
    {
        fresh();
        const struct json *other = new_session("");
        befalls(other, "require_aal2");
        struct look look = look_by_token(identity, other);
        CHECK(look.outcome == LOOK_STEP_UP && calls_of("whoami") == 1);
        CHECK_BYTES(look.redirect_to, BYTES("http://127.0.0.1:4433/self-service/login/browser?aal=aal2"));
        befalls(other, "aal2");
        CHECK(look_by_token(identity, other).outcome == LOOK_LIVE);
    }
    TEST("other answers, and connections that end, say nothing of the session")
    {
        static const char *const plans[] = {"status=500", "status=503",      "status=404", "status=429",
                                            "status=204", "drop=after_head", "drop=true"};
        for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
            char query[64];
            fresh();
            snprintf(query, sizeof query, "path=whoami&%s", plans[i]);
            plan(query);
            struct look look = look_by_token(identity, session);
            CHECK(look.outcome == LOOK_AWAY && bytes_start_with(bytes_of(look.reason), BYTES("whoami ")));
        }
    }
    TEST("an answer that takes longer than the time-out says nothing")
    {
        fresh();
        plan("path=whoami&delay_ms=2500");
        int64_t begin_ms = clock_steady_ms();
        struct look look = look_by_token(identity, session);
        CHECK(look.outcome == LOOK_AWAY && clock_steady_ms() - begin_ms < 2300);
        CHECK(bytes_start_with(bytes_of(look.reason), BYTES("whoami late, ")));
    }
    kratos_destroy(identity);
    TEST("with all its calls a look takes four seconds at most, and what comes later finds nobody")
    {
        fresh();
        identity = looks_identity();
        plan("path=whoami&status=401&delay_ms=1900");
        plan("path=ready&delay_ms=1000");
        CHECK(is_cut_off(identity, session, 1200));
        kratos_destroy(identity);
        fresh();
        identity = looks_identity_with(3000);
        plan("path=whoami&status=401&delay_ms=2000");
        CHECK(is_cut_off(identity, session, 400));
        kratos_destroy(identity);
    }
    TEST("nobody there is Kratos away")
    {
        struct fault fault;
        const struct identity_settings settings = {.public_url = BYTES("http://127.0.0.1:1"),
                                                   .admin_url = BYTES("http://127.0.0.1:1"),
                                                   .cookie_name = BYTES("ory_kratos_session"),
                                                   .timeout_ms = TIMEOUT_MS};
        identity = kratos_create(standin.loop, &settings, &fault);
        CHECK(look_by_token(identity, session).outcome == LOOK_AWAY);
        kratos_destroy(identity);
    }
}

static bool asked_contains(const char *text) { return strstr(script.asked, text) != NULL; }

static void test_requests(void)
{
    struct identity *identity = script_identity();
    script_answers(500, "", BYTES("{}"));
    TEST("a token goes alone in X-Session-Token")
    {
        look_with(identity, LOOKING_TOKEN, BYTES("ory_st_abc"));
        CHECK(asked_contains("GET /sessions/whoami HTTP/1.1\r\n"));
        CHECK(asked_contains("\r\nX-Session-Token: ory_st_abc\r\n") &&
              asked_contains("\r\nAccept: application/json\r\n"));
        CHECK(!asked_contains("Cookie") && !asked_contains("Authorization"));
    }
    TEST("a cookie goes alone in Cookie, as it came")
    {
        look_with(identity, LOOKING_COOKIE, BYTES("MTc5-_=="));
        CHECK(asked_contains("\r\nCookie: ory_kratos_session=MTc5-_==\r\n"));
        CHECK(!asked_contains("X-Session-Token") && !asked_contains("Authorization"));
    }
    kratos_destroy(identity);
}

static struct look look_at_answer(struct identity *identity, int status, const char *headers, struct bytes body)
{
    script_answers(status, headers, body);
    return look_with(identity, LOOKING_COOKIE, BYTES("MTc5"));
}

static void test_cookies(void)
{
    struct identity *identity = script_identity();
    struct bytes body = recorded(&standin.arena, "03-whoami-cookie");
    TEST("only the session cookie's line is passed on, whatever stands around it")
    {
        struct look look = look_at_answer(identity, 200,
                                          "Set-Cookie: csrf_token=a; Path=/\r\n"
                                          "Set-Cookie: ory_kratos_session=MTc5==; Path=/; Max-Age=3599; HttpOnly\r\n"
                                          "Set-Cookie: ory_kratos_session_2=b\r\n",
                                          body);
        CHECK(look.outcome == LOOK_LIVE);
        CHECK_BYTES(look.cookie, BYTES("ory_kratos_session=MTc5==; Path=/; Max-Age=3599; HttpOnly"));
    }
    TEST("a line that doesn't parse is not passed on")
    {
        static const char *const lines[] = {
            "Set-Cookie: ory_kratos_session\r\n",           "Set-Cookie: ory_kratos_session=\r\n",
            "Set-Cookie: ory_kratos_session; =a\r\n",       "Set-Cookie: ory_kratos_session=a b; Path=/\r\n",
            "Set-Cookie: ory_kratos_session=a,b\r\n",       "Set-Cookie: Ory_kratos_session=a\r\n",
            "Set-Cookie: ory_kratos_session=a; x=\x01\r\n", "Set-Cookie: ory_kratos_session=a; x=\xc3\xb6\r\n",
        };
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
            CHECK(!bytes_present(look_at_answer(identity, 200, lines[i], body).cookie));
    }
    TEST("of two the last counts, as in a browser")
    {
        struct look look = look_at_answer(identity, 200,
                                          "Set-Cookie: ory_kratos_session=a; Path=/\r\n"
                                          "Set-Cookie: ory_kratos_session=b; Path=/\r\n",
                                          body);
        CHECK_BYTES(look.cookie, BYTES("ory_kratos_session=b; Path=/"));
    }
    kratos_destroy(identity);
}

static void test_bodies(void)
{
    struct arena *arena = &standin.arena;
    struct identity *identity = script_identity();
    TEST("a session without its identity, inactive, expired or unreadable can't be understood")
    {
        CHECK(look_at_answer(identity, 200, "", recorded(arena, "03-whoami-cookie")).outcome == LOOK_LIVE);
        CHECK(look_at_answer(identity, 200, "", recorded(arena, "20-admin-get-noexpand")).outcome == LOOK_AWAY);
        CHECK(look_at_answer(identity, 200, "", recorded(arena, "54-admin-revoked")).outcome == LOOK_AWAY);
        CHECK(look_at_answer(identity, 200, "", recorded(arena, "06-whoami-garbage-cookie")).outcome == LOOK_AWAY);
        CHECK(look_at_answer(identity, 200, "", BYTES("<html>welcome</html>")).outcome == LOOK_AWAY);
        CHECK(look_at_answer(identity, 200, "", BYTES("")).outcome == LOOK_AWAY);
        CHECK(look_at_answer(identity, 200, "", constructed(arena, "01-whoami-200-password-aal1")).outcome ==
              LOOK_AWAY);
    }
    TEST("a 403 for another reason, or from a proxy, is no step up")
    {
        CHECK(look_at_answer(identity, 403, "", recorded(arena, "82-whoami-403-aal2")).outcome == LOOK_STEP_UP);
        CHECK(look_at_answer(identity, 403, "", recorded(arena, "07-whoami-none")).outcome == LOOK_AWAY);
        CHECK(look_at_answer(identity, 403, "", BYTES("Forbidden")).outcome == LOOK_AWAY);
    }
    TEST("a redirection is not followed")
    {
        int count = atomic_load(&script.ask_count);
        CHECK(look_at_answer(identity, 307, "Location: http://127.0.0.1:1/\r\n", BYTES("")).outcome == LOOK_AWAY);
        CHECK(atomic_load(&script.ask_count) == count + 1);
    }
    kratos_destroy(identity);
}

int main(void)
{
    looks_begin();
    script_begin();
    test_live();
    test_401();
    test_trouble();
    clock_set_skew_ms(1795485520000 - clock_now_ms()); /* when the answers were recorded */
    test_requests();
    test_cookies();
    test_bodies();
    script_end();
    looks_end();
    return TEST_END();
}
