/* keys: the signing keys' rows, listed and changed. */
#include "storage/postgres/batch.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/setup.h"
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
        .wanted_at = row_number(row, KEY_WANTED_AT),
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

const struct stage stage_list_keys = {
    .lane = LANE_READ, .repeatable = true, .send.one = send_list, .settle = settle_list};

static void put_changeable(struct params *p, const struct key_row *key)
{
    params_put_number(p, key->activate_at);
    params_put_number(p, key->retire_at);
    params_put_number(p, key->remove_at);
    params_put_number(p, key->wanted_at);
}

static void put_row(struct params *p, enum key_deed deed, const struct key_row *becomes, const struct key_row *was)
{
    params_put_number(p, deed);
    params_put_bytes(p, becomes->kid);
    params_put_bytes(p, becomes->algorithm);
    params_put_number(p, becomes->epoch);
    params_put_number(p, becomes->created_at);
    put_changeable(p, becomes);
    params_put_bytes(p, becomes->public_jwk);
    params_put_bytes(p, becomes->sealed_private);
    put_changeable(p, was);
    params_put_bytes(p, was->sealed_private);
}

static bool send_change(struct batch *batch, struct job *job)
{
    const struct key_change *change = &job->calls->in.keys;
    struct params *p = batch_statement(batch, STATEMENT_CHANGE_KEYS);
    for (size_t i = 0; i < change->added_count; i++) put_row(p, KEY_IS_ADDED, &change->added[i], &change->added[i]);
    for (size_t i = 0; i < change->updated_count; i++)
        put_row(p, KEY_IS_UPDATED, &change->updated[i].becomes, &change->updated[i].was);
    for (size_t i = 0; i < change->deleted_count; i++)
        put_row(p, KEY_IS_DELETED, &change->deleted[i], &change->deleted[i]);
    return batch_send(batch, job);
}

static bool send_hint(struct batch *batch, struct job *job)
{
    (void)job;
    return batch_send_unseen(batch, "SELECT pg_notify('" KEY_HINT_CHANNEL "', '')");
}

static void settle_change(struct pool *pool, struct job *job)
{
    bool done = row_truth(job->answer, 0);
    job->calls->result.key_change = done ? KEYS_CHANGED : KEYS_CHANGED_MEANWHILE;
    pool_finish(pool, job);
}

static void lose_race(struct pool *pool, struct job *job)
{
    job->calls->result.key_change = KEYS_CHANGED_MEANWHILE;
    pool_finish(pool, job);
}

/* repeatable: a second time finds the first one's work, and says that it was changed meanwhile; who asked reads again
 * and sees that it was he */
const struct stage stage_change_keys = {.lane = LANE_ALONE,
                                        .repeatable = true,
                                        .send.one = send_change,
                                        .send_courtesy = send_hint,
                                        .settle = settle_change,
                                        .conflict = lose_race};
