#include "storage/postgres/connection.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/setup.h"

enum {
    CONNECT_MS = 3000, /* also for the look-up before and for preparing after */
    REST_LEAST_MS = 50,
    REST_MOST_MS = 2000,
    OVERDUE_MS = 100, /* a batch's patience beyond the last of its verbs */
    LOG_EACH_FAILURES = 16,
};

#define CONNECTION_OF(member, pointer) ((struct connection *)((char *)(pointer)-offsetof(struct connection, member)))

static void on_ready(void *data);

_Static_assert((int)CONNECTION_RESTS == STORAGE_RESTS && (int)CONNECTION_RESOLVES == STORAGE_RESOLVES &&
                   (int)CONNECTION_CONNECTS == STORAGE_CONNECTS && (int)CONNECTION_PREPARES == STORAGE_PREPARES &&
                   (int)CONNECTION_FREE == STORAGE_FREE && (int)CONNECTION_BUSY == STORAGE_BUSY,
               "the states are in the order of their words");
static void tally_state(const struct connection *c, int64_t number)
{
    metric_add(METRIC_STORAGE_CONNECTIONS, number, (unsigned)c->state);
}

static void enter(struct connection *c, enum connection_state state, int64_t time_ms)
{
    tally_state(c, -1);
    c->state = state;
    tally_state(c, 1);
    if (time_ms > 0)
        timer_start(c->pool->base.loop, &c->timer, time_ms);
    else
        timer_stop(c->pool->base.loop, &c->timer);
}

/* ---- the end of a connection, and the time until the next ---- */

static void close_connection(struct connection *c)
{
    watch_destroy(c->watch); /* before libpq closes what it watches */
    c->watch = NULL;
    PQfinish(c->pg);
    c->pg = NULL;
}

static void rest(struct connection *c)
{
    int64_t longest_ms = c->failures < 6 ? REST_LEAST_MS << c->failures : REST_MOST_MS;
    c->failures++;
    enter(c, CONNECTION_RESTS, longest_ms / 2 + random_below((uint32_t)(longest_ms / 2)) + 1);
}

/* libpq's words about a connection name hosts, users and databases, never a password */
static void log_failure(const struct connection *c, const char *what)
{
    if (c->failures % LOG_EACH_FAILURES != 0) return;
    const char *words = c->pg == NULL ? "" : PQerrorMessage(c->pg);
    log_say(LOG_WARN, "database_away", "%s: %.*s", what, (int)strcspn(words, "\n"), words);
}

static void lose(struct connection *c, const char *why)
{
    log_failure(c, why);
    close_connection(c);
    pool_hold(c->pool);
    rest(c);
    pool_note_connections(c->pool);
    batch_lose(&c->batch);
    pool_release(c->pool);
}

/* ---- coming up: look the names up, connect to one endpoint after the other, prepare ---- */

static void watch_for(struct connection *c, bool write)
{
    if (c->watch == NULL) c->watch = watch_create(c->pool->base.loop, PQsocket(c->pg), on_ready, c);
    if (c->watch != NULL && write) watch_want_write(c->watch);
}

static void fail_endpoint(struct connection *c, const char *what);

static void try_endpoint(struct connection *c)
{
    struct dsn_words words;
    dsn_write_words(&c->pool->postgres->dsn, &c->endpoints.all[c->endpoint], &words);
    c->pg = PQconnectStartParams(words.keywords, words.values, 0);
    if (c->pg == NULL || PQstatus(c->pg) == CONNECTION_BAD) {
        fail_endpoint(c, "can't connect");
        return;
    }
    enter(c, CONNECTION_CONNECTS, CONNECT_MS);
    watch_for(c, true);
}

static void fail_endpoint(struct connection *c, const char *what)
{
    log_failure(c, what);
    close_connection(c);
    if (++c->endpoint < c->endpoints.count)
        try_endpoint(c);
    else
        rest(c);
}

static void begin_connecting(struct connection *c)
{
    c->endpoint = 0;
    if (c->endpoints.count > 0) {
        try_endpoint(c);
        return;
    }
    log_failure(c, "the database's name is not known");
    rest(c);
}

static void on_resolved(void *data, const struct endpoints *endpoints)
{
    struct connection *c = data;
    c->resolve = NULL;
    c->endpoints = *endpoints;
    begin_connecting(c);
}

static void start(struct connection *c)
{
    const struct dsn *dsn = &c->pool->postgres->dsn;
    if (!resolve_needed(dsn)) {
        resolve_now(dsn, &c->endpoints);
        begin_connecting(c);
        return;
    }
    enter(c, CONNECTION_RESOLVES, CONNECT_MS);
    c->resolve = resolve_start(c->pool->base.loop, dsn, on_resolved, c);
    if (c->resolve == NULL) rest(c);
}

static void note_warning(void *data, const PGresult *notice)
{
    struct connection *c = data;
    const char *sqlstate = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    bool is_warning = severity != NULL && strcmp(severity, "WARNING") == 0;
    if (is_warning && sqlstate != NULL && strcmp(sqlstate, "01000") == 0) c->batch.warned = true;
}

static bool flush(struct connection *c)
{
    int left = PQflush(c->pg);
    watch_for(c, left == 1);
    return left >= 0 && c->watch != NULL;
}

static void prepare(struct connection *c)
{
    enter(c, CONNECTION_PREPARES, CONNECT_MS);
    PQsetNoticeReceiver(c->pg, note_warning, c);
    if (!setup_send(c) || !flush(c)) fail_endpoint(c, "can't set the session up");
}

static void on_connecting(struct connection *c)
{
    watch_destroy(c->watch); /* libpq may take another descriptor now, even with the same number */
    c->watch = NULL;
    switch (PQconnectPoll(c->pg)) {
    case PGRES_POLLING_READING: watch_for(c, false); return;
    case PGRES_POLLING_WRITING: watch_for(c, true); return;
    case PGRES_POLLING_OK: prepare(c); return;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE: fail_endpoint(c, "can't connect"); return;
    }
}

static void on_preparing(struct connection *c)
{
    switch (setup_receive(c)) {
    case SETUP_GOES_ON: return;
    case SETUP_FAILED: fail_endpoint(c, "can't set the session up: is the schema migrated?"); return;
    case SETUP_DONE: break;
    }
    if (c->failures > 0) log_say(LOG_INFO, "database_back", "connected again");
    c->failures = 0;
    c->batch.warned = false;
    c->planned_ms = clock_steady_ms();
    pool_hold(c->pool);
    enter(c, CONNECTION_FREE, 0);
    pool_note_connections(c->pool);
    pool_release(c->pool);
}

/* ---- a batch's way ---- */

bool connection_is_free(const struct connection *c) { return c->state == CONNECTION_FREE; }
bool connection_is_up(const struct connection *c) { return c->state == CONNECTION_FREE || c->state == CONNECTION_BUSY; }

void connection_launch(struct connection *c, bool sent)
{
    assert(c->state == CONNECTION_FREE);
    enter(c, CONNECTION_BUSY, batch_deadline_ms(&c->batch) + OVERDUE_MS - clock_steady_ms());
    if (!sent || !flush(c)) lose(c, "lost while sending");
}

enum next_result connection_next_result(struct connection *c, PGresult **result)
{
    for (int ends = 0; ends < 3; ends++) { /* a NULL ends the results of one statement */
        if (PQisBusy(c->pg)) return NEXT_RESULT_LATER;
        *result = PQgetResult(c->pg);
        if (*result == NULL) continue;
        if (PQstatus(c->pg) != CONNECTION_BAD) return NEXT_RESULT_HERE;
        PQclear(*result);
        return NEXT_RESULT_LOST;
    }
    return NEXT_RESULT_LOST;
}

static void on_busy(struct connection *c)
{
    pool_hold(c->pool);
    switch (batch_receive(&c->batch)) {
    case BATCH_GOES_ON: break;
    case BATCH_ENDED: enter(c, CONNECTION_FREE, 0); break;
    case BATCH_LOST: lose(c, "lost under a batch"); break;
    }
    pool_release(c->pool);
}

static void take_hints(struct connection *c)
{
    const struct store *store = &c->pool->base;
    bool keys = false, endings = false;
    for (PGnotify *hint; (hint = PQnotifies(c->pg)) != NULL; PQfreemem(hint)) {
        keys = keys || strcmp(hint->relname, KEY_HINT_CHANNEL) == 0;
        endings = endings || strcmp(hint->relname, ENDING_HINT_CHANNEL) == 0;
    }
    if (keys && store->on_key_hint != NULL) store->on_key_hint(store->key_hint_data);
    if (endings && store->on_ending_hint != NULL) store->on_ending_hint(store->ending_hint_data);
}

static void on_ready(void *data)
{
    struct connection *c = data;
    if (c->state == CONNECTION_CONNECTS) {
        on_connecting(c);
        return;
    }
    if (PQconsumeInput(c->pg) != 1 || !flush(c)) {
        lose(c, "lost");
        return;
    }
    take_hints(c);
    if (c->state == CONNECTION_PREPARES)
        on_preparing(c);
    else if (c->state == CONNECTION_BUSY)
        on_busy(c);
}

static void on_time(struct timer *timer)
{
    struct connection *c = CONNECTION_OF(timer, timer);
    switch (c->state) {
    case CONNECTION_RESTS: start(c); return;
    case CONNECTION_RESOLVES:
        resolve_cancel(c->resolve);
        c->resolve = NULL;
        c->endpoints.count = 0;
        begin_connecting(c);
        return;
    case CONNECTION_CONNECTS:
    case CONNECTION_PREPARES: fail_endpoint(c, "no answer in time"); return;
    case CONNECTION_BUSY: lose(c, "no end of a batch in time"); return;
    case CONNECTION_FREE: return;
    }
}

void connection_init(struct connection *c, struct pool *pool)
{
    *c = (struct connection){.pool = pool, .state = CONNECTION_RESTS};
    batch_init(&c->batch, c);
    c->timer.run = on_time;
    tally_state(c, 1);
    start(c);
}

void connection_release(struct connection *c)
{
    tally_state(c, -1);
    timer_stop(c->pool->base.loop, &c->timer);
    resolve_cancel(c->resolve);
    close_connection(c);
    batch_drop(&c->batch);
}
