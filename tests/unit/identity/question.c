#include "identity/kratos/question.h"

#include "looks.h"

enum { MANY = 10 };

static struct looker lookers[MANY];

static void start_all(struct identity *identity, enum looking looking, struct bytes subject)
{
    for (int i = 0; i < MANY; i++) looker_start(&lookers[i], identity, looking, subject);
}

static void end_all(enum look_outcome outcome)
{
    for (int i = 0; i < MANY; i++) {
        looker_wait(&lookers[i]);
        CHECK(lookers[i].look.outcome == outcome);
        looker_end(&lookers[i]);
    }
}

static void test_sharing(void)
{
    struct identity *identity = looks_identity();
    const struct json *session = new_session(""), *other = new_session("");
    TEST("simultaneous looks at one session are one call, and each has its own copy")
    {
        fresh();
        start_all(identity, LOOKING_SESSION, member(session, "session_id"));
        for (int i = 0; i < MANY; i++) looker_wait(&lookers[i]);
        CHECK(calls_of("session") == 1);
        for (int i = 0; i < MANY; i++) CHECK_BYTES(lookers[i].look.session.id, member(session, "session_id"));
        CHECK(lookers[0].look.session.json != lookers[1].look.session.json);
        CHECK(lookers[0].look.began_steady_ms == lookers[1].look.began_steady_ms);
        end_all(LOOK_LIVE);
    }
    TEST("simultaneous looks with one credential are one call, and at one person too")
    {
        fresh();
        start_all(identity, LOOKING_TOKEN, member(session, "session_token"));
        end_all(LOOK_LIVE);
        start_all(identity, LOOKING_IDENTITY, member(session, "identity_id"));
        end_all(LOOK_LIVE);
        CHECK(calls_of("whoami") == 1 && calls_of("identity") == 1);
    }
    TEST("the second look at a 401 is shared too")
    {
        fresh();
        start_all(identity, LOOKING_TOKEN, BYTES("nobody"));
        end_all(LOOK_ENDED);
        CHECK(calls_of("whoami") == 2 && calls_of("ready") == 1);
    }
    TEST("the second look at a 404 is shared too")
    {
        fresh();
        start_all(identity, LOOKING_SESSION, BYTES("00000000-0000-4000-8000-000000000000"));
        end_all(LOOK_ENDED);
        CHECK(calls_of("session") == 2 && calls_of("ready") == 1);
    }
    TEST("other credentials and sessions are other calls, even if they are spelled the same")
    {
        fresh();
        looker_start(&lookers[0], identity, LOOKING_TOKEN, member(session, "session_token"));
        looker_start(&lookers[1], identity, LOOKING_TOKEN, member(other, "session_token"));
        looker_start(&lookers[2], identity, LOOKING_COOKIE, member(session, "session_token"));
        looker_start(&lookers[3], identity, LOOKING_SESSION, member(session, "session_id"));
        looker_start(&lookers[4], identity, LOOKING_IDENTITY, member(session, "session_id"));
        for (int i = 0; i < 5; i++) looker_wait(&lookers[i]);
        CHECK(lookers[0].look.outcome == LOOK_LIVE && lookers[1].look.outcome == LOOK_LIVE);
        CHECK(lookers[2].look.outcome == LOOK_ENDED && lookers[3].look.outcome == LOOK_LIVE);
        CHECK(lookers[4].look.outcome == LOOK_ENDED);
        CHECK(calls_of("whoami") == 4 && calls_of("session") == 1 && calls_of("identity") == 2);
        for (int i = 0; i < 5; i++) looker_end(&lookers[i]);
    }
    TEST("a look after the answer is a call of its own")
    {
        fresh();
        look_with(identity, LOOKING_SESSION, member(session, "session_id"));
        look_with(identity, LOOKING_SESSION, member(session, "session_id"));
        CHECK(calls_of("session") == 2);
    }
    TEST("once something has ended, who comes shares no call that may have begun before; those who wait do")
    {
        fresh();
        plan("path=session&delay_ms=100&count=2");
        looker_start(&lookers[0], identity, LOOKING_SESSION, member(session, "session_id"));
        looker_start(&lookers[1], identity, LOOKING_SESSION, member(session, "session_id"));
        run_for(20);
        int64_t ended_ms = clock_steady_ms();
        identity_start_anew(identity);
        looker_start(&lookers[2], identity, LOOKING_SESSION, member(session, "session_id"));
        looker_start(&lookers[3], identity, LOOKING_SESSION, member(session, "session_id"));
        for (int i = 0; i < 4; i++) {
            looker_wait(&lookers[i]);
            CHECK(lookers[i].look.outcome == LOOK_LIVE);
            CHECK((lookers[i].look.began_steady_ms >= ended_ms) == (i >= 2));
            looker_end(&lookers[i]);
        }
        CHECK(calls_of("session") == 2);
    }
    kratos_destroy(identity);
}

static void test_cancelling(void)
{
    struct identity *identity = looks_identity();
    const struct json *session = new_session("");
    TEST("who is cancelled leaves, the others get the answer")
    {
        fresh();
        start_all(identity, LOOKING_SESSION, member(session, "session_id"));
        flow_abort(&lookers[0].flow, FAULT_LEFT, "test", "left");
        flow_abort(&lookers[4].flow, FAULT_LEFT, "test", "left");
        flow_abort(&lookers[9].flow, FAULT_LEFT, "test", "left");
        CHECK(lookers[0].done && lookers[4].done && lookers[9].done);
        for (int i = 0; i < MANY; i++) {
            looker_wait(&lookers[i]);
            CHECK((lookers[i].look.session.json != NULL) == (i != 0 && i != 4 && i != 9));
            looker_end(&lookers[i]);
        }
        CHECK(calls_of("session") == 1);
    }
    TEST("with everyone gone the call goes on, and who comes then shares it")
    {
        fresh();
        plan("path=session&delay_ms=200&count=1");
        looker_start(&lookers[0], identity, LOOKING_SESSION, member(session, "session_id"));
        run_for(20);
        flow_abort(&lookers[0].flow, FAULT_LEFT, "test", "left");
        run_for(20);
        CHECK(look_with(identity, LOOKING_SESSION, member(session, "session_id")).outcome == LOOK_LIVE);
        CHECK(calls_of("session") == 1);
        looker_end(&lookers[0]);
    }
    kratos_destroy(identity);
}

static void abort_others(struct looker *looker)
{
    for (int i = 0; i < MANY; i++)
        if (&lookers[i] != looker) flow_abort(&lookers[i].flow, FAULT_LEFT, "test", "left");
}

static struct looker late;

static void ask_again(struct looker *looker)
{
    looker_start(&late, looker->identity, looker->looking, looker->subject);
}

static void test_waking(void)
{
    struct identity *identity = looks_identity();
    const struct json *session = new_session("");
    TEST("who is woken may cancel the others")
    {
        fresh();
        start_all(identity, LOOKING_SESSION, member(session, "session_id"));
        for (int i = 0; i < MANY; i++) lookers[i].on_done = abort_others;
        int answered = 0;
        for (int i = 0; i < MANY; i++) {
            looker_wait(&lookers[i]);
            answered += lookers[i].look.session.json != NULL;
            looker_end(&lookers[i]);
        }
        CHECK(answered == 1);
    }
    TEST("who is woken may ask the same anew")
    {
        fresh();
        start_all(identity, LOOKING_SESSION, member(session, "session_id"));
        lookers[3].on_done = ask_again;
        end_all(LOOK_LIVE);
        looker_wait(&late);
        CHECK(late.look.outcome == LOOK_LIVE && calls_of("session") == 2);
        looker_end(&late);
    }
    kratos_destroy(identity);
}

static void test_memory(void)
{
    struct identity *identity = looks_identity();
    const struct json *session = new_session("");
    TEST("who has no room for the answer is told so, the others have it")
    {
        fresh();
        for (int small = 0; small < 2; small++) {
            looker_start(&lookers[0], identity, LOOKING_SESSION, member(session, "session_id"));
            looker_start(&lookers[1], identity, LOOKING_SESSION, member(session, "session_id"));
            lookers[small].arena.cap = 100;
            looker_wait(&lookers[0]);
            looker_wait(&lookers[1]);
            CHECK(lookers[small].look.outcome == LOOK_AWAY && lookers[small].look.session.json == NULL);
            CHECK(!lookers[small].arena.overflowed);
            CHECK(lookers[1 - small].look.outcome == LOOK_LIVE && lookers[1 - small].look.session.json != NULL);
            looker_end(&lookers[0]);
            looker_end(&lookers[1]);
        }
    }
    TEST("who has no room hears of an end all the same, and nobody's arena has overflowed for it")
    {
        fresh();
        befalls(session, "revoke");
        for (int i = 0; i < 3; i++) {
            looker_start(&lookers[i], identity, LOOKING_SESSION, member(session, "session_id"));
            lookers[i].arena.cap = 0;
        }
        for (int i = 0; i < 3; i++) {
            looker_wait(&lookers[i]);
            CHECK(lookers[i].look.outcome == LOOK_ENDED && !lookers[i].arena.overflowed);
            looker_end(&lookers[i]);
        }
    }
    kratos_destroy(identity);
}

int main(void)
{
    looks_begin();
    test_sharing();
    test_cancelling();
    test_waking();
    test_memory();
    looks_end();
    return TEST_END();
}
