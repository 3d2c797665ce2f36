#include "storage/storage.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "storage/call.h"
#include "storage/tally.h"
#include "storage/ending_news.h"
#include "storage/listing.h"

enum { CALL_ARENA_CAP = 32 << 20 }; /* a page of clients is the largest: CLIENT_PAGE_MAX records */

const char *storage_verb_name(enum storage_verb verb)
{
    switch (verb) {
    case VERB_FIND_CLIENT: return "storage: find client";
    case VERB_LIST_CLIENTS: return "storage: list clients";
    case VERB_ADD_CLIENT: return "storage: add client";
    case VERB_DELETE_CLIENT: return "storage: delete client";
    case VERB_FIND_ORIGIN: return "storage: find origin";
    case VERB_STORE_GRANT: return "storage: store grant";
    case VERB_ROTATE: return "storage: rotate";
    case VERB_FIND_GRANT: return "storage: find grant";
    case VERB_REVOKE: return "storage: revoke";
    case VERB_LIST_GRANTS: return "storage: list grants";
    case VERB_LIST_ENDINGS: return "storage: list endings";
    case VERB_LIST_KEYS: return "storage: list keys";
    case VERB_CHANGE_KEYS: return "storage: change keys";
    case VERB_PULSE: return "storage: pulse";
    case VERB_SWEEP: return "storage: sweep";
    }
    return "storage";
}

/* ---- opening ---- */

void storage_close(struct storage *storage)
{
    if (storage != NULL) storage->ops->close(storage);
}

bool storage_migrate(struct storage *storage, void (*report)(const char *line), struct fault *fault)
{
    return storage->ops->migrate(storage, report, fault);
}

enum schema_state storage_schema(struct storage *storage, struct fault *fault)
{
    return storage->ops->schema(storage, fault);
}

struct store *storage_attach(struct storage *storage, struct loop *loop)
{
    struct store *store = storage->ops->attach(storage, loop);
    assert(store == NULL || (store->storage == storage && store->loop == loop));
    return store;
}

void storage_detach(struct store *store)
{
    ending_news_leave(store);
    store->storage->ops->detach(store);
}

/* ---- a call's life: made, submitted, ended once by the back end; its waiter may leave before ---- */

#define CALL_OF(member, pointer) ((struct storage_call *)((char *)(pointer)-offsetof(struct storage_call, member)))

static struct flow *take_waiter(struct storage_call *call)
{
    struct flow *waiter = call->waiter;
    call->waiter = NULL;
    timer_stop(call->store->loop, &call->deadline);
    return waiter;
}

static void cancel_call(struct wait *wait) { take_waiter(CALL_OF(wait, wait)); }

static void tell_late(struct timer *timer)
{
    struct storage_call *call = CALL_OF(deadline, timer);
    struct fault fault;
    fault_set(&fault, FAULT_LATE, call->wait.on, "no answer within %d ms", STORAGE_DEADLINE_MS);
    tally_failure(call, FAULT_LATE);
    flow_fail(take_waiter(call), &fault);
}

struct storage_call *storage_call_create(struct flow *flow, struct store *store, enum storage_verb verb)
{
    struct storage_call *call = calloc(1, sizeof *call);
    if (call == NULL) abort();
    arena_init(&call->arena, CALL_ARENA_CAP);
    call->verb = verb;
    call->store = store;
    call->waiter = flow;
    call->wait = (struct wait){storage_verb_name(verb), cancel_call};
    call->deadline.run = tell_late;
    return call;
}

static void destroy_call(struct storage_call *call)
{
    arena_release(&call->arena);
    free(call);
}

enum step_result storage_call_submit(struct storage_call *call, struct arena *out_arena, void *out)
{
    struct store *store = call->store;
    call->out_arena = out_arena;
    call->out = out;
    call->asked_us = clock_steady_us();
    call->deadline_ms = call->asked_us / 1000 + STORAGE_DEADLINE_MS;
    call->waiter->waiting = &call->wait;
    timer_start(store->loop, &call->deadline, STORAGE_DEADLINE_MS);
    if (call->arena.overflowed) {
        struct fault fault;
        fault_set(&fault, FAULT_FULL, call->wait.on, "the input is over %d bytes", CALL_ARENA_CAP);
        storage_call_fail(call, &fault);
        return STEP_WAIT;
    }
    store->storage->ops->submit(store, call);
    return STEP_WAIT;
}

/* ---- what comes back: copied into the waiter's arena ---- */

static void keep(struct arena *arena, struct bytes *b) { *b = arena_copy(arena, *b); }

static void keep_client(struct arena *arena, struct client_row *row)
{
    keep(arena, &row->client_id);
    keep(arena, &row->record);
    keep(arena, &row->secret_hash);
}

void grant_keep(struct arena *arena, struct grant *grant)
{
    keep(arena, &grant->client_id);
    keep(arena, &grant->subject);
    keep(arena, &grant->kratos_session_id);
    keep(arena, &grant->identity_id);
    keep(arena, &grant->scope);
    keep(arena, &grant->audience);
    keep(arena, &grant->claims);
    keep(arena, &grant->acr);
    keep(arena, &grant->amr);
}

static void keep_key(struct arena *arena, struct key_row *row)
{
    keep(arena, &row->kid);
    keep(arena, &row->algorithm);
    keep(arena, &row->public_jwk);
    keep(arena, &row->sealed_private);
}

static struct client_row *copy_clients(struct arena *arena, const struct client_row *rows, size_t count)
{
    struct client_row *copy = arena_take(arena, count * sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = rows[i];
        keep_client(arena, &copy[i]);
    }
    return copy;
}

static struct key_row *copy_keys(struct arena *arena, const struct key_row *rows, size_t count)
{
    struct key_row *copy = arena_take(arena, count * sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = rows[i];
        keep_key(arena, &copy[i]);
    }
    return copy;
}

static void keep_result(struct storage_call *call, struct arena *arena)
{
    struct client_page *page = &call->result.page;
    struct key_list *keys = &call->result.keys;
    switch (call->verb) {
    case VERB_FIND_CLIENT: keep_client(arena, &call->result.client.row); return;
    case VERB_LIST_CLIENTS: page->rows = copy_clients(arena, page->rows, page->count); return;
    case VERB_ROTATE:
        grant_keep(arena, &call->result.rotated.grant);
        keep(arena, &call->result.rotated.revoked_because);
        return;
    case VERB_LIST_GRANTS: grant_page_keep(&call->result.grants, arena); return;
    case VERB_LIST_ENDINGS: ending_page_keep(&call->result.endings, arena); return;
    case VERB_FIND_GRANT: grant_keep(arena, &call->result.found.grant); return;
    case VERB_LIST_KEYS: keys->rows = copy_keys(arena, keys->rows, keys->count); return;
    case VERB_ADD_CLIENT:
    case VERB_DELETE_CLIENT:
    case VERB_FIND_ORIGIN:
    case VERB_STORE_GRANT:
    case VERB_REVOKE:
    case VERB_CHANGE_KEYS:
    case VERB_PULSE:
    case VERB_SWEEP: return;
    }
}

static void write_out(const struct storage_call *call)
{
    switch (call->verb) {
    case VERB_FIND_CLIENT: *(struct found_client *)call->out = call->result.client; return;
    case VERB_LIST_CLIENTS: *(struct client_page *)call->out = call->result.page; return;
    case VERB_ADD_CLIENT: *(struct added_client *)call->out = call->result.added; return;
    case VERB_DELETE_CLIENT: *(enum delete_client_outcome *)call->out = call->result.delete_client; return;
    case VERB_FIND_ORIGIN: *(bool *)call->out = call->result.origin; return;
    case VERB_STORE_GRANT: *(struct stored_grant *)call->out = call->result.grant; return;
    case VERB_ROTATE: *(struct rotated *)call->out = call->result.rotated; return;
    case VERB_FIND_GRANT: *(struct found_grant *)call->out = call->result.found; return;
    case VERB_REVOKE: *(struct revoked *)call->out = call->result.revoked; return;
    case VERB_LIST_GRANTS: *(struct grant_page *)call->out = call->result.grants; return;
    case VERB_LIST_ENDINGS: *(struct ending_page *)call->out = call->result.endings; return;
    case VERB_LIST_KEYS: *(struct key_list *)call->out = call->result.keys; return;
    case VERB_CHANGE_KEYS: *(enum key_change_outcome *)call->out = call->result.key_change; return;
    case VERB_PULSE: *(struct storage_pulse *)call->out = call->result.pulse; return;
    case VERB_SWEEP: *(struct swept *)call->out = call->result.swept; return;
    }
}

void storage_call_done(struct storage_call *call)
{
    struct flow *waiter = take_waiter(call);
    struct fault fault = {.kind = FAULT_NONE};
    tally_wait(call);
    tally_result(call);
    if (waiter != NULL && call->out_arena != NULL) {
        keep_result(call, call->out_arena);
        if (call->out_arena->overflowed)
            fault_set(&fault, FAULT_FULL, call->wait.on, "the answer is over the asker's cap");
    }
    if (waiter != NULL && fault.kind == FAULT_NONE) write_out(call);
    ending_news_note(call);
    destroy_call(call);
    if (waiter == NULL) return;
    if (fault.kind == FAULT_NONE)
        flow_wake(waiter);
    else
        flow_fail(waiter, &fault);
}

void storage_call_fail(struct storage_call *call, const struct fault *fault)
{
    struct fault kept = *fault; /* which may stand in the call */
    struct flow *waiter = take_waiter(call);
    tally_wait(call);
    if (waiter != NULL) tally_failure(call, kept.kind);
    ending_news_note(call);
    destroy_call(call);
    if (waiter != NULL) flow_fail(waiter, &kept);
}

void storage_call_drop(struct storage_call *call)
{
    struct flow *waiter = take_waiter(call);
    destroy_call(call);
    if (waiter != NULL) waiter->waiting = NULL;
}

/* ---- the verbs ---- */

enum step_result ask_find_client(struct flow *flow, struct store *store, struct bytes client_id, struct arena *arena,
                                 struct found_client *out)
{
    struct storage_call *call = storage_call_create(flow, store, VERB_FIND_CLIENT);
    call->in.client_id = arena_copy(&call->arena, client_id);
    return storage_call_submit(call, arena, out);
}

enum step_result ask_list_clients(struct flow *flow, struct store *store, const struct client_page_ask *ask,
                                  struct arena *arena, struct client_page *out)
{
    struct storage_call *call = storage_call_create(flow, store, VERB_LIST_CLIENTS);
    assert(ask->limit <= CLIENT_PAGE_MAX);
    call->in.page = *ask;
    keep(&call->arena, &call->in.page.after);
    return storage_call_submit(call, arena, out);
}

enum step_result ask_add_client(struct flow *flow, struct store *store, const struct client_row *row,
                                struct added_client *out)
{
    struct storage_call *call = storage_call_create(flow, store, VERB_ADD_CLIENT);
    call->in.client = *row;
    keep_client(&call->arena, &call->in.client);
    return storage_call_submit(call, NULL, out);
}

enum step_result ask_delete_client(struct flow *flow, struct store *store, struct bytes client_id,
                                   enum delete_client_outcome *out)
{
    struct storage_call *call = storage_call_create(flow, store, VERB_DELETE_CLIENT);
    call->in.client_id = arena_copy(&call->arena, client_id);
    return storage_call_submit(call, NULL, out);
}

enum step_result ask_find_origin(struct flow *flow, struct store *store, struct bytes origin, bool *out)
{
    struct storage_call *call = storage_call_create(flow, store, VERB_FIND_ORIGIN);
    call->in.origin = arena_copy(&call->arena, origin);
    return storage_call_submit(call, NULL, out);
}

enum step_result ask_store_grant(struct flow *flow, struct store *store, const struct new_grant *grant,
                                 struct stored_grant *out)
{
    struct storage_call *call = storage_call_create(flow, store, VERB_STORE_GRANT);
    call->in.grant = *grant;
    grant_keep(&call->arena, &call->in.grant.grant);
    return storage_call_submit(call, NULL, out);
}

enum step_result ask_rotate(struct flow *flow, struct store *store, const struct rotation *rotation,
                            struct arena *arena, struct rotated *out)
{
    struct storage_call *call = storage_call_create(flow, store, VERB_ROTATE);
    call->in.rotation = *rotation;
    keep(&call->arena, &call->in.rotation.client_id);
    keep(&call->arena, &call->in.rotation.claims);
    return storage_call_submit(call, arena, out);
}

enum step_result ask_find_grant(struct flow *flow, struct store *store, const unsigned char grant_id[GRANT_ID_LEN],
                                struct arena *arena, struct found_grant *out)
{
    struct storage_call *call = storage_call_create(flow, store, VERB_FIND_GRANT);
    memcpy(call->in.grant_id, grant_id, GRANT_ID_LEN);
    return storage_call_submit(call, arena, out);
}

enum grant_standing storage_standing(const struct rotation_state *state, int64_t now)
{
    if (state->revoked_at != 0) return GRANT_REVOKED;
    return state->idle_expires_at <= now || state->expires_at <= now ? GRANT_ENDED : GRANT_LIVE;
}

enum step_result ask_revoke(struct flow *flow, struct store *store, const struct revocation *revocation,
                            struct revoked *out)
{
    struct storage_call *call = storage_call_create(flow, store, VERB_REVOKE);
    call->in.revocation = *revocation;
    keep(&call->arena, &call->in.revocation.client_id);
    keep(&call->arena, &call->in.revocation.name);
    keep(&call->arena, &call->in.revocation.because);
    return storage_call_submit(call, NULL, out);
}

enum step_result ask_list_keys(struct flow *flow, struct store *store, struct arena *arena, struct key_list *out)
{
    return storage_call_submit(storage_call_create(flow, store, VERB_LIST_KEYS), arena, out);
}

static struct key_update *copy_key_updates(struct arena *arena, const struct key_update *updates, size_t count)
{
    struct key_update *copy = arena_take(arena, count * sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = updates[i];
        keep_key(arena, &copy[i].was);
        keep_key(arena, &copy[i].becomes);
    }
    return copy;
}

enum step_result ask_change_keys(struct flow *flow, struct store *store, const struct key_change *change,
                                 enum key_change_outcome *out)
{
    struct storage_call *call = storage_call_create(flow, store, VERB_CHANGE_KEYS);
    struct key_change *in = &call->in.keys;
    *in = *change;
    in->added = copy_keys(&call->arena, change->added, change->added_count);
    in->updated = copy_key_updates(&call->arena, change->updated, change->updated_count);
    in->deleted = copy_keys(&call->arena, change->deleted, change->deleted_count);
    return storage_call_submit(call, NULL, out);
}

void storage_on_key_hint(struct store *store, void (*run)(void *data), void *data)
{
    store->on_key_hint = run;
    store->key_hint_data = data;
}

enum step_result ask_pulse(struct flow *flow, struct store *store, struct storage_pulse *out)
{
    return storage_call_submit(storage_call_create(flow, store, VERB_PULSE), NULL, out);
}

enum step_result ask_sweep(struct flow *flow, struct store *store, uint32_t limit, struct swept *out)
{
    struct storage_call *call = storage_call_create(flow, store, VERB_SWEEP);
    call->in.sweep_limit = limit;
    return storage_call_submit(call, NULL, out);
}
