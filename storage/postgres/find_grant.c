/* find_grant: how a grant stands: one read, by its id alone, beside what else is read. */
#include <string.h>

#include "storage/postgres/batch.h"
#include "storage/postgres/grant_row.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/stages.h"

static bool send_find(struct batch *batch, struct job *job)
{
    struct bytes id = {(const char *)job->calls->in.grant_id, GRANT_ID_LEN};
    params_put_bytes(batch_statement(batch, STATEMENT_FIND_GRANT), id);
    return batch_send(batch, job);
}

static void read_found(struct row row, struct storage_call *call)
{
    struct found_grant *found = &call->result.found;
    if (PQgetlength(row.result, row.number, FIND_GRANT_SECRET_HASH) != SECRET_HASH_LEN) return; /* no token is of it */
    found->now = row_number(row, FIND_GRANT_NOW);
    memcpy(found->secret_hash, row_wire(row, FIND_GRANT_SECRET_HASH), SECRET_HASH_LEN);
    grant_row_state(row, FIND_GRANT_GRANT, &found->state);
    grant_row_grant(row, FIND_GRANT_GRANT, &call->arena, &found->grant);
    found->grant.client_id = row_bytes(row, FIND_GRANT_CLIENT_ID, &call->arena);
    memcpy(found->grant.id, call->in.grant_id, GRANT_ID_LEN);
    found->standing = storage_standing(&found->state, found->now);
}

static void settle_find(struct pool *pool, struct job *job)
{
    struct storage_call *call = job->calls;
    call->result.found.standing = GRANT_UNKNOWN;
    if (PQntuples(job->answer.result) == 1) read_found(job->answer, call);
    pool_finish(pool, job);
}

const struct stage stage_find_grant = {.lane = LANE_READ, .repeatable = true, .send = send_find, .settle = settle_find};
