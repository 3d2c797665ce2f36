/* rotate: one statement does what is usual (r1) for all that come together. What it leaves is read, decided by
 * storage/rotation.h and written by compare-and-swap; who was beaten to that, or found the row locked, reads again. */
#include <string.h>

#include "base/clock.h"
#include "storage/postgres/batch.h"
#include "storage/postgres/grant_row.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/stages.h"

enum {
    LOCKED_REST_MS = 4, /* before the row is read again; doubles */
    LOCKED_REST_DOUBLINGS = 5,
};

static const struct stage stage_read, stage_swap;

static const struct rotation *presentation_of(const struct job *job) { return &job->calls->in.rotation; }

static struct bytes id_of(const struct rotation *r) { return (struct bytes){(const char *)r->grant_id, GRANT_ID_LEN}; }

static int64_t look_age_ms(const struct rotation *r)
{
    return r->looked ? clock_steady_ms() - r->look_began_steady_ms : 0;
}

static bool brings_claims(const struct rotation *r) { return r->looked && bytes_present(r->claims); }

/* ---- rotate ---- */

static void put_presentation(struct params *p, const struct job *job, bool with_claims)
{
    const struct rotation *r = presentation_of(job);
    params_put_bytes(p, id_of(r));
    params_put_bytes(p, (struct bytes){(const char *)r->secret_hash, SECRET_HASH_LEN});
    params_put_bytes(p, bytes_present(r->client_id) ? r->client_id : BYTES(""));
    params_put_number(p, r->gen);
    params_put_number(p, r->mac_kid);
    params_put_number(p, r->policy.coalesce_ms);
    params_put_truth(p, r->policy.never);
    params_put_number(p, r->policy.look_max_age_ms);
    params_put_truth(p, r->looked);
    params_put_number(p, look_age_ms(r));
    params_put_number(p, r->session_expires_at);
    if (with_claims) params_put_bytes(p, r->looked ? r->claims : BYTES_ABSENT);
}

static bool send_rotate(struct batch *batch, struct job *job)
{
    bool claims = brings_claims(presentation_of(job));
    struct params *p = batch_statement(batch, claims ? STATEMENT_ROTATE_ONE_CLAIMS : STATEMENT_ROTATE_ONE);
    put_presentation(p, job, claims);
    return batch_send(batch, job);
}

static bool send_many(struct batch *batch, struct job **jobs, size_t count)
{
    bool claims = false;
    for (size_t i = 0; i < count; i++) claims = claims || brings_claims(presentation_of(jobs[i]));
    struct params *p = batch_statement(batch, claims ? STATEMENT_ROTATE_MANY_CLAIMS : STATEMENT_ROTATE_MANY);
    for (size_t i = 0; i < count; i++) put_presentation(p, jobs[i], claims);
    return batch_send_many(batch, jobs);
}

/* into the leading call's result: how the grant stands once the outcome is so */
static void write_result(struct job *job, enum rotate_outcome outcome, const struct rotation_state *state)
{
    struct rotated *result = &job->calls->result.rotated;
    const struct rotation *r = presentation_of(job);
    result->outcome = outcome;
    result->gen = (uint32_t)state->gen;
    result->mac_kid = state->mac_kid;
    result->idle_expires_at = state->idle_expires_at;
    result->expires_at = state->expires_at;
    result->session_checked_at = state->session_checked_at;
    result->session_expires_at = state->session_expires_at;
    result->revoked_at = state->revoked_at;
    if (outcome == ROTATE_REUSED) result->revoked_because = BYTES(BECAUSE_REUSED);
    if (brings_claims(r) && rotate_outcome_succeeds(outcome)) result->grant.claims = r->claims;
}

static void read_grant(struct row row, struct job *job)
{
    struct storage_call *lead = job->calls;
    const struct rotation *r = presentation_of(job);
    grant_row_state(row, FOUND_GRANT, &job->rotation.seen);
    lead->result.rotated = (struct rotated){
        .now = row_number(row, FOUND_NOW),
        .revoked_because = row_bytes(row, FOUND_GRANT + GRANT_REVOKED_BECAUSE, &lead->arena),
    };
    struct grant *grant = &lead->result.rotated.grant;
    grant_row_grant(row, FOUND_GRANT, &lead->arena, grant);
    grant->client_id = r->client_id;
    memcpy(grant->id, r->grant_id, GRANT_ID_LEN);
}

static void settle_rotate(struct pool *pool, struct job *job)
{
    if (!job_has_row(job)) {
        pool_move(pool, job, &stage_read);
        return;
    }
    read_grant(job->answer, job);
    write_result(job, presentation_of(job)->policy.never ? ROTATE_SAME_AGAIN : ROTATE_ROTATED, &job->rotation.seen);
    pool_finish(pool, job);
}

static const struct stage stage_rotate = {
    .lane = LANE_ROTATE,
    .repeatable = true, /* what was rotated is found by r2 */
    .send.one = send_rotate,
    .send.many = send_many,
    .settle = settle_rotate,
};

/* ---- read: what is it, then ---- */

/* someone else holds the row, or was faster than this statement's snapshot */
static void read_again(struct pool *pool, struct job *job)
{
    unsigned doublings = job->rotation.misses < LOCKED_REST_DOUBLINGS ? job->rotation.misses : LOCKED_REST_DOUBLINGS;
    job->rotation.misses++;
    if (doublings == 0)
        pool_move(pool, job, &stage_read);
    else
        pool_rest(pool, job, &stage_read, LOCKED_REST_MS << doublings);
}

static void decide(struct pool *pool, struct job *job, int64_t now)
{
    const struct rotation *r = presentation_of(job);
    struct job_rotation *kept = &job->rotation;
    struct rotation_presented presented = {
        .gen = r->gen,
        .mac_kid = r->mac_kid,
        .looked = r->looked,
        .looked_at = now - look_age_ms(r),
        .session_expires_at = r->session_expires_at,
    };
    enum rotate_outcome outcome = rotation_decide(&r->policy, &kept->seen, &presented, now, &kept->change);
    write_result(job, outcome, &kept->change.next);
    if (kept->change.write)
        pool_move(pool, job, &stage_swap);
    else
        pool_finish(pool, job);
}

static bool is_ours(struct row row, const struct rotation *r)
{
    return row_same(row, FOUND_SECRET_HASH, (struct bytes){(const char *)r->secret_hash, SECRET_HASH_LEN}) &&
           row_same(row, FOUND_CLIENT_ID, bytes_present(r->client_id) ? r->client_id : BYTES(""));
}

static void settle_read(struct pool *pool, struct job *job)
{
    if (!job_has_row(job) || !is_ours(job->answer, presentation_of(job))) {
        job->calls->result.rotated = (struct rotated){.outcome = ROTATE_UNKNOWN};
        pool_finish(pool, job);
        return;
    }
    read_grant(job->answer, job);
    decide(pool, job, job->calls->result.rotated.now);
}

static const struct stage stage_read = {
    .lane = LANE_READ,
    .repeatable = true,
    .send.one = find_send,
    .send.many = find_send_many,
    .settle = settle_read,
};

/* ---- swap: write what was decided, if the row is still what the decision went by ---- */

static void put_seen(struct params *p, const struct rotation_state *seen)
{
    params_put_number(p, seen->gen);
    params_put_number(p, seen->base_gen);
    params_put_number(p, seen->low_gen);
    params_put_number(p, seen->rotated_at);
    params_put_number(p, seen->skips);
    params_put_number(p, seen->idle_expires_at);
    params_put_number(p, seen->revoked_at);
    params_put_number(p, seen->session_checked_at);
    params_put_number(p, seen->session_expires_at);
}

static void put_next(struct params *p, const struct rotation_change *change)
{
    const struct rotation_state *next = &change->next;
    params_put_number(p, next->gen);
    params_put_number(p, next->base_gen);
    params_put_number(p, next->low_gen);
    params_put_number(p, next->rotated_at);
    params_put_number(p, next->skips);
    params_put_number(p, next->mac_kid);
    params_put_number(p, next->idle_expires_at);
    params_put_number(p, next->revoked_at);
    params_put_bytes(p, change->revoke ? BYTES(BECAUSE_REUSED) : BYTES_ABSENT);
    params_put_number(p, next->session_checked_at);
    params_put_number(p, next->session_expires_at);
}

static bool send_swap(struct batch *batch, struct job *job)
{
    const struct rotation *r = presentation_of(job);
    struct params *p = batch_statement(batch, STATEMENT_SWAP);
    params_put_bytes(p, id_of(r));
    put_seen(p, &job->rotation.seen);
    put_next(p, &job->rotation.change);
    params_put_bytes(p, r->looked && !job->rotation.change.revoke ? r->claims : BYTES_ABSENT);
    return batch_send(batch, job);
}

static void settle_swap(struct pool *pool, struct job *job)
{
    if (job_has_row(job))
        pool_finish(pool, job);
    else
        read_again(pool, job);
}

static const struct stage stage_swap = {
    .lane = LANE_SWAP,
    .repeatable = true, /* done already: nothing matches any more, and the row is read again */
    .send.one = send_swap,
    .settle = settle_swap,
};

/* a look is due for sure: nothing of it will rotate at once */
const struct stage *stage_of_rotation(const struct rotation *r)
{
    return !r->looked && r->policy.look_max_age_ms == 0 ? &stage_read : &stage_rotate;
}
