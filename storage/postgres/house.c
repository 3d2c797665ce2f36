/* house: does the database answer, and what can go. */
#include "storage/postgres/batch.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/stages.h"

static bool send_pulse(struct batch *batch, struct job *job)
{
    batch_statement(batch, STATEMENT_PULSE);
    return batch_send(batch, job);
}

static void settle_pulse(struct pool *pool, struct job *job)
{
    job->calls->result.pulse.now = row_number(job->answer, 0);
    pool_finish(pool, job);
}

const struct stage stage_pulse = {
    .lane = LANE_READ, .repeatable = true, .send.one = send_pulse, .settle = settle_pulse};

static bool send_sweep(struct batch *batch, struct job *job)
{
    struct params *p = batch_statement(batch, STATEMENT_SWEEP);
    params_put_number(p, job->calls->in.sweep_limit);
    params_put_number(p, ENDING_KEPT_MS);
    params_put_number(p, GRANT_KEPT_MS);
    return batch_send(batch, job);
}

static void settle_sweep(struct pool *pool, struct job *job)
{
    job->calls->result.swept.count = (uint64_t)row_number(job->answer, 0);
    pool_finish(pool, job);
}

const struct stage stage_sweep = {
    .lane = LANE_ALONE, .repeatable = true, .send.one = send_sweep, .settle = settle_sweep};
