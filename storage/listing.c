#include "storage/listing.h"

#include <assert.h>

#include "storage/call.h"

const char *revoke_by_name(enum revoke_by by)
{
    switch (by) {
    case REVOKE_GRANT: return "grant";
    case REVOKE_SESSION: return "session";
    case REVOKE_SUBJECT: return "subject";
    case REVOKE_CLIENT: return "client";
    }
    return "";
}

enum revoke_by ending_by_kind(struct bytes kind)
{
    if (bytes_equal(kind, BYTES("session"))) return REVOKE_SESSION;
    return bytes_equal(kind, BYTES("subject")) ? REVOKE_SUBJECT : REVOKE_CLIENT;
}

void grant_page_keep(struct grant_page *page, struct arena *arena)
{
    struct listed_grant *copy = arena_take(arena, page->count * sizeof *copy);
    for (size_t i = 0; copy != NULL && i < page->count; i++) {
        copy[i] = page->rows[i];
        grant_keep(arena, &copy[i].grant);
        copy[i].revoked_because = arena_copy(arena, copy[i].revoked_because);
    }
    page->rows = copy;
}

void ending_page_keep(struct ending_page *page, struct arena *arena)
{
    struct ending *copy = arena_take(arena, page->count * sizeof *copy);
    for (size_t i = 0; copy != NULL && i < page->count; i++) {
        copy[i] = page->rows[i];
        copy[i].name = arena_copy(arena, copy[i].name);
    }
    page->rows = copy;
}

enum step_result ask_list_grants(struct flow *flow, struct store *store, const struct grant_page_ask *ask,
                                 struct arena *arena, struct grant_page *out)
{
    struct storage_call *call = storage_call_create(flow, store, VERB_LIST_GRANTS);
    assert(ask->by != REVOKE_GRANT && ask->limit > 0 && ask->limit <= GRANT_PAGE_MAX);
    call->in.grants = *ask;
    call->in.grants.name = arena_copy(&call->arena, ask->name);
    return storage_call_submit(call, arena, out);
}

enum step_result ask_list_endings(struct flow *flow, struct store *store, const struct ending_page_ask *ask,
                                  struct arena *arena, struct ending_page *out)
{
    struct storage_call *call = storage_call_create(flow, store, VERB_LIST_ENDINGS);
    assert(ask->limit > 0 && ask->limit <= ENDING_PAGE_MAX);
    call->in.endings = *ask;
    call->in.endings.after.name = arena_copy(&call->arena, ask->after.name);
    return storage_call_submit(call, arena, out);
}
