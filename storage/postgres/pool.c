#include "storage/postgres/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "storage/postgres/batch.h"
#include "storage/postgres/stages.h"

enum {
    TICK_MS = 10,
    AWAY_AFTER_MS = 500, /* without any connection: who asks now is told at once */
};

#define POOL_OF(member, pointer) ((struct pool *)((char *)(pointer)-offsetof(struct pool, member)))

static size_t count_calls(const struct job *job)
{
    size_t count = 0;
    for (const struct storage_call *call = job->calls; call != NULL; call = call->next) count++;
    return count;
}

/* ---- a job's places ---- */

static void note_waiting(struct pool *pool, size_t calls)
{
    pool->waiting += calls;
    metric_add(METRIC_STORAGE_QUEUE, (int64_t)calls);
    if (pool->tick.place == 0) timer_start(pool->base.loop, &pool->tick, TICK_MS);
}

static void wait_in(struct pool *pool, struct job_list *list, struct job *job)
{
    job->sent = false;
    job_list_push(list, job);
    note_waiting(pool, count_calls(job));
}

static void left_waiting(struct pool *pool, const struct job *job)
{
    size_t count = count_calls(job);
    assert(pool->waiting >= count);
    pool->waiting -= count;
    metric_add(METRIC_STORAGE_QUEUE, -(int64_t)count);
}

/* whose turn comes now was waiting all along: in the lane it goes on */
static void end_turn(struct pool *pool, struct job *job)
{
    if (!job->has_turn) return;
    struct job *next = turn_end(&pool->turns, job);
    if (next != NULL) job_list_push(&pool->lanes[next->stage->lane], next);
}

void pool_finish(struct pool *pool, struct job *job)
{
    end_turn(pool, job);
    if (!job->calls->arena.overflowed) {
        job_finish(job);
        return;
    }
    struct fault fault;
    fault_set(&fault, FAULT_FULL, storage_verb_name(job->calls->verb), "the answer is over the call's cap");
    job_fail(job, &fault);
}

void pool_fail(struct pool *pool, struct job *job, enum fault_kind kind, const char *what)
{
    struct fault fault;
    fault_set(&fault, kind, storage_verb_name(job->calls->verb), "%s", what);
    end_turn(pool, job);
    job_fail(job, &fault);
}

void pool_drop(struct pool *pool, struct job *job)
{
    end_turn(pool, job);
    job_drop(job);
}

static void fail_late(struct pool *pool, struct job *job)
{
    pool_fail(pool, job, FAULT_LATE, "the database did not get to it in time");
}

void pool_move(struct pool *pool, struct job *job, const struct stage *stage)
{
    job->stage = stage;
    job->answer = (struct row){0};
    if (job->deadline_ms <= clock_steady_ms())
        fail_late(pool, job);
    else
        wait_in(pool, &pool->lanes[stage->lane], job);
}

void pool_rest(struct pool *pool, struct job *job, const struct stage *stage, uint32_t rest_ms)
{
    job->stage = stage;
    job->answer = (struct row){0};
    job->rests_until_ms = clock_steady_ms() + rest_ms / 2 + random_below(rest_ms + 1);
    wait_in(pool, &pool->resting, job);
}

/* ---- what a batch takes ---- */

struct job *pool_take(struct pool *pool, enum lane lane, size_t sharing)
{
    struct job *job = pool->lanes[lane].first;
    if (job == NULL || (sharing > 0 && job->crowd <= sharing)) return NULL;
    job = job_list_take(&pool->lanes[lane]);
    left_waiting(pool, job);
    job->sent = true;
    return job;
}

static size_t count_shared(const struct pool *pool)
{
    size_t count = 0;
    for (int lane = 0; lane < LANE_COUNT; lane++)
        if (lane != LANE_ALONE) count += pool->lanes[lane].count;
    return count;
}

static bool is_slow(const struct pool *pool)
{
    int64_t now_ms = clock_steady_ms();
    for (unsigned i = 0; i < pool->postgres->connections; i++) {
        const struct batch *batch = &pool->connections[i].batch;
        if (batch->job_count > 0 && !batch->alone && now_ms - batch->sent_ms >= BATCH_SLOW_MS) return true;
    }
    return false;
}

/* Beside others a batch pays when it is as large as all of those: few requests don't wait for each other, and of many
 * most share the cost of a transaction, which is that of some dozen rows. */
static bool may_share(const struct pool *pool)
{
    size_t count = count_shared(pool);
    return count > 0 && (count >= pool->shared_under_way || is_slow(pool));
}

/* true when something was sent */
static bool send_on(struct pool *pool, struct connection *connection)
{
    if (!connection_is_free(connection)) return false;
    unsigned others = pool->postgres->connections - 1;
    bool may_alone = pool->alone_under_way < (others > 0 ? others : 1);
    bool alone = may_alone && pool->lanes[LANE_ALONE].first != NULL;
    bool shared = may_share(pool);
    /* where there is but one connection, the two take turns */
    if (alone && shared && connection->was_alone) alone = false;
    if (!alone && !shared) return false;
    connection->was_alone = alone;
    if (alone)
        batch_send_alone(connection);
    else
        batch_send_shared(connection);
    return true;
}

void pool_hold(struct pool *pool) { pool->holds++; }

void pool_release(struct pool *pool)
{
    assert(pool->holds > 0);
    if (pool->holds == 1) {
        for (unsigned i = 0; i < pool->postgres->connections; i++) send_on(pool, &pool->connections[i]);
    }
    pool->holds--;
}

/* ---- the clock: who rested goes on, who is late is let go ---- */

static void wake_rested(struct pool *pool, int64_t now_ms)
{
    struct job_list rested = pool->resting;
    if (rested.first == NULL) return;
    job_list_init(&pool->resting);
    for (struct job *job; (job = job_list_take(&rested)) != NULL;) {
        bool rests = job->rests_until_ms > now_ms;
        job_list_push(rests ? &pool->resting : &pool->lanes[job->stage->lane], job);
    }
}

static void drop_late(struct pool *pool, struct job_list *list, int64_t now_ms)
{
    struct job_list kept, late;
    job_list_init(&kept);
    job_list_init(&late);
    for (struct job *job; (job = job_list_take(list)) != NULL;)
        job_list_push(job->deadline_ms > now_ms ? &kept : &late, job);
    for (struct job *job; (job = job_list_take(&kept)) != NULL;) job_list_push(list, job);
    for (struct job *job; (job = job_list_take(&late)) != NULL;) {
        left_waiting(pool, job);
        fail_late(pool, job);
    }
}

static void on_tick(struct timer *timer)
{
    struct pool *pool = POOL_OF(tick, timer);
    int64_t now_ms = clock_steady_ms();
    pool_hold(pool);
    wake_rested(pool, now_ms);
    for (int lane = 0; lane < LANE_COUNT; lane++) drop_late(pool, &pool->lanes[lane], now_ms);
    for (struct job *job; (job = turn_take_late(&pool->turns, now_ms)) != NULL;) {
        left_waiting(pool, job);
        fail_late(pool, job);
    }
    pool_release(pool);
    if (pool->waiting > 0) timer_start(pool->base.loop, &pool->tick, TICK_MS);
}

/* ---- submitting ---- */

static bool is_away(const struct pool *pool)
{
    return pool->down_since_ms != 0 && clock_steady_ms() - pool->down_since_ms > AWAY_AFTER_MS;
}

static void refuse(struct storage_call *call, enum fault_kind kind, const char *what)
{
    struct fault fault;
    fault_set(&fault, kind, storage_verb_name(call->verb), "%s", what);
    storage_call_fail(call, &fault);
}

static void queue(struct pool *pool, struct job *job)
{
    if (job->calls->verb != VERB_ROTATE) {
        wait_in(pool, &pool->lanes[job->stage->lane], job);
        return;
    }
    switch (turn_take(&pool->turns, job)) {
    case TURN_NOW: wait_in(pool, &pool->lanes[job->stage->lane], job); return;
    case TURN_LATER:
    case TURN_JOINED: note_waiting(pool, 1); return;
    }
}

void pool_submit(struct store *store, struct storage_call *call)
{
    struct pool *pool = (struct pool *)store;
    if (is_away(pool)) {
        refuse(call, FAULT_AWAY, "the database can't be reached");
        return;
    }
    if (pool->waiting >= STORAGE_QUEUE_MAX) {
        refuse(call, FAULT_FULL, "too many wait for the database");
        return;
    }
    queue(pool, job_create(call, stage_of(call)));
    if (pool->rung || pool->holds > 0) return;
    pool->rung = true;
    eventfd_write(pool->bell_fd, 1);
}

static void on_bell(void *data)
{
    struct pool *pool = data;
    eventfd_t rings;
    eventfd_read(pool->bell_fd, &rings);
    pool->rung = false;
    pool_hold(pool);
    pool_release(pool);
}

/* ---- opening and closing ---- */

void pool_note_connections(struct pool *pool)
{
    bool up = false;
    for (unsigned i = 0; i < pool->postgres->connections; i++) up = up || connection_is_up(&pool->connections[i]);
    if (up)
        pool->down_since_ms = 0;
    else if (pool->down_since_ms == 0)
        pool->down_since_ms = clock_steady_ms();
}

struct store *pool_attach(struct storage *storage, struct loop *loop)
{
    const struct postgres *postgres = (const struct postgres *)storage;
    struct pool *pool = calloc(1, sizeof *pool);
    struct connection *connections = calloc(postgres->connections, sizeof *connections);
    if (pool == NULL || connections == NULL) abort();
    *pool = (struct pool){.base = {.storage = storage, .loop = loop}, .postgres = postgres, .connections = connections};
    for (int lane = 0; lane < LANE_COUNT; lane++) job_list_init(&pool->lanes[lane]);
    job_list_init(&pool->resting);
    pool->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pool->bell = watch_create(loop, pool->bell_fd, on_bell, pool);
    if (pool->bell == NULL) abort(); /* no descriptors when starting: nothing would work */
    pool->tick.run = on_tick;
    pool->down_since_ms = clock_steady_ms();
    for (unsigned i = 0; i < postgres->connections; i++) connection_init(&connections[i], pool);
    return &pool->base;
}

static void drop_all(struct pool *pool, struct job_list *list)
{
    for (struct job *job; (job = job_list_take(list)) != NULL;) pool_drop(pool, job);
}

void pool_detach(struct store *store)
{
    struct pool *pool = (struct pool *)store;
    timer_stop(store->loop, &pool->tick);
    watch_destroy(pool->bell);
    close(pool->bell_fd);
    for (unsigned i = 0; i < pool->postgres->connections; i++) connection_release(&pool->connections[i]);
    drop_all(pool, &pool->resting);
    for (int lane = 0; lane < LANE_COUNT; lane++)
        drop_all(pool, &pool->lanes[lane]); /* those behind come into a lane */
    for (int lane = 0; lane < LANE_COUNT; lane++) assert(pool->lanes[lane].first == NULL);
    free(pool->connections);
    free(pool);
}
