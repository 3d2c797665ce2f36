#include "companion/person_looks.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "torture/outside.h"
#include "torture/world.h"
#include "unit/test.h"

static struct person_memory *memory;
static struct person_looks *looks;

/* a flow that asks once */
static struct asker {
    struct flow flow; /* first */
    struct person_ask ask;
    struct person_answer answer;
    bool finished;
} askers[3];

static enum step_result ask(struct flow *flow)
{
    struct asker *a = (struct asker *)flow;
    return ask_person_look(flow, looks, &a->ask, &a->answer);
}

static void finish(struct flow *flow) { ((struct asker *)flow)->finished = true; }

static const struct step STEPS[] = {{"ask", ask}, {"finish", NULL}};

static struct person_key key_of(enum person_kind kind)
{
    struct person_key key = {.kind = kind};
    bool is_uuid = uuid_parse(bytes_of(kind == PERSON_SESSION ? SESSION_ID : IDENTITY_ID), key.id);
    CHECK(is_uuid);
    return key;
}

/* true: the answer is there */
static bool look_at(struct asker *a, enum person_kind kind)
{
    *a = (struct asker){.ask = {.key = key_of(kind), .knows_identity = true, .wait_max_ms = 20}};
    memcpy(a->ask.identity, key_of(PERSON_IDENTITY).id, UUID_LEN);
    flow_init(&a->flow, STEPS, finish);
    flow_drive(&a->flow);
    return a->finished;
}

static const struct kept_person *kept(enum person_kind kind)
{
    const struct person_key key = key_of(kind);
    return person_memory_find(memory, &key);
}

static void fresh(bool with_metadata_admin)
{
    person_looks_destroy(looks);
    person_memory_destroy(memory);
    memory = person_memory_create();
    looks = person_looks_create(&(struct person_looks_settings){.loop = world.worker.loop,
                                                                .identity = world.context.identity,
                                                                .memory = memory,
                                                                .with_metadata_admin = with_metadata_admin});
    kratos = (struct kratos){.expires_at_ms = clock_now_ms() + 60000};
}

static void run_loop_for(int64_t ms)
{
    int64_t until_ms = clock_steady_ms() + ms;
    while (clock_steady_ms() < until_ms) loop_run(world.worker.loop, 5);
}

static void test_waiting(void)
{
    TEST("all who ask at once wait for one look, and what it finds is kept before they wake")
    {
        fresh(false);
        CHECK(!look_at(&askers[0], PERSON_SESSION) && !look_at(&askers[1], PERSON_SESSION));
        outside_answer();
        CHECK(outside_holds() == NULL && askers[0].finished && askers[1].finished);
        CHECK(askers[0].answer.outcome == LOOK_LIVE && askers[1].answer.outcome == LOOK_LIVE);
        CHECK(kept(PERSON_SESSION) != NULL && !kept(PERSON_SESSION)->ended);
        CHECK(kept(PERSON_SESSION)->expires_at_ms == kratos.expires_at_ms);
        CHECK(memcmp(kept(PERSON_SESSION)->identity, key_of(PERSON_IDENTITY).id, UUID_LEN) == 0);
        CHECK(bytes_contain(kept(PERSON_SESSION)->json, BYTES("ann@example.com")));
    }
    TEST("who leaves leaves the others waiting")
    {
        fresh(false);
        look_at(&askers[0], PERSON_IDENTITY);
        look_at(&askers[1], PERSON_IDENTITY);
        look_at(&askers[2], PERSON_IDENTITY);
        flow_release(&askers[1].flow);
        outside_answer();
        CHECK(askers[0].finished && !askers[1].finished && askers[2].finished);
    }
    TEST("who has waited for long enough goes on, and so does the look, for the next time")
    {
        fresh(false);
        look_at(&askers[0], PERSON_IDENTITY);
        run_loop_for(40);
        CHECK(askers[0].finished && askers[0].answer.outcome == LOOK_AWAY && kept(PERSON_IDENTITY) == NULL);
        CHECK_BYTES(bytes_of(askers[0].answer.reason), BYTES("Kratos not answered in 20 ms"));
        outside_answer();
        CHECK(kept(PERSON_IDENTITY) != NULL && kept(PERSON_IDENTITY)->expires_at_ms == 0);
    }
    TEST("an answer inside the step that asked is one too")
    {
        fresh(false);
        outside_mode = OUTSIDE_ANSWERS;
        CHECK(look_at(&askers[0], PERSON_SESSION) && askers[0].answer.outcome == LOOK_LIVE);
        outside_mode = OUTSIDE_HOLDS;
    }
    TEST("a look that nobody waits for any more ends with those who keep it")
    {
        fresh(false);
        look_at(&askers[0], PERSON_SESSION);
        flow_release(&askers[0].flow);
        fresh(false);
        outside_answer(); /* into nothing */
        CHECK(kept(PERSON_SESSION) == NULL);
    }
}

static void test_outcomes(void)
{
    TEST("what ended is kept as ended; trouble leaves what was kept, and says why")
    {
        fresh(false);
        kratos.session = LOOK_ENDED;
        look_at(&askers[0], PERSON_SESSION);
        outside_answer();
        CHECK(askers[0].answer.outcome == LOOK_ENDED && kept(PERSON_SESSION)->ended);
        look_at(&askers[0], PERSON_SESSION);
        outside_fail();
        CHECK(askers[0].answer.outcome == LOOK_AWAY && kept(PERSON_SESSION)->ended);
        CHECK_BYTES(bytes_of(askers[0].answer.reason), BYTES("the test says so"));
    }
    TEST("a fault is trouble")
    {
        fresh(false);
        look_at(&askers[0], PERSON_IDENTITY);
        outside_refuse(FAULT_FULL);
        CHECK(askers[0].finished && askers[0].answer.outcome == LOOK_AWAY && kept(PERSON_IDENTITY) == NULL);
    }
    TEST("who is found alive but too large to be kept is not kept without what he is, nor as he was: nothing is known")
    {
        enum { COUNT = 124000 }; /* values: with them the arena is all but full */
        static char json[2 * COUNT + 64] = "{\"identity\":{\"traits\":[1";
        size_t len = strlen(json);
        for (int i = 0; i < COUNT; i++, len += 2) memcpy(json + len, ",1", 2);
        memcpy(json + len, "]}}", 3);
        fresh(false);
        kratos.json = (struct bytes){json, len + 3};
        look_at(&askers[0], PERSON_SESSION);
        outside_answer();
        CHECK(askers[0].finished && askers[0].answer.outcome == LOOK_AWAY && kept(PERSON_SESSION) == NULL);
        CHECK_BYTES(bytes_of(askers[0].answer.reason), BYTES("the answer is more than can be kept"));
        kratos.session = LOOK_ENDED;
        look_at(&askers[0], PERSON_SESSION);
        outside_answer();
        CHECK(askers[0].answer.outcome == LOOK_ENDED && kept(PERSON_SESSION)->ended);
    }
    TEST("for metadata_admin the person is looked at behind the session, and may be gone or away")
    {
        static const enum look_outcome OUTCOMES[] = {LOOK_LIVE, LOOK_ENDED, LOOK_AWAY};
        for (size_t i = 0; i < 3; i++) {
            fresh(true);
            kratos.identity = OUTCOMES[i];
            look_at(&askers[0], PERSON_SESSION);
            CHECK(strcmp(outside_holds(), "identity: session") == 0);
            outside_answer();
            CHECK(strcmp(outside_holds(), "identity: identity") == 0 && !askers[0].finished);
            outside_answer();
            CHECK(askers[0].answer.outcome == OUTCOMES[i]);
            CHECK((kept(PERSON_SESSION) != NULL) == (OUTCOMES[i] != LOOK_AWAY));
        }
        fresh(true);
        kratos.session = LOOK_ENDED;
        look_at(&askers[0], PERSON_SESSION);
        outside_answer();
        CHECK(askers[0].finished);
    }
}

static void test_forgetting(void)
{
    static const unsigned char somebody_else[UUID_LEN] = {1};
    TEST("a look that began before something ended is made anew before it counts")
    {
        fresh(false);
        look_at(&askers[0], PERSON_SESSION);
        person_looks_forget_session(looks, key_of(PERSON_SESSION).id);
        kratos.session = LOOK_ENDED;
        outside_answer();
        CHECK(!askers[0].finished && outside_holds() != NULL && kept(PERSON_SESSION) == NULL);
        outside_answer();
        CHECK(askers[0].finished && askers[0].answer.outcome == LOOK_ENDED);
    }
    TEST("so is one at a session when its person ended, and at one of which nobody knows whose it is")
    {
        for (int i = 0; i < 2; i++) {
            fresh(false);
            look_at(&askers[0], PERSON_SESSION);
            person_looks_forget_identity(looks, somebody_else);
            outside_answer();
            CHECK(askers[0].finished);
            askers[0] = (struct asker){.ask = {.key = key_of(PERSON_SESSION), .wait_max_ms = 1000}};
            flow_init(&askers[0].flow, STEPS, finish);
            if (i == 0) look_at(&askers[0], PERSON_SESSION);
            if (i == 1) flow_drive(&askers[0].flow);
            person_looks_forget_identity(looks, i == 0 ? key_of(PERSON_IDENTITY).id : somebody_else);
            CHECK((kept(PERSON_SESSION) == NULL) == (i == 0));
            outside_answer();
            CHECK(!askers[0].finished);
            outside_answer();
            CHECK(askers[0].finished);
        }
    }
    TEST("many times over")
    {
        fresh(false);
        look_at(&askers[0], PERSON_IDENTITY);
        for (int i = 0; i < 60000; i++) { /* more than its arena holds */
            person_looks_forget_identity(looks, key_of(PERSON_IDENTITY).id);
            outside_answer();
        }
        CHECK(!askers[0].finished);
        outside_answer();
        CHECK(askers[0].finished && askers[0].answer.outcome == LOOK_LIVE);
    }
}

int main(void)
{
    world_create();
    test_waiting();
    test_outcomes();
    test_forgetting();
    person_looks_destroy(looks);
    person_memory_destroy(memory);
    world_destroy();
    return TEST_END();
}
