#include "storage/sqlite/verbs.h"

#include "base/clock.h"

static void take_row(struct query *q, struct arena *arena, struct client_row *row)
{
    row->client_id = query_take_text(q, arena);
    row->record = query_take_text(q, arena);
    row->secret_hash = query_take_text(q, arena);
    row->created_at = query_take_number(q);
}

bool clients_find(struct database *db, struct storage_call *call, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_FIND_CLIENT);
    query_put_text(&q, call->in.client_id);
    call->result.client.found = query_next(&q);
    if (call->result.client.found) take_row(&q, &call->arena, &call->result.client.row);
    return query_end(&q, fault);
}

bool clients_list(struct database *db, struct storage_call *call, struct fault *fault)
{
    const struct client_page_ask *ask = &call->in.page;
    struct client_page *page = &call->result.page;
    struct query q;
    page->rows = arena_take(&call->arena, ask->limit * sizeof *page->rows);
    if (page->rows == NULL) return true; /* said by verb_run */
    query_begin(&q, db, STATEMENT_LIST_CLIENTS);
    query_put_text(&q, bytes_present(ask->after) ? ask->after : BYTES(""));
    query_put_number(&q, (int64_t)ask->limit + 1);
    while (query_next(&q) && !page->more) {
        if (page->count == ask->limit)
            page->more = true;
        else
            take_row(&q, &call->arena, &page->rows[page->count++]);
    }
    return query_end(&q, fault);
}

static bool add_origins(struct database *db, const struct client_row *row, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_ADD_ORIGINS);
    query_put_text(&q, row->client_id);
    query_put_text(&q, row->record);
    return query_run(&q, fault);
}

bool clients_add(struct database *db, struct storage_call *call, struct fault *fault)
{
    const struct client_row *row = &call->in.client;
    struct added_client *added = &call->result.added;
    struct query q;
    added->created_at = row->created_at == 0 ? clock_now_ms() : row->created_at;
    query_begin(&q, db, STATEMENT_ADD_CLIENT);
    query_put_text(&q, row->client_id);
    query_put_text(&q, row->record);
    query_put_text(&q, row->secret_hash);
    query_put_number(&q, added->created_at);
    if (!query_run(&q, fault)) return false;
    added->outcome = database_changes(db) == 1 ? CLIENT_ADDED : CLIENT_EXISTS;
    return added->outcome == CLIENT_EXISTS || add_origins(db, row, fault);
}

static bool delete_by_id(struct database *db, enum statement which, struct bytes client_id, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, which);
    query_put_text(&q, client_id);
    return query_run(&q, fault);
}

bool clients_delete(struct database *db, struct storage_call *call, struct fault *fault)
{
    struct bytes client_id = call->in.client_id;
    if (!delete_by_id(db, STATEMENT_DELETE_CLIENT, client_id, fault)) return false;
    call->result.delete_client = database_changes(db) == 1 ? CLIENT_DELETED : CLIENT_ABSENT;
    if (call->result.delete_client == CLIENT_ABSENT) return true;
    return delete_by_id(db, STATEMENT_DELETE_ORIGINS, client_id, fault) &&
           revocations_end_client(db, client_id, clock_now_ms(), fault);
}

bool clients_find_origin(struct database *db, struct storage_call *call, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_FIND_ORIGIN);
    query_put_text(&q, call->in.origin);
    call->result.origin = query_next(&q) && query_take_number(&q) != 0;
    return query_end(&q, fault);
}
