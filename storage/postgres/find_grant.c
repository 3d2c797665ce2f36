/* find_grant: how a grant stands: one read, by its id alone, beside what else is read. */
#include <string.h>

#include "storage/postgres/batch.h"
#include "storage/postgres/grant_row.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/stages.h"

static struct bytes id_of(const struct job *job)
{
    const struct storage_call *call = job->calls;
    const unsigned char *id = call->verb == VERB_ROTATE ? call->in.rotation.grant_id : call->in.grant_id;
    return (struct bytes){(const char *)id, GRANT_ID_LEN};
}

bool find_send(struct batch *batch, struct job *job)
{
    params_put_bytes(batch_statement(batch, STATEMENT_FIND_GRANT), id_of(job));
    return batch_send(batch, job);
}

bool find_send_many(struct batch *batch, struct job **jobs, size_t count)
{
    struct params *p = batch_statement(batch, STATEMENT_FIND_GRANTS);
    for (size_t i = 0; i < count; i++) params_put_bytes(p, id_of(jobs[i]));
    return batch_send_many(batch, jobs);
}

static void read_found(struct row row, struct storage_call *call)
{
    struct found_grant *found = &call->result.found;
    if (PQgetlength(row.result, row.number, FOUND_SECRET_HASH) != SECRET_HASH_LEN) return; /* no token is of it */
    found->now = row_number(row, FOUND_NOW);
    memcpy(found->secret_hash, row_wire(row, FOUND_SECRET_HASH), SECRET_HASH_LEN);
    grant_row_state(row, FOUND_GRANT, &found->state);
    grant_row_grant(row, FOUND_GRANT, &call->arena, &found->grant);
    found->grant.client_id = row_bytes(row, FOUND_CLIENT_ID, &call->arena);
    memcpy(found->grant.id, call->in.grant_id, GRANT_ID_LEN);
    found->standing = storage_standing(&found->state, found->now);
}

static void settle_find(struct pool *pool, struct job *job)
{
    struct storage_call *call = job->calls;
    call->result.found.standing = GRANT_UNKNOWN;
    if (job_has_row(job)) read_found(job->answer, call);
    pool_finish(pool, job);
}

const struct stage stage_find_grant = {
    .lane = LANE_READ,
    .repeatable = true,
    .send.one = find_send,
    .send.many = find_send_many,
    .settle = settle_find,
};
