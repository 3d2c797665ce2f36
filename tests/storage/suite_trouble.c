/* Trouble: too much to do, rows and files that a stranger holds, connections that are cut. */
#include "suite.h"
#include "unit/test.h"

enum { FLOOD = 3 * STORAGE_QUEUE_MAX };

static void turn(struct driver *d, int64_t for_ms)
{
    int64_t until_ms = clock_steady_ms() + for_ms;
    while (clock_steady_ms() < until_ms) loop_run(d->loop, 1);
}

/* ---- held by a stranger ---- */

static void hold(struct driver *d, struct raw *stranger, const struct new_grant *grant)
{
    if (strncmp(d->dsn, "postgres", 8) != 0) {
        raw_execute(stranger, "BEGIN IMMEDIATE");
        return;
    }
    char sql[128], hex[33];
    for (size_t i = 0; i < GRANT_ID_LEN; i++) snprintf(hex + 2 * i, 3, "%02x", grant->grant.id[i]);
    snprintf(sql, sizeof sql, "BEGIN; SELECT 1 FROM grant_state WHERE grant_id = '%s' FOR UPDATE", hex);
    raw_execute(stranger, sql);
}

static void test_flood(struct driver *d)
{
    static struct errand errands[FLOOD];
    static struct storage_pulse pulses[FLOOD];
    struct new_grant held = stored_grant(d);
    struct raw *stranger = raw_open(d->dsn);
    turn(d, 200);             /* what other tests left waiting */
    hold(d, stranger, &held); /* what is asked while nothing can be done has to wait */
    for (size_t i = 0; i < FLOOD; i++) {
        errands[i] = (struct errand){.verb = VERB_PULSE, .out = &pulses[i]};
        errand_start(&errands[i], d->store, &d->arena);
    }
    raw_execute(stranger, "ROLLBACK");
    raw_close(stranger);
    errands_await(d->loop, errands, FLOOD);
    size_t full = 0, done = 0;
    for (size_t i = 0; i < FLOOD; i++) {
        full += errands[i].fault.kind == FAULT_FULL;
        done += errands[i].fault.kind == FAULT_NONE;
    }
    printf("(%zu done, %zu refused) ", done, full);
    TEST("more than a store can hold is refused at once, all the rest is done")
    {
        CHECK(full > 0);
        CHECK(done >= STORAGE_QUEUE_MAX);
        CHECK(done + full == FLOOD);
    }
    TEST("and the store goes on afterwards")
    {
        struct new_grant grant = stored_grant(d);
        CHECK(present(d, &grant, 0) == ROTATE_ROTATED);
    }
}

static void test_held(struct driver *d)
{
    struct new_grant grant = stored_grant(d), others[16];
    struct rotation rotation = presenting(&grant, 0);
    struct rotated rotated;
    struct errand errand = {.verb = VERB_ROTATE, .in = &rotation, .out = &rotated};
    struct raw *stranger = raw_open(d->dsn);
    for (size_t i = 0; i < 16; i++) others[i] = stored_grant(d);
    hold(d, stranger, &grant);
    int64_t began_ms = clock_steady_ms();
    errand_start(&errand, d->store, &d->arena);
    if (strncmp(d->dsn, "postgres", 8) == 0) {
        TEST("a row that a stranger holds stops nobody else")
        {
            for (size_t i = 0; i < 16; i++) CHECK(present(d, &others[i], 0) == ROTATE_ROTATED);
            CHECK(clock_steady_ms() - began_ms < 1500);
            CHECK(!errand.ended);
        }
    }
    errands_await(d->loop, &errand, 1);
    TEST("what can't be done by its deadline fails as ours, never as the token's")
    {
        CHECK(errand.fault.kind == FAULT_LATE || errand.fault.kind == FAULT_AWAY);
        CHECK(clock_steady_ms() - began_ms <= STORAGE_DEADLINE_MS + 500);
    }
    raw_execute(stranger, "ROLLBACK");
    raw_close(stranger);
    TEST("and is done when it is asked again")
    {
        CHECK(rotate_outcome_succeeds(present(d, &grant, 0)));
        CHECK(row_of(d, &grant).state.gen == 1);
    }
}

static void test_short_hold(struct driver *d)
{
    TEST("a row that is held for a moment is waited for")
    {
        struct new_grant grant = stored_grant(d);
        struct rotation rotation = presenting(&grant, 0);
        struct rotated rotated;
        struct errand errand = {.verb = VERB_ROTATE, .in = &rotation, .out = &rotated};
        struct raw *stranger = raw_open(d->dsn);
        hold(d, stranger, &grant);
        errand_start(&errand, d->store, &d->arena);
        int64_t until_ms = clock_steady_ms() + 300;
        while (clock_steady_ms() < until_ms) loop_run(d->loop, 20);
        raw_execute(stranger, "ROLLBACK");
        raw_close(stranger);
        errands_await(d->loop, &errand, 1);
        CHECK(errand.fault.kind == FAULT_NONE && rotated.outcome == ROTATE_ROTATED);
    }
}

/* ---- connections that are cut ---- */

enum { TABS = 64, CUTS = 10 };

static void cut(struct driver *d)
{
    raw_execute(d->raw, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()");
}

static void test_cut(struct driver *d)
{
    static struct new_grant grants[TABS];
    static struct rotation rotations[TABS];
    static struct rotated answers[TABS];
    static struct errand errands[TABS];
    size_t wrong = 0, away = 0, twice = 0;
    for (size_t i = 0; i < TABS; i++) grants[i] = stored_grant(d);
    for (int round = 0; round < CUTS; round++) {
        for (size_t i = 0; i < TABS; i++) {
            rotations[i] = presenting(&grants[i], (uint32_t)round);
            rotations[i].policy.coalesce_ms = 0;
            errands[i] = (struct errand){.verb = VERB_ROTATE, .in = &rotations[i], .out = &answers[i]};
            errand_start(&errands[i], d->store, &d->arena);
        }
        turn(d, round % 5);
        cut(d);
        errands_await(d->loop, errands, TABS);
        for (size_t i = 0; i < TABS; i++) {
            bool failed = errands[i].fault.kind != FAULT_NONE;
            away += failed;
            wrong += !failed && (!rotate_outcome_succeeds(answers[i].outcome) || answers[i].gen != (uint32_t)round + 1);
            if (failed) wrong += !rotate_outcome_succeeds(rotate(d, &rotations[i]).outcome);
            twice += row_of(d, &grants[i]).state.gen != round + 1;
        }
    }
    TEST("when connections are cut under way, every token is good again at once, and none has moved on twice")
    {
        CHECK(wrong == 0);
        CHECK(twice == 0);
    }
    printf("(%zu of %d unanswered) ", away, TABS * CUTS);
}

static void test_idle_cut(struct driver *d)
{
    TEST("a connection that was cut while idle costs nobody an answer")
    {
        for (int i = 0; i < 5; i++) {
            struct new_grant grant = stored_grant(d);
            cut(d);
            sleep_ms(50);
            CHECK(present(d, &grant, 0) == ROTATE_ROTATED);
        }
    }
}

int suite_trouble(struct driver *d)
{
    test_flood(d);
    test_short_hold(d);
    test_held(d);
    if (strncmp(d->dsn, "postgres", 8) == 0) {
        test_cut(d);
        test_idle_cut(d);
    }
    return TEST_END();
}
