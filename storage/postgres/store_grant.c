/* store_grant: the grant is stored; then, in the transaction after, looked at again beside the instants and its
 * session's other grants. revoke.c says why after. */
#include "storage/postgres/batch.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/stages.h"

#include "base/clock.h"

static const struct stage stage_withdraw, stage_trim;

static struct bytes id_of(const struct new_grant *g) { return (struct bytes){(const char *)g->grant.id, GRANT_ID_LEN}; }

static struct bytes hash_of(const struct new_grant *g)
{
    return (struct bytes){(const char *)g->secret_hash, SECRET_HASH_LEN};
}

static void put_new_grant(struct params *p, const struct new_grant *g)
{
    params_put_bytes(p, id_of(g));
    params_put_bytes(p, g->grant.client_id);
    params_put_bytes(p, g->grant.subject);
    params_put_bytes(p, g->grant.kratos_session_id);
    params_put_bytes(p, g->grant.identity_id);
    params_put_bytes(p, g->grant.scope);
    params_put_bytes(p, g->grant.audience);
    params_put_bytes(p, g->grant.claims);
    params_put_bytes(p, g->grant.acr);
    params_put_bytes(p, g->grant.amr);
    params_put_number(p, g->grant.auth_time);
    params_put_number(p, g->absolute_ttl_ms);
    params_put_bytes(p, hash_of(g));
    params_put_number(p, g->mac_kid);
    params_put_number(p, clock_steady_ms() - g->look_began_steady_ms);
    params_put_number(p, g->session_expires_at);
    params_put_number(p, g->idle_ttl_ms);
}

static void put_what_may_have_ended(struct params *p, const struct new_grant *g)
{
    params_put_bytes(p, id_of(g));
    params_put_bytes(p, hash_of(g));
    params_put_bytes(p, g->grant.kratos_session_id);
    params_put_bytes(p, g->grant.identity_id);
    params_put_bytes(p, g->grant.client_id);
}

static bool send_store(struct batch *batch, struct job *job)
{
    put_new_grant(batch_statement(batch, STATEMENT_STORE_GRANT), &job->calls->in.grant);
    return batch_send(batch, job);
}

static bool send_store_many(struct batch *batch, struct job **jobs, size_t count)
{
    struct params *p = batch_statement(batch, STATEMENT_STORE_GRANTS);
    for (size_t i = 0; i < count; i++) put_new_grant(p, &jobs[i]->calls->in.grant);
    return batch_send_many(batch, jobs);
}

static bool send_confirm(struct batch *batch, struct job *job)
{
    put_what_may_have_ended(batch_statement(batch, STATEMENT_CONFIRM_GRANT), &job->calls->in.grant);
    return batch_send(batch, job);
}

static bool send_confirm_many(struct batch *batch, struct job **jobs, size_t count)
{
    struct params *p = batch_statement(batch, STATEMENT_CONFIRM_GRANTS);
    for (size_t i = 0; i < count; i++) put_what_may_have_ended(p, &jobs[i]->calls->in.grant);
    return batch_send_many(batch, jobs);
}

/* When did the look begin, by the database's clock? Not before this: the row came back after it was made, however long
 * it took to get here; both clocks are cut to milliseconds. */
static int64_t earliest_look(const struct job *job, int64_t now)
{
    return now - (clock_steady_ms() - job->calls->in.grant.look_began_steady_ms) - 1;
}

static void settle_store(struct pool *pool, struct job *job)
{
    struct row row = job->answer;
    struct storage_call *call = job->calls;
    if (!job_has_row(job) || !row_truth(row, CONFIRM_OURS)) {
        pool_fail(pool, job, FAULT_BUG, "another grant has this id");
        return;
    }
    int64_t now = row_number(row, CONFIRM_NOW);
    call->result.grant = (struct stored_grant){
        .outcome = GRANT_STORED,
        .now = row_number(row, CONFIRM_STORED_AT),
        .idle_expires_at = row_number(row, CONFIRM_IDLE_EXPIRES_AT),
        .expires_at = row_number(row, CONFIRM_EXPIRES_AT),
    };
    int64_t most = call->in.grant.session_grants_max; /* 0: any number */
    if (!row_is_null(row, CONFIRM_ENDED_AT) && row_number(row, CONFIRM_ENDED_AT) >= earliest_look(job, now))
        pool_move(pool, job, &stage_withdraw);
    else if (most > 0 && row_number(row, CONFIRM_LIVE) > most)
        pool_move(pool, job, &stage_trim);
    else
        pool_finish(pool, job);
}

const struct stage stage_store_grant = {
    .lane = LANE_STORE,
    .repeatable = true, /* a row that is there already with this secret is ours */
    .send.one = send_store,
    .send.many = send_store_many,
    .after.one = send_confirm,
    .after.many = send_confirm_many,
    .settle = settle_store,
};

/* ---- its session, subject or client was ended meanwhile: nobody has its token, and nobody will ---- */

static bool send_withdraw(struct batch *batch, struct job *job)
{
    params_put_bytes(batch_statement(batch, STATEMENT_WITHDRAW_GRANT), id_of(&job->calls->in.grant));
    return batch_send(batch, job);
}

static void settle_withdraw(struct pool *pool, struct job *job)
{
    job->calls->result.grant.outcome = GRANT_ENDED_MEANWHILE;
    pool_finish(pool, job);
}

static const struct stage stage_withdraw = {
    .lane = LANE_ALONE, .repeatable = true, .send.one = send_withdraw, .settle = settle_withdraw};

/* ---- its session has too many: the oldest go ---- */

static bool send_trim(struct batch *batch, struct job *job)
{
    const struct new_grant *g = &job->calls->in.grant;
    struct params *p = batch_statement(batch, STATEMENT_TRIM_SESSION);
    params_put_bytes(p, id_of(g));
    params_put_bytes(p, BYTES(BECAUSE_SESSION_GRANTS));
    params_put_bytes(p, g->grant.kratos_session_id);
    params_put_number(p, g->session_grants_max);
    params_put_bytes(p, g->grant.client_id);
    return batch_send(batch, job);
}

static const struct stage stage_trim = {
    .lane = LANE_ALONE, .repeatable = true, .send.one = send_trim, .settle = pool_finish};
