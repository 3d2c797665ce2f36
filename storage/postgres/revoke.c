/* revoke: ends grants: one, or all of a session, subject or client.
 *
 * A grant that is being stored and a revocation of its session at the same time must not miss each other, and under
 * READ COMMITTED neither sees what the other has not committed. So each of them first commits what it does, and then,
 * in a transaction of its own, looks for the other: the revocation commits its instant (the table endings), then looks
 * for grants; store_grant commits the grant, then looks for instants. Whichever of the two commits comes first, the
 * look of the other comes after it. No row needs to be locked for that, so the usual store writes nothing but its own
 * rows. A process that dies between the two leaves a grant whose token it never said, or an instant too many.
 *
 * The rows are locked before they are written, in the order of grant_id (statements.c says why); rotations skip what is
 * locked. A revocation of many grants takes several transactions: each ends REVOKE_CHUNK of them. */
#include <string.h>

#include "storage/postgres/batch.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/setup.h"
#include "storage/postgres/stages.h"

/* ---- one grant ---- */

static bool send_revoke_grant(struct batch *batch, struct job *job)
{
    const struct revocation *r = &job->calls->in.revocation;
    struct bytes hash = {(const char *)r->secret_hash, SECRET_HASH_LEN};
    struct params *p = batch_statement(batch, STATEMENT_REVOKE_GRANT);
    params_put_bytes(p, (struct bytes){(const char *)r->grant_id, GRANT_ID_LEN});
    params_put_bytes(p, r->because);
    params_put_bytes(p, r->check_secret ? hash : BYTES_ABSENT);
    params_put_bytes(p, r->client_id);
    return batch_send(batch, job);
}

static void settle_revoke_grant(struct pool *pool, struct job *job)
{
    job->calls->result.revoked.count = (uint64_t)row_number(job->answer, REVOKE_COUNT);
    pool_finish(pool, job);
}

static const struct stage stage_revoke_grant = {
    .lane = LANE_ALONE, .repeatable = true, .send.one = send_revoke_grant, .settle = settle_revoke_grant};

/* ---- all of a session, subject or client ---- */

static bool send_ending(struct batch *batch, struct job *job, enum revoke_by by, struct bytes name)
{
    struct params *p = batch_statement(batch, STATEMENT_END);
    params_put_bytes(p, bytes_of(revoke_by_name(by)));
    params_put_bytes(p, name);
    return batch_send(batch, job);
}

static bool send_end(struct batch *batch, struct job *job)
{
    const struct revocation *r = &job->calls->in.revocation;
    return send_ending(batch, job, r->by, r->by == REVOKE_CLIENT ? r->client_id : r->name);
}

/* Behind the rest, since it may fail: who reads the instant has it in time all the same. */
static bool send_hint(struct batch *batch, struct job *job)
{
    (void)job;
    return batch_send_unseen(batch, "SELECT pg_notify('" ENDING_HINT_CHANNEL "', '')");
}

static struct bytes last_id_of(const struct job *job)
{
    return (struct bytes){(const char *)job->revocation.last_id, GRANT_ID_LEN};
}

static bool send_revoke(struct batch *batch, struct job *job)
{
    static const enum statement_id statements[] = {
        [REVOKE_SESSION] = STATEMENT_REVOKE_SESSION,
        [REVOKE_SUBJECT] = STATEMENT_REVOKE_SUBJECT,
        [REVOKE_CLIENT] = STATEMENT_REVOKE_CLIENT,
    };
    const struct revocation *r = &job->calls->in.revocation;
    struct params *p = batch_statement(batch, statements[r->by]);
    params_put_bytes(p, r->by == REVOKE_CLIENT ? r->client_id : r->name);
    params_put_bytes(p, r->because);
    params_put_bytes(p, last_id_of(job));
    return batch_send(batch, job);
}

/* false: there may be more */
static bool note_chunk(struct job *job)
{
    int64_t count = row_number(job->answer, REVOKE_COUNT);
    job->revocation.count += (uint64_t)count;
    if (!row_is_null(job->answer, REVOKE_LAST_ID))
        memcpy(job->revocation.last_id, row_wire(job->answer, REVOKE_LAST_ID), GRANT_ID_LEN);
    return count < REVOKE_CHUNK;
}

static const struct stage stage_revoke_more;

static void settle_revoke(struct pool *pool, struct job *job)
{
    bool all = note_chunk(job);
    job->calls->result.revoked.count = job->revocation.count;
    if (all)
        pool_finish(pool, job);
    else
        pool_move(pool, job, &stage_revoke_more);
}

static const struct stage stage_revoke_many = {.lane = LANE_ALONE,
                                               .repeatable = true,
                                               .send.one = send_end,
                                               .after.one = send_revoke,
                                               .send_courtesy = send_hint,
                                               .settle = settle_revoke};
/* the instant stands already, and must not move on to grants that are made now */
static const struct stage stage_revoke_more = {
    .lane = LANE_ALONE, .repeatable = true, .send.one = send_revoke, .settle = settle_revoke};

const struct stage *stage_of_revocation(enum revoke_by by)
{
    return by == REVOKE_GRANT ? &stage_revoke_grant : &stage_revoke_many;
}

/* ---- a client with all of its grants ---- */

static bool send_end_client(struct batch *batch, struct job *job)
{
    return send_ending(batch, job, REVOKE_CLIENT, job->calls->in.client_id);
}

static bool send_delete_client(struct batch *batch, struct job *job)
{
    struct params *p = batch_statement(batch, STATEMENT_DELETE_CLIENT);
    params_put_bytes(p, job->calls->in.client_id);
    params_put_bytes(p, BYTES(BECAUSE_CLIENT_DELETED));
    params_put_bytes(p, last_id_of(job));
    return batch_send(batch, job);
}

static const struct stage stage_delete_client_more;

static void settle_delete_client(struct pool *pool, struct job *job)
{
    if (!note_chunk(job)) {
        pool_move(pool, job, &stage_delete_client_more);
        return;
    }
    bool deleted = row_number(job->answer, REVOKE_CLIENT_DELETED) > 0;
    job->calls->result.delete_client = deleted ? CLIENT_DELETED : CLIENT_ABSENT;
    pool_finish(pool, job);
}

/* not repeatable: a second time would find it absent */
const struct stage stage_delete_client = {.lane = LANE_ALONE,
                                          .send.one = send_end_client,
                                          .after.one = send_delete_client,
                                          .send_courtesy = send_hint,
                                          .settle = settle_delete_client};
static const struct stage stage_delete_client_more = {
    .lane = LANE_ALONE, .send.one = send_delete_client, .settle = settle_delete_client};
