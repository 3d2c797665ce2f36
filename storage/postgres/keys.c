/* keys: the signing keys' rows, listed and added. */
#include "storage/postgres/batch.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/stages.h"

static bool send_list(struct batch *batch, struct job *job)
{
    batch_statement(batch, STATEMENT_LIST_KEYS);
    return batch_send(batch, job);
}

static void read_key(struct row row, struct arena *arena, struct key_row *key)
{
    *key = (struct key_row){
        .kid = row_bytes(row, KEY_KID, arena),
        .algorithm = row_bytes(row, KEY_ALGORITHM, arena),
        .epoch = row_number(row, KEY_EPOCH),
        .created_at = row_number(row, KEY_CREATED_AT),
        .activate_at = row_number(row, KEY_ACTIVATE_AT),
        .retire_at = row_number(row, KEY_RETIRE_AT),
        .remove_at = row_number(row, KEY_REMOVE_AT),
        .public_jwk = row_bytes(row, KEY_PUBLIC_JWK, arena),
        .sealed_private = row_bytes(row, KEY_SEALED_PRIVATE, arena),
    };
}

static void settle_list(struct pool *pool, struct job *job)
{
    struct storage_call *call = job->calls;
    struct key_list *keys = &call->result.keys;
    bool none = row_is_null(job->answer, KEY_KID);
    *keys = (struct key_list){.now = row_number(job->answer, KEY_NOW)};
    keys->count = none ? 0 : (size_t)PQntuples(job->answer.result);
    keys->rows = arena_take(&call->arena, keys->count * sizeof *keys->rows);
    for (size_t i = 0; keys->rows != NULL && i < keys->count; i++)
        read_key((struct row){job->answer.result, (int)i}, &call->arena, &keys->rows[i]);
    pool_finish(pool, job);
}

const struct stage stage_list_keys = {.lane = LANE_READ, .repeatable = true, .send = send_list, .settle = settle_list};

static bool send_add(struct batch *batch, struct job *job)
{
    struct params *p = batch_statement(batch, STATEMENT_ADD_KEYS);
    for (size_t i = 0; i < job->calls->in.keys.count; i++) {
        const struct key_row *key = &job->calls->in.keys.rows[i];
        params_put_bytes(p, key->kid);
        params_put_bytes(p, key->algorithm);
        params_put_number(p, key->epoch);
        params_put_number(p, key->created_at);
        params_put_number(p, key->activate_at);
        params_put_number(p, key->retire_at);
        params_put_number(p, key->remove_at);
        params_put_bytes(p, key->public_jwk);
        params_put_bytes(p, key->sealed_private);
    }
    return batch_send(batch, job);
}

const struct stage stage_add_keys = {.lane = LANE_ALONE, .repeatable = true, .send = send_add, .settle = pool_finish};
