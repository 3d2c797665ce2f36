/* A session extended, and looked at again. */
#include "answers.h"
#include "looks.h"

static int64_t expires_at_ms(struct identity *identity, const struct json *session)
{
    return look_with(identity, LOOKING_SESSION_AGAIN, member(session, "session_id")).session.expires_at_ms;
}

static enum look_outcome extend(struct identity *identity, const struct json *session)
{
    return look_with(identity, EXTENDING, member(session, "session_id")).outcome;
}

static void test_extending(void)
{
    struct identity *identity = looks_identity();
    fresh();
    TEST("a session is extended by one PATCH, and looked at again it says until when")
    {
        const struct json *session = new_session("lifespan_s=600");
        int64_t before_ms = expires_at_ms(identity, session);
        run_for(20);
        CHECK(extend(identity, session) == LOOK_LIVE && calls_of("extend") == 1 && calls_of("session") == 1);
        CHECK(expires_at_ms(identity, session) >= before_ms + 20);
    }
    TEST("trouble is LOOK_AWAY: whether it was extended is not known")
    {
        static const char *const plans[] = {"status=500", "status=404", "status=503", "drop=true", "drop=after_head"};
        const struct json *session = new_session("");
        for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
            char query[64];
            fresh();
            snprintf(query, sizeof query, "path=extend&%s", plans[i]);
            plan(query);
            CHECK(extend(identity, session) == LOOK_AWAY && calls_of("extend") == 1 && calls_of("ready") == 0);
        }
    }
    TEST("nobody waits longer than a second for it")
    {
        const struct json *session = new_session("");
        fresh();
        plan("path=extend&delay_ms=1700");
        int64_t begin_ms = clock_steady_ms();
        CHECK(extend(identity, session) == LOOK_AWAY);
        CHECK(clock_steady_ms() - begin_ms >= 990 && clock_steady_ms() - begin_ms < 1400);
        fresh();
        plan("path=session&delay_ms=1900");
        begin_ms = clock_steady_ms();
        CHECK(look_with(identity, LOOKING_SESSION_AGAIN, member(session, "session_id")).outcome == LOOK_AWAY);
        CHECK(clock_steady_ms() - begin_ms >= 1490 && clock_steady_ms() - begin_ms < 1800);
        run_for(900);
    }
    kratos_destroy(identity);
}

static void test_sharing(void)
{
    struct identity *identity = looks_identity();
    fresh();
    TEST("simultaneous extensions of one session are one call, of two sessions two")
    {
        const struct json *one = new_session(""), *other = new_session("");
        struct looker lookers[5];
        plan("path=extend&delay_ms=100");
        for (size_t i = 0; i < 5; i++)
            looker_start(&lookers[i], identity, EXTENDING, member(i < 4 ? one : other, "session_id"));
        for (size_t i = 0; i < 5; i++) {
            looker_wait(&lookers[i]);
            CHECK(lookers[i].look.outcome == LOOK_LIVE);
            looker_end(&lookers[i]);
        }
        CHECK(calls_of("extend") == 2);
    }
    TEST("a second look is not one with a look that began before")
    {
        const struct json *session = new_session("");
        static const enum looking pairs[][2] = {{LOOKING_SESSION, LOOKING_SESSION_AGAIN},
                                                {LOOKING_COOKIE, LOOKING_COOKIE_AGAIN}};
        for (size_t i = 0; i < 2; i++) {
            struct looker first, second;
            struct bytes subject = member(session, i == 0 ? "session_id" : "cookie");
            fresh();
            plan(i == 0 ? "path=session&delay_ms=100" : "path=whoami&delay_ms=100");
            looker_start(&first, identity, pairs[i][0], subject);
            looker_start(&second, identity, pairs[i][1], subject);
            looker_wait(&first);
            looker_wait(&second);
            CHECK(first.look.outcome == LOOK_LIVE && second.look.outcome == LOOK_LIVE);
            CHECK(calls_of(i == 0 ? "session" : "whoami") == 2);
            looker_end(&first);
            looker_end(&second);
        }
    }
    TEST("the cookie of a session that was extended is renewed for who looks with it")
    {
        const struct json *session = new_session("");
        fresh();
        run_for(5);
        CHECK(extend(identity, session) == LOOK_LIVE);
        struct look look = look_with(identity, LOOKING_COOKIE_AGAIN, member(session, "cookie"));
        CHECK(look.outcome == LOOK_LIVE && bytes_start_with(look.cookie, BYTES("ory_kratos_session=")));
    }
    kratos_destroy(identity);
}

static void test_what_is_sent(void)
{
    struct identity *identity = script_identity();
    TEST("a PATCH without a body, whose answer may be 200 with the session or 204")
    {
        struct bytes id = BYTES("03E060C1-8674-4b6a-9af1-596b2d4ee2c8");
        script_answers(200, "", recorded(&standin.arena, "30-extend"));
        CHECK(look_with(identity, EXTENDING, id).outcome == LOOK_LIVE);
        CHECK(strstr(script.asked, "PATCH /admin/sessions/03e060c1-8674-4b6a-9af1-596b2d4ee2c8/extend HTTP/1.1\r\n") !=
              NULL);
        CHECK(strstr(script.asked, "\r\nContent-Length: 0\r\n") != NULL && strstr(script.asked, "Cookie") == NULL);
        script.answer = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
        CHECK(look_with(identity, EXTENDING, id).outcome == LOOK_LIVE);
        script_answers(201, "", BYTES("{}"));
        CHECK(look_with(identity, EXTENDING, id).outcome == LOOK_AWAY);
    }
    kratos_destroy(identity);
}

int main(void)
{
    looks_begin();
    script_begin();
    test_extending();
    test_sharing();
    test_what_is_sent();
    script_end();
    looks_end();
    return TEST_END();
}
