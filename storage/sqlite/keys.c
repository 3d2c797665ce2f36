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
    row->wanted_at = query_take_number(q);
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

/* ---- changing: first whether all of it may be, then all of it: nobody else writes meanwhile ---- */

static bool find(struct query *q, bool *found, struct fault *fault)
{
    if (query_next(q)) *found = query_take_number(q) != 0;
    return query_end(q, fault);
}

static bool is_taken(struct database *db, const struct key_row *row, bool *taken, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_FIND_KEY_PLACE);
    query_put_text(&q, row->kid);
    query_put_text(&q, row->algorithm);
    query_put_number(&q, row->epoch);
    return find(&q, taken, fault);
}

static void put_changeable(struct query *q, const struct key_row *row)
{
    query_put_text(q, row->kid);
    query_put_number(q, row->activate_at);
    query_put_number(q, row->retire_at);
    query_put_number(q, row->remove_at);
    query_put_number(q, row->wanted_at);
    query_put_blob(q, row->sealed_private.at, row->sealed_private.len);
}

static bool is_as_read(struct database *db, const struct key_row *was, bool *same, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_FIND_KEY_AS_READ);
    put_changeable(&q, was);
    return find(&q, same, fault);
}

static bool may_be(struct database *db, const struct key_change *change, bool *may, struct fault *fault)
{
    bool taken = false, same = true;
    for (size_t i = 0; i < change->added_count && !taken; i++)
        if (!is_taken(db, &change->added[i], &taken, fault)) return false;
    for (size_t i = 0; i < change->updated_count && same; i++)
        if (!is_as_read(db, &change->updated[i].was, &same, fault)) return false;
    for (size_t i = 0; i < change->deleted_count && same; i++)
        if (!is_as_read(db, &change->deleted[i], &same, fault)) return false;
    *may = !taken && same;
    return true;
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
    query_put_number(&q, row->wanted_at);
    query_put_text(&q, row->public_jwk);
    query_put_blob(&q, row->sealed_private.at, row->sealed_private.len);
    return query_run(&q, fault);
}

static bool update(struct database *db, const struct key_row *becomes, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_UPDATE_KEY);
    put_changeable(&q, becomes);
    return query_run(&q, fault);
}

static bool delete (struct database *db, const struct key_row *row, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_DELETE_KEY);
    query_put_text(&q, row->kid);
    return query_run(&q, fault);
}

bool keys_change(struct database *db, struct storage_call *call, struct fault *fault)
{
    const struct key_change *change = &call->in.keys;
    bool may;
    if (!may_be(db, change, &may, fault)) return false;
    call->result.key_change = may ? KEYS_CHANGED : KEYS_CHANGED_MEANWHILE;
    if (!may) return true;
    for (size_t i = 0; i < change->deleted_count; i++)
        if (!delete (db, &change->deleted[i], fault)) return false;
    for (size_t i = 0; i < change->updated_count; i++)
        if (!update(db, &change->updated[i].becomes, fault)) return false;
    for (size_t i = 0; i < change->added_count; i++)
        if (!add(db, &change->added[i], fault)) return false;
    return true;
}
