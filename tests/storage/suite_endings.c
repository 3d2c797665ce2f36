/* Endings: the instants listed, and their news: on every store of the process, and of another one on the same Postgres.
 */
#include "suite.h"
#include "unit/test.h"

#include "storage/ending_reader.h"
#include "storage/postgres/postgres.h"

/* ---- whoever listens ---- */

enum { HEARD_MAX = 64 };

struct listener {
    struct storage *storage; /* NULL: the driver's */
    struct loop *loop;
    struct store *store;
    size_t count;
    struct {
        enum revoke_by by;
        char name[64];
    } heard[HEARD_MAX];
};

static void hear(void *data, enum revoke_by by, struct bytes name)
{
    struct listener *l = data;
    if (l->count == HEARD_MAX) die("too many endings were told");
    l->heard[l->count].by = by;
    snprintf(l->heard[l->count++].name, sizeof l->heard[0].name, "%.*s", BYTES_PRINT(name));
}

static void listen_on(struct listener *l, struct storage *storage)
{
    l->loop = loop_create();
    l->store = storage_attach(storage, l->loop);
    l->count = 0;
    storage_on_ending(l->store, hear, l);
}

static void leave(struct listener *l)
{
    storage_detach(l->store);
    loop_destroy(l->loop);
    if (l->storage != NULL) storage_close(l->storage);
}

static size_t times_heard(const struct listener *l, enum revoke_by by, struct bytes name)
{
    size_t times = 0;
    for (size_t i = 0; i < l->count; i++)
        times += l->heard[i].by == by && bytes_equal(bytes_of(l->heard[i].name), name);
    return times;
}

static void turn(struct loop *loop, int64_t for_ms)
{
    int64_t until_ms = clock_steady_ms() + for_ms;
    while (clock_steady_ms() < until_ms) loop_run(loop, 1);
}

/* how long until it is heard, in ms; -1: not within three times what storage.h promises */
static int64_t await_heard(struct listener *l, enum revoke_by by, struct bytes name)
{
    int64_t began_ms = clock_steady_ms();
    while (times_heard(l, by, name) == 0) {
        if (clock_steady_ms() - began_ms > 3 * ENDING_NEWS_LATE_MS) return -1;
        loop_run(l->loop, 1);
    }
    return clock_steady_ms() - began_ms;
}

/* ---- what ends ---- */

static void end(struct driver *d, enum revoke_by by, struct bytes name)
{
    struct revocation r = {.by = by, .because = BYTES("session_ended")};
    if (by == REVOKE_CLIENT)
        r.client_id = name;
    else
        r.name = name;
    revoke_grants(d, &r);
}

static struct bytes end_new(struct driver *d, enum revoke_by by)
{
    struct bytes name = new_name(d, revoke_by_name(by));
    end(d, by, name);
    return name;
}

/* ---- the instants ---- */

static struct ending_page list(struct driver *d, const struct ending_page_ask *ask)
{
    struct ending_page page = {.count = 77};
    driver_run(d, VERB_LIST_ENDINGS, ask, &page);
    return page;
}

static void check_each_once(struct driver *d, size_t limit, const struct bytes names[3])
{
    struct ending_page_ask ask = {.age_ms = MINUTE, .limit = limit};
    size_t found[3] = {0}, turns = 0;
    int64_t before = 0;
    for (struct ending_page page = {.more = true}; page.more && turns < 1000; turns++) {
        page = list(d, &ask);
        CHECK(page.count <= limit && (!page.more || page.count == limit));
        for (size_t i = 0; i < page.count; i++) {
            CHECK(page.rows[i].at >= before);
            before = page.rows[i].at;
            for (size_t n = 0; n < 3; n++)
                found[n] += page.rows[i].by == (enum revoke_by)(n + 1) && bytes_equal(page.rows[i].name, names[n]);
        }
        if (page.count > 0) ask.after = page.rows[page.count - 1];
    }
    for (size_t n = 0; n < 3; n++) CHECK(found[n] == 1);
}

static void test_instants(struct driver *d)
{
    TEST("each instant is listed once, oldest first, in pages of any size; again, it is listed at its newest time")
    {
        struct bytes names[3];
        for (size_t i = 0; i < 3; i++) names[i] = end_new(d, (enum revoke_by)(i + 1));
        sleep_ms(3);
        end(d, REVOKE_SESSION, names[0]);
        for (size_t limit = 1; limit <= 5; limit++) check_each_once(d, limit, names);
        check_each_once(d, ENDING_PAGE_MAX, names);
    }
    TEST("those before the time asked for are not")
    {
        sleep_ms(30);
        const struct ending_page_ask ask = {.age_ms = 10, .limit = 100};
        CHECK(list(d, &ask).count == 0);
        end_new(d, REVOKE_SUBJECT);
        const struct ending_page_ask soon = {.age_ms = 5000, .limit = 100};
        CHECK(list(d, &soon).count >= 1);
    }
    TEST("one grant that is revoked is no ending of a whole")
    {
        struct new_grant grant = stored_grant(d);
        sleep_ms(30);
        struct revocation r = {.by = REVOKE_GRANT, .because = BYTES("x")};
        memcpy(r.grant_id, grant.grant.id, GRANT_ID_LEN);
        CHECK(revoke_grants(d, &r) == 1);
        const struct ending_page_ask ask = {.age_ms = 20, .limit = 100};
        CHECK(list(d, &ask).count == 0);
    }
}

/* ---- news within the process ---- */

static void test_here(struct driver *d)
{
    struct listener a = {.storage = NULL}, b = {.storage = NULL};
    listen_on(&a, d->storage);
    listen_on(&b, d->storage);
    turn(a.loop, 300); /* until it is connected, and what was told before is past */
    TEST("every store of the process hears of it at once, whichever was asked")
    {
        for (enum revoke_by by = REVOKE_SESSION; by <= REVOKE_CLIENT; by++) {
            struct bytes name = end_new(d, by);
            int64_t a_ms = await_heard(&a, by, name), b_ms = await_heard(&b, by, name);
            CHECK(a_ms >= 0 && a_ms < 100 && b_ms >= 0 && b_ms < 100);
        }
    }
    TEST("a client that is deleted has ended")
    {
        struct client_row row = {.client_id = new_name(d, "client"), .record = BYTES("{}"), .created_at = 1};
        struct added_client added;
        enum delete_client_outcome deleted;
        driver_run(d, VERB_ADD_CLIENT, &row, &added);
        driver_run(d, VERB_DELETE_CLIENT, &row.client_id, &deleted);
        CHECK(await_heard(&b, REVOKE_CLIENT, row.client_id) >= 0);
        turn(b.loop, ENDING_READ_EVERY_MS + 200); /* what comes a second time has come */
        size_t before = times_heard(&b, REVOKE_CLIENT, row.client_id);
        driver_run(d, VERB_DELETE_CLIENT, &row.client_id,
                   &deleted); /* another was faster: who asks now shall not know it either */
        turn(b.loop, 50);
        CHECK(deleted == CLIENT_ABSENT && times_heard(&b, REVOKE_CLIENT, row.client_id) > before);
    }
    TEST("one grant that is revoked is no news")
    {
        struct new_grant grant = stored_grant(d);
        struct revocation r = {.by = REVOKE_GRANT, .because = BYTES("x")};
        memcpy(r.grant_id, grant.grant.id, GRANT_ID_LEN);
        turn(b.loop, ENDING_READ_EVERY_MS + 200); /* what comes a second time has come */
        size_t before = b.count;
        CHECK(revoke_grants(d, &r) == 1);
        turn(b.loop, 50);
        CHECK(b.count == before);
    }
    TEST("who leaves hears no more, and the others do")
    {
        storage_on_ending(a.store, NULL, NULL);
        struct bytes name = end_new(d, REVOKE_SUBJECT);
        turn(a.loop, 20);
        CHECK(times_heard(&a, REVOKE_SUBJECT, name) == 0);
        CHECK(await_heard(&b, REVOKE_SUBJECT, name) >= 0);
    }
    leave(&a);
    end_new(d, REVOKE_SUBJECT); /* b goes without having heard it */
    leave(&b);
}

/* ---- news from another process: another storage on the same database ---- */

static struct listener start_other(struct driver *d, bool unnamed)
{
    struct fault fault;
    struct listener l = {.storage = NULL};
    l.storage = postgres_open(&(struct postgres_settings){.dsn = d->dsn, .unnamed_statements = unnamed}, &fault);
    if (l.storage == NULL) die("%s", fault.what);
    return l;
}

static void test_hint(struct driver *d)
{
    struct listener other = start_other(d, false);
    listen_on(&other, other.storage);
    turn(other.loop, ENDING_READ_EVERY_MS + 300);
    TEST("another process hears of it within a moment, by the database's hint, and once")
    {
        for (int i = 0; i < 5; i++) {
            struct bytes name = end_new(d, REVOKE_SESSION);
            int64_t ms = await_heard(&other, REVOKE_SESSION, name);
            CHECK(ms >= 0 && ms < 250);
            printf("(%lld ms) ", (long long)ms);
            turn(other.loop, ENDING_READ_EVERY_MS + 100);
            CHECK(times_heard(&other, REVOKE_SESSION, name) == 1);
        }
    }
    TEST("ended a second time it is told a second time")
    {
        struct bytes name = end_new(d, REVOKE_SUBJECT);
        CHECK(await_heard(&other, REVOKE_SUBJECT, name) >= 0);
        end(d, REVOKE_SUBJECT, name);
        turn(other.loop, ENDING_READ_EVERY_MS + 100);
        CHECK(times_heard(&other, REVOKE_SUBJECT, name) == 2);
    }
    TEST("and so it does when the connections were cut meanwhile")
    {
        raw_execute(d->raw,
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND query LIKE '%LISTEN%' AND pid <> pg_backend_pid()");
        raw_execute(d->raw, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                            " WHERE datname = current_database() AND pid <> pg_backend_pid()");
        turn(d->loop, 300); /* the asker is connected again; the other one's loop stood still */
        struct bytes name = end_new(d, REVOKE_SESSION);
        int64_t ms = await_heard(&other, REVOKE_SESSION, name);
        CHECK(ms >= 0 && ms < ENDING_NEWS_LATE_MS);
    }
    leave(&other);
}

static void test_poll(struct driver *d)
{
    struct listener other = start_other(d, true);
    listen_on(&other, other.storage);
    turn(other.loop, 300);
    TEST("where nothing can listen, as behind a PgBouncer in transaction mode, it is read every second")
    {
        for (int i = 0; i < 3; i++) {
            struct bytes name = end_new(d, REVOKE_SUBJECT);
            int64_t ms = await_heard(&other, REVOKE_SUBJECT, name);
            CHECK(ms >= 0 && ms < ENDING_NEWS_LATE_MS);
            printf("(read: %lld ms) ", (long long)ms);
        }
    }
    leave(&other);
}

static size_t many_heard;
static void count_many(void *data, enum revoke_by by, struct bytes name)
{
    (void)data;
    many_heard += by == REVOKE_SESSION && bytes_start_with(name, BYTES("many-"));
}

static void test_many(struct driver *d)
{
    enum { MANY = 1234 }; /* more than a page, and than what is remembered to be told once */
    struct listener other = start_other(d, false);
    listen_on(&other, other.storage);
    storage_on_ending(other.store, count_many, NULL);
    turn(other.loop, 300);
    TEST("more than a thousand at one moment are all told")
    {
        raw_execute(d->raw, "INSERT INTO endings (kind, name, at) SELECT 'session', 'many-' || n,"
                            " floor(extract(epoch FROM clock_timestamp()) * 1000) FROM generate_series(1, 1234) n");
        turn(other.loop, ENDING_NEWS_LATE_MS);
        CHECK(many_heard >= MANY);
    }
    leave(&other);
}

int suite_endings(struct driver *d)
{
    test_instants(d);
    test_here(d);
    if (strncmp(d->dsn, "postgres", 8) != 0) return TEST_END();
    test_hint(d);
    test_poll(d);
    test_many(d);
    return TEST_END();
}
