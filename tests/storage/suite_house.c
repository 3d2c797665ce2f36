/* The house: the pulse, the schema, the sweep, and verbs that nobody waits for any more. */
#include "suite.h"
#include "unit/test.h"

#include <pthread.h>

#include "storage/sqlite/sqlite.h"

static void test_pulse(struct driver *d)
{
    TEST("the storage says its time, which goes on")
    {
        struct storage_pulse first, second;
        driver_run(d, VERB_PULSE, NULL, &first);
        sleep_ms(20);
        driver_run(d, VERB_PULSE, NULL, &second);
        CHECK(second.now >= first.now + 15 && second.now < first.now + 5000);
        CHECK(first.now > clock_now_ms() - MINUTE && first.now < clock_now_ms() + MINUTE);
    }
}

/* ---- the schema ---- */

static int reported;
static void count_line(const char *line)
{
    (void)line;
    reported++;
}

static void test_schema(struct driver *d)
{
    struct fault fault;
    TEST("a migrated schema is current, and migrating again does nothing")
    {
        CHECK(storage_schema(d->storage, &fault) == SCHEMA_CURRENT);
        reported = 0;
        CHECK(storage_migrate(d->storage, count_line, &fault));
        CHECK(reported == 0);
        CHECK(storage_schema(d->storage, &fault) == SCHEMA_CURRENT);
    }
    if (d->raw == NULL) return;
    TEST("an older program works beside the next version of the schema, and refuses the one after")
    {
        int64_t version = raw_number(d->raw, "SELECT max(version) FROM schema_migrations");
        char sql[128];
        for (int64_t ahead = 1; ahead <= 2; ahead++) {
            snprintf(sql, sizeof sql, "INSERT INTO schema_migrations (version, applied_at) VALUES (%lld, 0)",
                     (long long)(version + ahead));
            raw_execute(d->raw, sql);
            CHECK(storage_schema(d->storage, &fault) == (ahead == 1 ? SCHEMA_CURRENT : SCHEMA_TOO_NEW));
            CHECK(storage_migrate(d->storage, NULL, &fault) == (ahead == 1));
        }
        snprintf(sql, sizeof sql, "DELETE FROM schema_migrations WHERE version > %lld", (long long)version);
        raw_execute(d->raw, sql);
        CHECK(storage_schema(d->storage, &fault) == SCHEMA_CURRENT);
    }
}

static void *migrate(void *data)
{
    struct fault fault;
    return storage_migrate(data, count_line, &fault) ? data : NULL;
}

static void test_migrating_at_once(struct driver *d)
{
    struct storage *storages[4];
    pthread_t threads[4];
    struct fault fault;
    struct driver empty;
    driver_open_empty(&empty, "postgres");
    for (size_t i = 0; i < 4; i++) storages[i] = driver_open_storage(empty.dsn);
    TEST("a database without a schema is behind") { CHECK(storage_schema(storages[0], &fault) == SCHEMA_BEHIND); }
    TEST("four that migrate at once all succeed, each migration being made once")
    {
        size_t well = 0;
        for (size_t i = 0; i < 4; i++) pthread_create(&threads[i], NULL, migrate, storages[i]);
        for (size_t i = 0; i < 4; i++) {
            void *result;
            pthread_join(threads[i], &result);
            well += result != NULL;
        }
        CHECK(well == 4);
        CHECK(storage_schema(storages[3], &fault) == SCHEMA_CURRENT);
        CHECK(raw_number(empty.raw, "SELECT count(*) FROM schema_migrations") ==
              raw_number(d->raw, "SELECT count(*) FROM schema_migrations"));
    }
    for (size_t i = 0; i < 4; i++) storage_close(storages[i]);
    driver_close(&empty);
}

static void test_second_process(struct driver *d)
{
    TEST("a file that is open can't be opened a second time")
    {
        struct fault fault;
        struct storage *second = sqlite_open(d->dsn + strlen("sqlite://"), &fault);
        CHECK(second == NULL);
        storage_close(second);
        CHECK(fault.what[0] != '\0');
    }
}

/* ---- the sweep ---- */

static uint64_t sweep(struct driver *d, uint32_t limit)
{
    struct swept swept;
    driver_run(d, VERB_SWEEP, &limit, &swept);
    return swept.count;
}

/* ended two days ago, wherever a back end has it written down */
static void end_long_ago(struct driver *d, const struct new_grant *grant)
{
    struct raw_row row = row_of(d, grant);
    char sql[256];
    row.state.expires_at = row.state.idle_expires_at = raw_now(d->raw) - 2 * DAY;
    set_row(d, &row);
    if (strncmp(d->dsn, "postgres", 8) != 0) return;
    snprintf(sql, sizeof sql,
             "UPDATE grants SET expires_at = s.expires_at FROM grant_state s WHERE s.grant_id = grants.grant_id"
             " AND s.expires_at = %lld",
             (long long)row.state.expires_at);
    raw_execute(d->raw, sql);
}

static void test_sweep(struct driver *d)
{
    struct new_grant live = stored_grant(d), old[5];
    if (d->raw == NULL) return;
    while (sweep(d, 1000) > 0) continue;
    for (size_t i = 0; i < 5; i++) {
        old[i] = stored_grant(d);
        end_long_ago(d, &old[i]);
    }
    int64_t before = raw_number(d->raw, "SELECT count(*) FROM grant_state");
    TEST("a sweep removes what is long over, at most as many as it may, and says how many")
    {
        CHECK(sweep(d, 2) == 2);
        CHECK(raw_number(d->raw, "SELECT count(*) FROM grant_state") == before - 2);
        CHECK(sweep(d, 2) == 2);
        CHECK(sweep(d, 2) == 1);
        CHECK(sweep(d, 2) == 0);
        CHECK(raw_number(d->raw, "SELECT count(*) FROM grant_state") == before - 5);
        CHECK(raw_number(d->raw, "SELECT count(*) FROM grants") == before - 5);
    }
    TEST("what was swept is unknown, what lives stays")
    {
        for (size_t i = 0; i < 5; i++) CHECK(present(d, &old[i], 0) == ROTATE_UNKNOWN);
        CHECK(present(d, &live, 0) == ROTATE_ROTATED);
    }
    TEST("instants go once no look can have begun before them")
    {
        struct new_grant grant = new_grant(d);
        struct revocation r = {
            .by = REVOKE_SESSION, .name = grant.grant.kratos_session_id, .because = BYTES("session_ended")};
        revoke_grants(d, &r);
        int64_t kept = raw_number(d->raw, "SELECT count(*) FROM endings");
        char sql[128];
        snprintf(sql, sizeof sql, "UPDATE endings SET at = at - %lld WHERE name = '%.*s'", (long long)(40 * DAY),
                 BYTES_PRINT(r.name));
        raw_execute(d->raw, sql);
        sweep(d, 100);
        CHECK(raw_number(d->raw, "SELECT count(*) FROM endings") == kept - 1);
    }
}

/* ---- nobody waits any more ---- */

static void cancel_one(struct driver *d, enum storage_verb verb, const void *in, void *out)
{
    struct errand errand = {.verb = verb, .in = in, .out = out};
    errand_start(&errand, d->store, &d->arena);
    if (errand.ended) return;
    flow_abort(&errand.flow, FAULT_LEFT, "suite", "the client left");
    CHECK(errand.ended && errand.fault.kind == FAULT_LEFT);
    struct errand released = {.verb = verb, .in = in, .out = out};
    errand_start(&released, d->store, &d->arena);
    if (!released.ended) flow_release(&released.flow);
}

/* what the flows left behind stands on a stack that is gone when the answers come */
static void cancel_each(struct driver *d)
{
    struct new_grant grant = stored_grant(d);
    struct rotation rotation = presenting(&grant, 0);
    struct revocation revocation = {.by = REVOKE_SESSION, .name = grant.grant.kratos_session_id, .because = BYTES("x")};
    struct client_row row = {.client_id = new_name(d, "client"), .record = BYTES("{}"), .created_at = 1};
    struct client_page_ask page = {.limit = 10};
    struct key_change keys = {.added_count = 0};
    uint32_t limit = 1;
    struct grant_page_ask grants = {.by = REVOKE_SESSION, .name = grant.grant.kratos_session_id, .limit = 3};
    struct ending_page_ask endings = {.age_ms = MINUTE, .limit = 3};
    char outs[14][512];
    struct bytes origin = BYTES("https://app.example");
    struct new_grant another = new_grant(d);
    cancel_one(d, VERB_FIND_CLIENT, &row.client_id, outs[0]);
    cancel_one(d, VERB_LIST_CLIENTS, &page, outs[1]);
    cancel_one(d, VERB_ADD_CLIENT, &row, outs[2]);
    cancel_one(d, VERB_DELETE_CLIENT, &row.client_id, outs[3]);
    cancel_one(d, VERB_STORE_GRANT, &another, outs[4]);
    cancel_one(d, VERB_ROTATE, &rotation, outs[5]);
    cancel_one(d, VERB_REVOKE, &revocation, outs[6]);
    cancel_one(d, VERB_LIST_KEYS, NULL, outs[7]);
    cancel_one(d, VERB_CHANGE_KEYS, &keys, outs[11]);
    cancel_one(d, VERB_PULSE, NULL, outs[8]);
    cancel_one(d, VERB_SWEEP, &limit, outs[9]);
    cancel_one(d, VERB_LIST_GRANTS, &grants, outs[12]);
    cancel_one(d, VERB_LIST_ENDINGS, &endings, outs[13]);
    cancel_one(d, VERB_FIND_ORIGIN, &origin, outs[10]);
}

static void test_cancel(struct driver *d)
{
    TEST("a flow may leave any verb, and the store goes on")
    {
        for (int i = 0; i < 10; i++) cancel_each(d);
        struct new_grant grant = stored_grant(d);
        CHECK(present(d, &grant, 0) == ROTATE_ROTATED);
    }
    TEST("a store may be detached with verbs under way; their flows are not woken")
    {
        struct errand errands[8];
        struct storage_pulse pulses[8];
        struct new_grant grant = new_grant(d);
        struct stored_grant stored;
        struct store *store = storage_attach(d->storage, d->loop);
        for (size_t i = 0; i < 8; i++) {
            errands[i] = (struct errand){.verb = VERB_PULSE, .out = &pulses[i]};
            if (i == 7) errands[i] = (struct errand){.verb = VERB_STORE_GRANT, .in = &grant, .out = &stored};
            errand_start(&errands[i], store, &d->arena);
        }
        storage_detach(store);
        for (int i = 0; i < 20; i++) loop_run(d->loop, 5);
        for (size_t i = 0; i < 8; i++) CHECK(!errands[i].ended);
        struct storage_pulse pulse;
        driver_run(d, VERB_PULSE, NULL, &pulse);
    }
}

int suite_house(struct driver *d)
{
    test_pulse(d);
    test_schema(d);
    if (strncmp(d->dsn, "postgres", 8) == 0) test_migrating_at_once(d);
    if (strncmp(d->dsn, "sqlite", 6) == 0) test_second_process(d);
    test_sweep(d);
    test_cancel(d);
    return TEST_END();
}
