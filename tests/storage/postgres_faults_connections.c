/* Connections that are cut or fall silent, the server gone and back, rows that a stranger holds. */
#include "postgres_faults.h"

#include <signal.h>

#include "unit/test.h"

/* ---- cut, stopped, silent ---- */

static void reopen_raw(struct driver *d)
{
    raw_close(d->raw);
    d->raw = raw_open(d->dsn);
}

static void test_cut(struct driver *d)
{
    static struct chains c;
    chains_open(&c, d);
    for (int i = 0; i < 20; i++) {
        chains_run(&c, 100);
        raw_execute(d->raw, "SELECT pg_terminate_backend(pid)" OUR_CONNECTIONS);
    }
    size_t before = c.rotated;
    chains_run(&c, 500);
    TEST("connections that are cut under load cost nobody his token, and hardly anybody an answer")
    {
        CHECK(chains_close(&c));
        CHECK(before > 20 * CHAINS && c.rotated > before + CHAINS);
        CHECK(c.unanswered == 0);
    }
    printf("(cut 20 times: %zu rotated, %zu unanswered) ", c.rotated, c.unanswered);
}

static void test_stopped(struct driver *d)
{
    static struct chains c;
    struct fault fault;
    chains_open(&c, d);
    chains_run(&c, 200);
    control_server("stop");
    chains_run(&c, 1500);
    int64_t began_ms = clock_steady_ms();
    TEST("with the server gone, who asks is told so at once")
    {
        CHECK(!pulse(d, &fault) && fault.kind == FAULT_AWAY);
        CHECK(clock_steady_ms() - began_ms < 20);
    }
    control_server("start");
    began_ms = clock_steady_ms();
    while (!pulse(d, &fault) && clock_steady_ms() - began_ms < 10000) loop_run(d->loop, 10);
    int64_t back_ms = clock_steady_ms() - began_ms;
    reopen_raw(d);
    size_t before = c.rotated;
    chains_run(&c, 1000);
    TEST("once it is back all go on by themselves, with the tokens they hold")
    {
        CHECK(back_ms < 3000);
        CHECK(chains_close(&c));
        CHECK(c.rotated > before + CHAINS);
    }
    printf("(back after %lld ms, %zu unanswered) ", (long long)back_ms, c.unanswered);
}

static void signal_backends(struct driver *d, int number)
{
    static int64_t pids[16];
    static size_t count;
    if (number == SIGSTOP)
        for (count = 0; count < 16; count++) {
            char sql[256];
            snprintf(sql, sizeof sql, "SELECT pid" OUR_CONNECTIONS " ORDER BY pid LIMIT 1 OFFSET %zu", count);
            pids[count] = raw_number(d->raw, sql);
            if (pids[count] == 0) break;
        }
    for (size_t i = 0; i < count; i++) kill((pid_t)pids[i], number);
}

static void test_silent(struct driver *d)
{
    struct new_grant grant = stored_grant(d);
    struct rotation rotation = presenting(&grant, 0);
    struct rotated rotated;
    struct fault fault;
    int64_t settled_ms = clock_steady_ms() + 1500; /* until the server has seen all connections go that are gone */
    while (clock_steady_ms() < settled_ms) loop_run(d->loop, 10);
    signal_backends(d, SIGSTOP);
    int64_t began_ms = clock_steady_ms();
    TEST("connections that fall silent are given up at the deadline, and others are made")
    {
        CHECK(!driver_try(d, VERB_ROTATE, &rotation, &rotated, &fault) && fault.kind == FAULT_LATE);
        CHECK(clock_steady_ms() - began_ms < STORAGE_DEADLINE_MS + 200);
        began_ms = clock_steady_ms();
        while (!pulse(d, &fault) && clock_steady_ms() - began_ms < 10000) loop_run(d->loop, 10);
        CHECK(clock_steady_ms() - began_ms < STORAGE_DEADLINE_MS + 1000);
    }
    signal_backends(d, SIGCONT);
    TEST("what was sent and never answered may have happened: the token is good in any case")
    {
        CHECK(rotate_outcome_succeeds(present(d, &grant, 0)));
    }
}

/* ---- held by a stranger ---- */

static struct raw *hold(struct driver *d, const struct new_grant *grant)
{
    struct raw *stranger = raw_open(d->dsn);
    char sql[160], hex[33];
    for (size_t i = 0; i < GRANT_ID_LEN; i++) snprintf(hex + 2 * i, 3, "%02x", grant->grant.id[i]);
    snprintf(sql, sizeof sql, "BEGIN; SELECT 1 FROM grant_state WHERE grant_id = '%s' FOR UPDATE", hex);
    raw_execute(stranger, sql);
    return stranger;
}

static void let_go(struct raw *stranger)
{
    raw_execute(stranger, "ROLLBACK");
    raw_close(stranger);
}

static void test_held(struct driver *d)
{
    static struct chains c;
    chains_open(&c, d);
    chains_run(&c, 200);
    size_t before = c.rotated;
    struct new_grant grant = stored_grant(d), other = stored_grant(d);
    struct raw *stranger = hold(d, &grant);
    struct revocation held = {.by = REVOKE_SESSION, .name = grant.grant.kratos_session_id, .because = BYTES("x")};
    struct revocation free_one = {.by = REVOKE_SESSION, .name = other.grant.kratos_session_id, .because = BYTES("x")};
    struct revoked counts[2];
    struct rotation rotation = presenting(&grant, 0);
    struct rotated rotated;
    struct errand errands[] = {
        {.verb = VERB_ROTATE, .in = &rotation, .out = &rotated},
        {.verb = VERB_REVOKE, .in = &held, .out = &counts[0]},
        {.verb = VERB_REVOKE, .in = &free_one, .out = &counts[1]},
    };
    for (size_t i = 0; i < 3; i++) errand_start(&errands[i], d->store, &d->arena);
    chains_run(&c, 2500);
    TEST("a row that a stranger holds stops neither rotations nor other revocations")
    {
        CHECK(c.rotated > before + 20 * CHAINS);
        CHECK(c.slowest_ms < 800); /* below lock_timeout */
        CHECK(c.unanswered == 0);
        CHECK(errands[2].ended && errands[2].fault.kind == FAULT_NONE && counts[1].count == 1);
    }
    errands_await(d->loop, errands, 3);
    TEST("who wants that row is told at the deadline")
    {
        CHECK(errands[0].fault.kind == FAULT_LATE);
        CHECK(errands[1].fault.kind == FAULT_LATE);
    }
    let_go(stranger);
    TEST("and all goes on afterwards")
    {
        CHECK(chains_close(&c));
        revoke_grants(d, &held); /* the one that was late may have got there */
        CHECK(present(d, &grant, 0) == ROTATE_REVOKED);
    }
}

int faults_of_connections(struct driver *d)
{
    test_cut(d);
    test_held(d);
    test_silent(d);
    test_stopped(d);
    return TEST_END();
}
