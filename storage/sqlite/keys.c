#include "storage/sqlite/verbs.h"

#include "base/clock.h"

static void take_row(struct query *q, struct arena *arena, struct key_row *row)
{
    row->kid = query_take_text(q, arena);
    row->algorithm = query_take_text(q, arena);
    row->epoch = query_take_number(q);
    row->created_at = query_take_number(q);
    row->activate_at = query_take_number(q);
    row->retire_at = query_take_number(q);
    row->remove_at = query_take_number(q);
    row->public_jwk = query_take_text(q, arena);
    row->sealed_private = query_take_text(q, arena);
}

static bool count_keys(struct database *db, size_t *count, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_COUNT_KEYS);
    if (query_next(&q)) *count = (size_t)query_take_number(&q);
    return query_end(&q, fault);
}

bool keys_list(struct database *db, struct storage_call *call, struct fault *fault)
{
    struct key_list *list = &call->result.keys;
    struct query q;
    list->now = clock_now_ms();
    if (!count_keys(db, &list->count, fault)) return false;
    list->rows = arena_take(&call->arena, list->count * sizeof *list->rows);
    if (list->rows == NULL) return true; /* said by verb_run */
    query_begin(&q, db, STATEMENT_LIST_KEYS);
    for (size_t i = 0; i < list->count && query_next(&q); i++) take_row(&q, &call->arena, &list->rows[i]);
    query_next(&q);
    return query_end(&q, fault);
}

static bool add(struct database *db, const struct key_row *row, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_ADD_KEY);
    query_put_text(&q, row->kid);
    query_put_text(&q, row->algorithm);
    query_put_number(&q, row->epoch);
    query_put_number(&q, row->created_at);
    query_put_number(&q, row->activate_at);
    query_put_number(&q, row->retire_at);
    query_put_number(&q, row->remove_at);
    query_put_text(&q, row->public_jwk);
    query_put_blob(&q, row->sealed_private.at, row->sealed_private.len);
    return query_run(&q, fault);
}

bool keys_add(struct database *db, struct storage_call *call, struct fault *fault)
{
    const struct key_batch *batch = &call->in.keys;
    for (size_t i = 0; i < batch->count; i++)
        if (!add(db, &batch->rows[i], fault)) return false;
    return true;
}
