/* Threads with loops of their own ask for the same few sessions, look, leave, wait and forget, all at once: for TSan
 * and ASan as much as for what is checked. */
#include <pthread.h>
#include <stdatomic.h>
#include <sched.h>

#include "base/clock.h"
#include "base/random.h"
#include "unit/companion/asker.h"
#include "unit/test.h"

enum { THREADS = 4, ASKERS = 8, ROUNDS = 6000, COOKIES = 3, KEEP_MS = 2 };

static struct session_tokens *tokens;
static struct bytes kid;
static struct keyring *ring;
static atomic_int looks_under_way[COOKIES], two_at_once, stranded, answered_stale, answered;
static _Atomic int64_t forgotten_at_ms[COOKIES]; /* when the last forget of it had returned */

struct thread {
    pthread_t id;
    struct loop *loop;
    struct asker askers[ASKERS];
    int cookie[ASKERS];
    int64_t asked_at_ms[ASKERS];
};

static const char *const COOKIE[COOKIES] = {"c0", "c1", "c2"}, *const SESSION[COOKIES] = {"s0", "s1", "s2"};

static void begin(struct thread *t, int i)
{
    t->cookie[i] = (int)random_below(COOKIES);
    asker_init(&t->askers[i], tokens, t->loop, COOKIE[t->cookie[i]]);
    t->askers[i].find.ring = ring;
    t->asked_at_ms[i] = clock_steady_ms();
    flow_drive(&t->askers[i].flow);
}

static void check_answer(struct thread *t, int i)
{
    int64_t forgotten_before_ms = atomic_load(&forgotten_at_ms[t->cookie[i]]);
    const struct session_outcome *outcome = t->askers[i].find.outcome;
    atomic_fetch_add(&answered, 1);
    /* by the millisecond: a forget that had returned before he asked must not be older than what he gets */
    if (forgotten_before_ms < t->asked_at_ms[i] && outcome->began_steady_ms < forgotten_before_ms)
        atomic_fetch_add(&answered_stale, 1);
}

/* looks for a moment, and settles or leaves */
static void look(struct thread *t, int i)
{
    int cookie = t->cookie[i];
    const struct session_subject subject = {bytes_of(SESSION[cookie]), BYTES("ann"), BYTES("spa")};
    struct session_outcome given = {
        .authorization = BYTES("Bearer a"), .kid = kid, .began_steady_ms = clock_steady_ms()};
    if (atomic_fetch_add(&looks_under_way[cookie], 1) != 0) atomic_fetch_add(&two_at_once, 1);
    sched_yield();
    given.until_steady_ms = given.began_steady_ms + KEEP_MS;
    session_tokens_name(tokens, &subject, &given.names);
    atomic_fetch_sub(&looks_under_way[cookie], 1); /* before the settling: from then on another may look */
    if (random_below(4) == 0) return;
    if (session_tokens_settle(&t->askers[i].find, session_outcome_create(&given))) check_answer(t, i);
}

static void finish(struct thread *t, int i)
{
    if (t->askers[i].find.looks)
        look(t, i);
    else if (t->askers[i].find.outcome != NULL)
        check_answer(t, i);
    asker_dispose(&t->askers[i]);
    begin(t, i);
}

static void forget_one(void)
{
    uint32_t cookie = random_below(COOKIES);
    session_tokens_forget(tokens, REVOKE_SESSION, bytes_of(SESSION[cookie]));
    atomic_store(&forgotten_at_ms[cookie], clock_steady_ms());
}

static void end(struct thread *t)
{
    for (int i = 0; i < ASKERS; i++) asker_dispose(&t->askers[i]);
    loop_destroy(t->loop);
}

static void *run(void *data)
{
    struct thread *t = data;
    int64_t idle_since_ms = clock_steady_ms();
    t->loop = loop_create();
    for (int i = 0; i < ASKERS; i++) begin(t, i);
    for (int round = 0; round < ROUNDS; round++) {
        int i = (int)random_below(ASKERS);
        if (t->askers[i].done) {
            idle_since_ms = clock_steady_ms();
            finish(t, i);
        } else if (random_below(8) == 0) { /* his client leaves */
            asker_dispose(&t->askers[i]);
            begin(t, i);
        }
        if (random_below(200) == 0) forget_one();
        loop_run(t->loop, 0);
    }
    if (clock_steady_ms() - idle_since_ms > 10000) atomic_fetch_add(&stranded, 1);
    end(t);
    return NULL;
}

/* all who wait get something as long as those who look end somehow */
static void check_nobody_is_stranded(void)
{
    struct loop *loop = loop_create();
    struct asker asker;
    for (int i = 0; i < COOKIES; i++) {
        asker_init(&asker, tokens, loop, COOKIE[i]);
        asker.find.ring = ring;
        flow_drive(&asker.flow);
        CHECK(asker.done);
        asker_dispose(&asker);
    }
    loop_destroy(loop);
}

int main(void)
{
    static struct thread threads[THREADS];
    struct text text;
    world_create();
    tokens = session_tokens_create();
    ring = key_seat_ring(&world.context.keys);
    text_init(&text, &world.arena, 1024);
    TEST("threads that ask, look, leave, wait and forget all at once")
    {
        CHECK(signer_sign(world.context.signer, ring, &(struct signing){KEY_ES256, BYTES("JWT"), BYTES("{}")}, &text,
                          NULL));
        kid = signer_kid(world.context.signer, KEY_ES256);
        for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i].id, NULL, run, &threads[i]) == 0);
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i].id, NULL);
        CHECK(answered > 0);
    }
    TEST("never do two look for the same at once") CHECK(two_at_once == 0);
    TEST("nobody who asked after a forget is answered from before it") CHECK(answered_stale == 0);
    TEST("nobody is left behind, and nothing")
    {
        CHECK(stranded == 0);
        check_nobody_is_stranded();
    }
    session_tokens_destroy(tokens);
    world_destroy();
    return TEST_END();
}
