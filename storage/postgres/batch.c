#include "storage/postgres/batch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "storage/postgres/trouble.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/stages.h"

enum { RACE_REST_MS = 20 };

void batch_init(struct batch *batch, struct connection *connection)
{
    batch->connection = connection;
    arena_init(&batch->arena, SIZE_MAX / 4); /* what goes in came from calls, which have caps */
}

static void end(struct batch *batch)
{
    for (size_t i = 0; i < batch->result_count; i++) PQclear(batch->results[i]);
    arena_release(&batch->arena);
    batch->job_count = batch->groups_sent = batch->groups_received = 0;
    batch->expected_count = batch->received = batch->result_count = 0;
    if (batch->alone) batch->connection->pool->alone_under_way--;
    batch->connection->pool->shared_under_way -= batch->shared_count;
    batch->shared_count = 0;
    batch->alone = batch->warned = batch->unusable = false;
}

/* ---- sending ---- */

static struct expected *expect(struct batch *batch)
{
    assert(batch->expected_count < BATCH_EXPECTED_MAX);
    return &batch->expected[batch->expected_count++];
}

bool batch_send_unseen(struct batch *batch, const char *sql)
{
    *expect(batch) = (struct expected){.what = EXPECT_ONE};
    return PQsendQueryParams(batch->connection->pg, sql, 0, NULL, NULL, NULL, NULL, 1) == 1;
}

/* A pooler may give each transaction another session: the settings go with it. */
static bool begin_group(struct batch *batch, size_t job_count)
{
    assert(batch->groups_sent < BATCH_GROUPS_MAX);
    batch->groups[batch->groups_sent] = (struct group){.job_count = job_count};
    return !batch->connection->pool->postgres->unnamed_statements || batch_send_unseen(batch, statement_settings(true));
}

static bool end_group(struct batch *batch)
{
    batch->groups_sent++;
    *expect(batch) = (struct expected){.what = EXPECT_SYNC};
    return PQpipelineSync(batch->connection->pg) == 1;
}

struct params *batch_statement(struct batch *batch, enum statement_id id)
{
    params_init(&batch->params, statement_of(id), &batch->arena);
    return &batch->params;
}

static bool send_statement(struct batch *batch)
{
    struct params *p = &batch->params;
    PGconn *pg = batch->connection->pg;
    if (!params_finish(p)) return false;
    const char *const *values = (const char *const *)p->values;
    if (batch->connection->pool->postgres->unnamed_statements)
        return PQsendQueryParams(pg, p->statement->sql, p->count, p->types, values, p->lengths, p->formats, 1) == 1;
    return PQsendQueryPrepared(pg, p->statement->name, p->count, values, p->lengths, p->formats, 1) == 1;
}

bool batch_send(struct batch *batch, struct job *job)
{
    *expect(batch) = (struct expected){.what = EXPECT_ONE, .job = job};
    return send_statement(batch);
}

bool batch_send_many(struct batch *batch, struct job **jobs)
{
    *expect(batch) = (struct expected){.what = EXPECT_MANY, .jobs = jobs};
    return send_statement(batch);
}

/* ---- collecting: jobs for one transaction, as many as each of them stands ---- */

static size_t collect(struct batch *batch, enum lane lane, size_t first, size_t *most)
{
    size_t before = batch->job_count;
    while (batch->job_count - first < *most) {
        struct job *job = pool_take(batch->connection->pool, lane, batch->job_count - first);
        if (job == NULL) break;
        if (job->crowd < *most) *most = job->crowd;
        job->first_group = job->last_group = batch->groups_sent;
        batch->jobs[batch->job_count++] = job;
    }
    return batch->job_count - before;
}

/* the jobs from first on that one statement could ask for */
static size_t count_alike(const struct batch *batch, size_t first)
{
    const struct asking *asking = &batch->jobs[first]->stage->send;
    size_t end = first + 1;
    while (end < batch->job_count && batch->jobs[end]->stage->send.many == asking->many) end++;
    return asking->many == NULL ? 1 : end - first;
}

static bool ask(struct batch *batch, const struct asking *asking, size_t first, size_t count)
{
    struct job **jobs = &batch->jobs[first];
    if (count >= BATCH_MANY_LEAST) return asking->many(batch, jobs, count);
    for (size_t i = 0; i < count; i++)
        if (!asking->one(batch, jobs[i])) return false;
    return true;
}

static bool send_each(struct batch *batch, size_t first)
{
    for (size_t count; first < batch->job_count; first += count) {
        count = count_alike(batch, first);
        if (!ask(batch, &batch->jobs[first]->stage->send, first, count)) return false;
    }
    return true;
}

static bool send_plans_away(struct batch *batch)
{
    struct connection *connection = batch->connection;
    int64_t now_ms = clock_steady_ms();
    if (connection->pool->postgres->unnamed_statements || now_ms - connection->planned_ms < PLANS_KEPT_MS) return true;
    connection->planned_ms = now_ms;
    return begin_group(batch, 0) && batch_send_unseen(batch, "DISCARD PLANS") && end_group(batch);
}

static int compare_reads(const void *a, const void *b)
{
    const struct job *const *job_a = a, *const *job_b = b;
    return ((*job_b)->stage->send.many != NULL) - ((*job_a)->stage->send.many != NULL);
}

/* those that one statement asks for stand together; they came in one lane, so that none keeps another waiting */
static bool send_reads(struct batch *batch)
{
    size_t first = batch->job_count, most = BATCH_READS_MAX;
    size_t count = collect(batch, LANE_READ, first, &most);
    if (count > 1) qsort(&batch->jobs[first], count, sizeof *batch->jobs, compare_reads);
    return count == 0 || (begin_group(batch, count) && send_each(batch, first) && end_group(batch));
}

static bool send_after(struct batch *batch, size_t first)
{
    while (first < batch->job_count && batch->jobs[first]->stage->after.one == NULL) first++;
    size_t count = batch->job_count - first;
    if (count == 0) return true;
    if (!begin_group(batch, count)) return false;
    for (size_t i = first; i < batch->job_count; i++) batch->jobs[i]->last_group = batch->groups_sent;
    return ask(batch, &batch->jobs[first]->stage->after, first, count) && end_group(batch);
}

static bool send_courtesy(struct batch *batch, struct job *job)
{
    if (job->stage->send_courtesy == NULL) return true;
    return begin_group(batch, 0) && job->stage->send_courtesy(batch, job) && end_group(batch);
}

static int compare_writes(const void *a, const void *b)
{
    const struct job *const *job_a = a, *const *job_b = b;
    enum lane lane_a = (*job_a)->stage->lane, lane_b = (*job_b)->stage->lane;
    if (lane_a != lane_b) return lane_a < lane_b ? -1 : 1;
    if (lane_a == LANE_STORE) return 0;
    return memcmp((*job_a)->calls->in.rotation.grant_id, (*job_b)->calls->in.rotation.grant_id, GRANT_ID_LEN);
}

/* into the order of locks (statements.c): Postgres orders uuids by their bytes */
static void sort_writes(struct batch *batch, size_t first)
{
    size_t count = batch->job_count - first;
    if (count > 1) qsort(&batch->jobs[first], count, sizeof *batch->jobs, compare_writes);
}

static bool send_swaps(struct batch *batch)
{
    size_t first = batch->job_count, most = BATCH_SWAPS_MAX;
    size_t count = collect(batch, LANE_SWAP, first, &most);
    sort_writes(batch, first);
    return count == 0 || (begin_group(batch, count) && send_each(batch, first) && end_group(batch));
}

static bool send_writes(struct batch *batch)
{
    size_t first = batch->job_count, most = BATCH_WRITES_MAX;
    collect(batch, batch->stores_lead ? LANE_STORE : LANE_ROTATE, first, &most);
    collect(batch, batch->stores_lead ? LANE_ROTATE : LANE_STORE, first, &most);
    batch->stores_lead = !batch->stores_lead;
    sort_writes(batch, first);
    size_t count = batch->job_count - first;
    if (count == 0) return true;
    if (!begin_group(batch, count)) return false;
    return send_each(batch, first) && end_group(batch) && send_after(batch, first);
}

void batch_send_shared(struct connection *connection)
{
    struct batch *batch = &connection->batch;
    bool sent = send_plans_away(batch) && send_reads(batch) && send_writes(batch) && send_swaps(batch);
    metric_observe(METRIC_STORAGE_BATCH_SIZE, (int64_t)batch->job_count);
    batch->sent_ms = clock_steady_ms();
    batch->shared_count = batch->job_count;
    connection->pool->shared_under_way += batch->shared_count;
    connection_launch(connection, sent);
}

void batch_send_alone(struct connection *connection)
{
    struct batch *batch = &connection->batch;
    batch->alone = true;
    connection->pool->alone_under_way++;
    bool sent = true;
    for (size_t i = 0; sent && i < BATCH_ALONE_MAX; i++) {
        size_t most = 1;
        if (collect(batch, LANE_ALONE, i, &most) == 0) break;
        sent = begin_group(batch, 1) && send_each(batch, i) && end_group(batch) && send_after(batch, i) &&
               send_courtesy(batch, batch->jobs[i]);
    }
    metric_observe(METRIC_STORAGE_BATCH_SIZE, (int64_t)batch->job_count);
    connection_launch(connection, sent);
}

int64_t batch_deadline_ms(const struct batch *batch)
{
    int64_t latest_ms = 0;
    for (size_t i = 0; i < batch->job_count; i++) {
        const struct job *job = batch->jobs[i];
        if (job != NULL && job->deadline_ms > latest_ms) latest_ms = job->deadline_ms;
    }
    return latest_ms;
}

/* ---- receiving ---- */

static void keep_rows(struct batch *batch, const struct expected *e, PGresult *result)
{
    batch->results[batch->result_count++] = result;
    if (e->what == EXPECT_ONE && e->job != NULL) e->job->answer = (struct row){result, 0};
    if (e->what != EXPECT_MANY) return;
    for (int i = 0; i < PQntuples(result); i++) {
        struct row row = {result, i};
        e->jobs[row_number(row, COLUMN_ORDINAL) - 1]->answer = row;
    }
}

static void note_error(struct batch *batch, const struct expected *e, const PGresult *result)
{
    struct group *group = &batch->groups[batch->groups_received];
    if (group->failed) return;
    group->failed = true;
    if (group->job_count == 0) return; /* not every engine that speaks Postgres knows what it asks */
    group->guilty = e->what == EXPECT_ONE ? e->job : NULL;
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    snprintf(group->sqlstate, sizeof group->sqlstate, "%s", sqlstate == NULL ? "" : sqlstate);
    log_say(LOG_WARN, "database_batch_failed", "%s in a transaction of %zu", group->sqlstate, group->job_count);
}

static void repeat_or_fail(struct pool *pool, struct job *job)
{
    if (job->stage->repeatable)
        pool_move(pool, job, job->stage);
    else
        pool_fail(pool, job, FAULT_AWAY, "the connection to the database was lost meanwhile");
}

static void halve_crowd(struct job *job, const struct group *group)
{
    job->crowd = group->job_count > 1 ? group->job_count / 2 : 1;
}

static void judge_row(struct pool *pool, struct job *job, const struct group *group)
{
    bool known = group->guilty != NULL || group->job_count == 1;
    if (!known) halve_crowd(job, group);
    if (known && (group->job_count == 1 || group->guilty == job))
        pool_fail(pool, job, FAULT_AWAY, "the database refused what was to be written");
    else
        pool_move(pool, job, job->stage);
}

static bool is_conflict(const struct job *job, const struct group *group)
{
    return job->stage->conflict != NULL && group->job_count == 1 && strcmp(group->sqlstate, "23505") == 0;
}

static void judge(struct batch *batch, struct job *job, const struct group *group)
{
    struct pool *pool = batch->connection->pool;
    if (is_conflict(job, group)) {
        job->stage->conflict(pool, job);
        return;
    }
    switch (trouble_of(group->sqlstate)) {
    case TROUBLE_RACE:
        halve_crowd(job, group);
        pool_rest(pool, job, job->stage, RACE_REST_MS);
        return;
    case TROUBLE_ROW: judge_row(pool, job, group); return;
    case TROUBLE_TIME: pool_fail(pool, job, FAULT_LATE, "the database took too long"); return;
    case TROUBLE_SESSION:
        batch->unusable = true;
        repeat_or_fail(pool, job);
        return;
    case TROUBLE_OTHER: pool_fail(pool, job, FAULT_AWAY, "the database could not do it"); return;
    }
}

static void settle(struct batch *batch, struct job *job)
{
    struct pool *pool = batch->connection->pool;
    for (size_t i = job->first_group; i <= job->last_group; i++) {
        if (!batch->groups[i].failed) continue;
        judge(batch, job, &batch->groups[i]);
        return;
    }
    if (batch->warned)
        pool_fail(pool, job, FAULT_AWAY, "the standby did not confirm the commit");
    else
        job->stage->settle(pool, job);
}

static void settle_group(struct batch *batch)
{
    size_t group = batch->groups_received++;
    for (size_t i = 0; i < batch->job_count; i++) {
        struct job *job = batch->jobs[i];
        if (job == NULL || job->last_group != group) continue;
        batch->jobs[i] = NULL;
        settle(batch, job);
    }
}

/* takes the result; false: it isn't what should come now */
static bool receive(struct batch *batch, PGresult *result)
{
    const struct expected *e = &batch->expected[batch->received];
    ExecStatusType status = PQresultStatus(result);
    bool is_sync = status == PGRES_PIPELINE_SYNC, is_error = status == PGRES_FATAL_ERROR;
    bool in_step = is_sync == (e->what == EXPECT_SYNC) || is_error; /* a commit that fails says so before its Sync */
    if (is_error) note_error(batch, e, result);
    if (in_step && (is_sync || e->what != EXPECT_SYNC)) batch->received++;
    if (in_step && status == PGRES_TUPLES_OK)
        keep_rows(batch, e, result);
    else
        PQclear(result);
    if (in_step && is_sync) settle_group(batch);
    return in_step;
}

enum batch_progress batch_receive(struct batch *batch)
{
    while (batch->received < batch->expected_count) {
        PGresult *result;
        switch (connection_next_result(batch->connection, &result)) {
        case NEXT_RESULT_LATER: return BATCH_GOES_ON;
        case NEXT_RESULT_LOST: return BATCH_LOST;
        case NEXT_RESULT_HERE: break;
        }
        if (!receive(batch, result)) return BATCH_LOST;
    }
    bool unusable = batch->unusable;
    end(batch);
    return unusable ? BATCH_LOST : BATCH_ENDED;
}

void batch_lose(struct batch *batch)
{
    for (size_t i = 0; i < batch->job_count; i++)
        if (batch->jobs[i] != NULL) repeat_or_fail(batch->connection->pool, batch->jobs[i]);
    end(batch);
}

void batch_drop(struct batch *batch)
{
    for (size_t i = 0; i < batch->job_count; i++)
        if (batch->jobs[i] != NULL) pool_drop(batch->connection->pool, batch->jobs[i]);
    end(batch);
}
