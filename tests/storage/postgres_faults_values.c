/* Values that Postgres refuses, commits that no standby confirms, a session without prepared statements. */
#include "postgres_faults.h"

#include "storage/postgres/postgres.h"
#include "unit/test.h"

/* ---- values that Postgres refuses ---- */

enum { CROWD = 40 };

/* all asked in one turn, so that they travel together: some with claims that are not JSON */
static void test_poison(struct driver *d, size_t crowd, size_t poisoned)
{
    static struct new_grant grants[CROWD];
    static struct rotation rotations[CROWD];
    static struct rotated rotated[CROWD];
    static struct errand errands[CROWD];
    for (size_t i = 0; i < crowd; i++) {
        grants[i] = stored_grant(d);
        rotations[i] = presenting(&grants[i], 0);
        rotations[i].looked = true;
        rotations[i].look_began_steady_ms = clock_steady_ms();
        rotations[i].claims = i % (crowd / poisoned) == 1 ? BYTES("{") : BYTES("{\"name\":\"Bob\"}");
        errands[i] = (struct errand){.verb = VERB_ROTATE, .in = &rotations[i], .out = &rotated[i]};
    }
    for (size_t i = 0; i < crowd; i++) errand_start(&errands[i], d->store, &d->arena);
    errands_await(d->loop, errands, crowd);
    TEST("one verb that can't be done takes none of its neighbours along")
    {
        for (size_t i = 0; i < crowd; i++) {
            bool bad = rotations[i].claims.len == 1;
            CHECK(bad ? errands[i].fault.kind == FAULT_AWAY : errands[i].fault.kind == FAULT_NONE);
            CHECK(bad || rotated[i].outcome == ROTATE_ROTATED);
            CHECK(row_of(d, &grants[i]).state.gen == !bad);
        }
    }
}

static void test_poisoned_store(struct driver *d)
{
    static struct new_grant grants[CROWD];
    static struct stored_grant stored[CROWD];
    static struct errand errands[CROWD];
    for (size_t i = 0; i < CROWD; i++) {
        grants[i] = new_grant(d);
        if (i == 7) grants[i].grant.subject = (struct bytes){"\xff\xfe", 2};
        if (i == 30) grants[i].grant.scope = (struct bytes){"a\0b", 3};
        errands[i] = (struct errand){.verb = VERB_STORE_GRANT, .in = &grants[i], .out = &stored[i]};
    }
    for (size_t i = 0; i < CROWD; i++) errand_start(&errands[i], d->store, &d->arena);
    errands_await(d->loop, errands, CROWD);
    TEST("nor does a grant whose text is not UTF-8 or has a NUL")
    {
        for (size_t i = 0; i < CROWD; i++) CHECK((errands[i].fault.kind == FAULT_NONE) == (i != 7 && i != 30));
        for (size_t i = 0; i < CROWD; i++) CHECK(i == 7 || i == 30 || present(d, &grants[i], 0) == ROTATE_ROTATED);
    }
}

/* ---- no standby confirms ---- */

static void set_standby(struct driver *d, const char *names)
{
    char sql[128];
    snprintf(sql, sizeof sql, "ALTER SYSTEM SET synchronous_standby_names = '%s'", names);
    raw_execute(d->raw, "SET synchronous_commit = local");
    raw_execute(d->raw, sql);
    raw_execute(d->raw, "SELECT pg_reload_conf()");
    sleep_ms(300);
}

static void test_unconfirmed(struct driver *d)
{
    struct new_grant grant = stored_grant(d);
    struct rotation rotation = presenting(&grant, 0);
    struct rotated rotated;
    struct errand errand = {.verb = VERB_ROTATE, .in = &rotation, .out = &rotated};
    set_standby(d, "nobody");
    errand_start(&errand, d->store, &d->arena);
    for (int i = 0; i < 30; i++) loop_run(d->loop, 10);
    TEST("a commit that waits for its standby is not answered") { CHECK(!errand.ended); }
    raw_execute(d->raw, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    errands_await(d->loop, &errand, 1);
    TEST("nor one that gave up waiting for it, though it is there")
    {
        CHECK(errand.fault.kind == FAULT_AWAY);
        CHECK(row_of(d, &grant).state.gen == 1);
    }
    set_standby(d, "");
    TEST("the client's retry finds it") { CHECK(rotate_outcome_succeeds(present(d, &grant, 0))); }
}

/* ---- the order of locks ---- */

enum { IN_ONE_PAGE = 16 };

/* The tables are new to the planner, and small: it would rather walk through them than look each row up. New versions
 * lie behind each other as they were written. */
static void test_order(struct driver *d, struct driver *asking)
{
    static struct new_grant grants[IN_ONE_PAGE];
    static struct rotation rotations[IN_ONE_PAGE];
    static struct rotated rotated[IN_ONE_PAGE];
    static struct errand errands[IN_ONE_PAGE];
    raw_execute(d->raw, "TRUNCATE grants, grant_state");
    for (size_t i = 0; i < IN_ONE_PAGE; i++) {
        grants[i] = stored_grant(asking);
        rotations[i] = presenting(&grants[i], 0);
        errands[i] = (struct errand){.verb = VERB_ROTATE, .in = &rotations[i], .out = &rotated[i]};
    }
    for (size_t i = 0; i < IN_ONE_PAGE; i++) errand_start(&errands[i], asking->store, &asking->arena);
    errands_await(asking->loop, errands, IN_ONE_PAGE);
    TEST("what rotates together is written in the order of its ids, so that no ring of waits can close")
    {
        CHECK(raw_number(d->raw, "SELECT count(*) FROM grant_state WHERE gen = 1") == IN_ONE_PAGE);
        CHECK(raw_number(d->raw, "SELECT count(DISTINCT xmin::text) FROM grant_state") == 1);
        CHECK(raw_number(d->raw, "SELECT count(*) FROM (SELECT grant_id, lag(grant_id) OVER (ORDER BY ctid) AS before"
                                 " FROM grant_state) s WHERE before > grant_id") == 0);
    }
}

/* ---- a pooler that keeps no prepared statements ---- */

static void test_unnamed(struct driver *d)
{
    struct postgres_settings settings = {.dsn = d->dsn, .connections_per_worker = 1, .unnamed_statements = true};
    struct driver other = driver_beside(d);
    struct fault fault;
    other.storage = postgres_open(&settings, &fault);
    other.store = storage_attach(other.storage, other.loop);
    TEST("everything goes without prepared statements, and over one connection")
    {
        struct new_grant grant = stored_grant(&other);
        struct revocation r = {.by = REVOKE_SUBJECT, .name = grant.grant.identity_id, .because = BYTES("x")};
        CHECK(present(&other, &grant, 0) == ROTATE_ROTATED);
        CHECK(revoke_grants(&other, &r) == 1);
        CHECK(present(&other, &grant, 1) == ROTATE_REVOKED);
        CHECK(raw_number(d->raw, "SELECT count(*)" OUR_CONNECTIONS) == 3 + 1);
    }
    test_poison(&other, CROWD, 2);
    test_order(d, &other);
    driver_close_beside(&other);
}

int faults_of_values(struct driver *d)
{
    test_unnamed(d);
    test_order(d, d);
    test_poison(d, CROWD, 1);
    test_poison(d, CROWD, 3);
    test_poison(d, 4, 1);
    test_poisoned_store(d);
    test_unconfirmed(d);
    return TEST_END();
}
