#include "storage/sqlite/verbs.h"

#include <string.h>

#include "base/clock.h"

/* ---- grants: a place is the last one's rowid ---- */

static int64_t read_place(const struct grant_place *place)
{
    int64_t rowid;
    memcpy(&rowid, place->at, sizeof rowid);
    return rowid;
}

static void take_grant(struct query *q, struct arena *arena, struct grant *grant)
{
    query_take_blob(q, grant->id, GRANT_ID_LEN);
    grant->client_id = query_take_text(q, arena);
    grant->subject = query_take_text(q, arena);
    grant->kratos_session_id = query_take_text(q, arena);
    grant->identity_id = query_take_text(q, arena);
    grant->scope = query_take_text(q, arena);
    grant->audience = query_take_text(q, arena);
    grant->acr = query_take_text(q, arena);
    grant->amr = query_take_text(q, arena);
    grant->auth_time = query_take_number(q);
    grant->created_at = query_take_number(q);
}

static void take_listed(struct query *q, struct arena *arena, struct grant_page *page)
{
    struct listed_grant *listed = &page->rows[page->count++];
    int64_t rowid = query_take_number(q);
    memcpy(page->next.at, &rowid, sizeof rowid);
    take_grant(q, arena, &listed->grant);
    listed->rotated_at = query_take_number(q);
    listed->session_checked_at = query_take_number(q);
    listed->session_expires_at = query_take_number(q);
    listed->idle_expires_at = query_take_number(q);
    listed->expires_at = query_take_number(q);
    listed->revoked_at = query_take_number(q);
    listed->revoked_because = query_take_text(q, arena);
}

bool listing_grants(struct database *db, struct storage_call *call, struct fault *fault)
{
    static const enum statement statements[] = {
        [REVOKE_SESSION] = STATEMENT_LIST_GRANTS_OF_SESSION,
        [REVOKE_SUBJECT] = STATEMENT_LIST_GRANTS_OF_SUBJECT,
        [REVOKE_CLIENT] = STATEMENT_LIST_GRANTS_OF_CLIENT,
    };
    const struct grant_page_ask *ask = &call->in.grants;
    struct grant_page *page = &call->result.grants;
    struct query q;
    page->now = clock_now_ms();
    page->rows = arena_take(&call->arena, ask->limit * sizeof *page->rows);
    if (page->rows == NULL) return true; /* said by verb_run */
    query_begin(&q, db, statements[ask->by]);
    query_put_text(&q, ask->name);
    query_put_number(&q, read_place(&ask->after));
    query_put_number(&q, (int64_t)ask->limit + 1);
    while (query_next(&q) && !page->more) {
        page->more = page->count == ask->limit;
        if (!page->more) take_listed(&q, &call->arena, page);
    }
    return query_end(&q, fault);
}

/* ---- endings ---- */

static void take_ending(struct query *q, struct arena *arena, struct ending *ending)
{
    ending->by = ending_by_kind(query_take_text(q, arena));
    ending->name = query_take_text(q, arena);
    ending->at = query_take_number(q);
}

bool listing_endings(struct database *db, struct storage_call *call, struct fault *fault)
{
    const struct ending_page_ask *ask = &call->in.endings;
    struct ending_page *page = &call->result.endings;
    bool first = !bytes_present(ask->after.name);
    struct query q;
    page->rows = arena_take(&call->arena, ask->limit * sizeof *page->rows);
    if (page->rows == NULL) return true; /* said by verb_run */
    query_begin(&q, db, STATEMENT_LIST_ENDINGS);
    query_put_number(&q, clock_now_ms() - ask->age_ms);
    query_put_number(&q, ask->after.at);
    query_put_text(&q, first ? BYTES("") : bytes_of(revoke_by_name(ask->after.by)));
    query_put_text(&q, first ? BYTES("") : ask->after.name);
    query_put_number(&q, (int64_t)ask->limit + 1);
    while (query_next(&q) && !page->more) {
        page->more = page->count == ask->limit;
        if (!page->more) take_ending(&q, &call->arena, &page->rows[page->count++]);
    }
    return query_end(&q, fault);
}
