#include "torture/outside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct database database;
struct kratos kratos;
enum outside_mode outside_mode;
const char SESSION_ID[] = "11111111-2222-4333-8444-555555555555";
const char IDENTITY_ID[] = "99999999-8888-4777-8666-555555555555";

/* ---- the database ---- */

static struct storage_call *held_call;

static void fill_client(struct storage_call *call)
{
    struct found_client *found = &call->result.client;
    const struct client_row *row = database.clients;
    while (bytes_present(row->client_id) && !bytes_equal(row->client_id, call->in.client_id)) row++;
    *found = (struct found_client){.found = bytes_present(row->client_id)};
    if (found->found) found->row = *row;
}

static void fill_page(struct storage_call *call)
{
    struct client_page *page = &call->result.page;
    page->rows = arena_take(&call->arena, call->in.page.limit * sizeof *page->rows);
    for (const struct client_row *row = database.clients; bytes_present(row->client_id); row++) {
        page->more = page->count == call->in.page.limit;
        if (page->more) return;
        page->rows[page->count++] = *row;
    }
}

static bool is_the_grants(const struct rotation *asked)
{
    return database.has_grant && memcmp(asked->grant_id, database.grant.id, GRANT_ID_LEN) == 0 &&
           memcmp(asked->secret_hash, database.grant_secret_hash, SECRET_HASH_LEN) == 0 &&
           bytes_equal(asked->client_id, database.grant.client_id);
}

static void fill_rotated(struct storage_call *call)
{
    const struct rotation *asked = &call->in.rotation;
    const struct rotation_presented presented = {asked->gen, asked->mac_kid, asked->looked, clock_now_ms(),
                                                 asked->session_expires_at};
    struct rotation_change change;
    struct rotated *out = &call->result.rotated;
    out->outcome = ROTATE_UNKNOWN;
    if (!is_the_grants(asked)) return;
    out->now = clock_now_ms();
    out->outcome = rotation_decide(&asked->policy, &database.state, &presented, out->now, &change);
    if (change.write) database.state = change.next;
    out->gen = (uint32_t)change.next.gen;
    out->mac_kid = change.next.mac_kid;
    out->idle_expires_at = change.next.idle_expires_at;
    out->expires_at = change.next.expires_at;
    out->session_checked_at = change.next.session_checked_at;
    out->session_expires_at = change.next.session_expires_at;
    out->revoked_at = change.next.revoked_at;
    out->grant = database.grant;
    if (bytes_present(asked->claims)) out->grant.claims = asked->claims;
    database.changed_claims = bytes_present(asked->claims);
}

static void fill_found(struct storage_call *call)
{
    struct found_grant *out = &call->result.found;
    out->standing = GRANT_UNKNOWN;
    if (!database.has_grant || memcmp(call->in.grant_id, database.grant.id, GRANT_ID_LEN) != 0) return;
    *out = (struct found_grant){.grant = database.grant, .state = database.state, .now = clock_now_ms()};
    memcpy(out->secret_hash, database.grant_secret_hash, SECRET_HASH_LEN);
    out->standing = storage_standing(&out->state, out->now);
}

static void fill_stored(struct storage_call *call)
{
    const struct new_grant *asked = &call->in.grant;
    int64_t now = clock_now_ms();
    call->result.grant =
        (struct stored_grant){database.store_grant, now, now + asked->idle_ttl_ms, now + asked->absolute_ttl_ms};
}

static void fill_grants(struct storage_call *call)
{
    struct grant_page *page = &call->result.grants;
    page->now = clock_now_ms();
    if (!database.has_grant) return;
    page->rows = arena_take(&call->arena, sizeof *page->rows);
    page->rows[page->count++] = (struct listed_grant){.grant = database.grant, .rotated_at = page->now};
}

static void fill(struct storage_call *call)
{
    switch (call->verb) {
    case VERB_FIND_CLIENT: fill_client(call); return;
    case VERB_LIST_CLIENTS: fill_page(call); return;
    case VERB_ADD_CLIENT: call->result.added = database.added; return;
    case VERB_DELETE_CLIENT: call->result.delete_client = database.delete_client; return;
    case VERB_FIND_ORIGIN: call->result.origin = database.has_origin; return;
    case VERB_STORE_GRANT: fill_stored(call); return;
    case VERB_ROTATE: fill_rotated(call); return;
    case VERB_FIND_GRANT: fill_found(call); return;
    case VERB_REVOKE: call->result.revoked.count = 1; return;
    case VERB_PULSE: call->result.pulse.now = clock_now_ms(); return;
    case VERB_LIST_KEYS: call->result.keys = (struct key_list){.now = clock_now_ms()}; return;
    case VERB_LIST_GRANTS: fill_grants(call); return;
    case VERB_LIST_ENDINGS:
    case VERB_CHANGE_KEYS:
    case VERB_SWEEP: abort(); /* no endpoint asks that */
    }
}

static void answer_call(struct storage_call *call)
{
    fill(call);
    database.done |= 1u << call->verb;
    storage_call_done(call);
}

static void refuse_call(struct storage_call *call, enum fault_kind kind)
{
    struct fault fault;
    fault_set(&fault, kind, storage_verb_name(call->verb), "the test says so");
    storage_call_fail(call, &fault);
}

static void submit(struct store *store, struct storage_call *call)
{
    (void)store;
    assert(outside_holds() == NULL);
    switch (outside_mode) {
    case OUTSIDE_HOLDS: held_call = call; return;
    case OUTSIDE_ANSWERS: answer_call(call); return;
    case OUTSIDE_FAILS: refuse_call(call, FAULT_AWAY); return;
    }
}

static const struct storage_ops ops = {.name = "held", .submit = submit};
static struct storage held_storage = {.ops = &ops};

struct store *outside_store(struct loop *loop)
{
    static struct store store;
    store = (struct store){.storage = &held_storage, .loop = loop};
    return &store;
}

static struct storage_call *take_call(void)
{
    struct storage_call *call = held_call;
    held_call = NULL;
    return call;
}

/* ---- Kratos ---- */

struct asked_look {
    struct wait wait;
    struct flow *waiter; /* NULL: it left */
    enum look_outcome outcome;
    bool of_session; /* not of the identity alone */
    int64_t began_steady_ms;
    struct arena *arena;
    struct look *out;
};
static struct asked_look *held_look;

static void leave(struct wait *wait) { ((struct asked_look *)(void *)wait)->waiter = NULL; }

static void fill_session(struct session *session, struct arena *arena, bool whole)
{
    static const struct bytes usual = BYTES("{\"identity\":{\"traits\":{\"email\":\"ann@example.com\"}}}");
    struct bytes json = bytes_present(kratos.json) ? kratos.json : usual;
    *session = (struct session){.identity_id = arena_copy(arena, bytes_of(IDENTITY_ID))};
    session->json = json_parse(arena, json, &(struct json_limits){json.len, true}, NULL);
    if (!whole) return;
    session->id = arena_copy(arena, bytes_of(SESSION_ID));
    session->authenticated_at_ms = clock_now_ms() - 60000;
    session->expires_at_ms = kratos.expires_at_ms;
    session->aal = 1;
    session->aal_name = BYTES("aal1");
    session->methods = BYTES("[\"password\"]");
}

static void fill_look(const struct asked_look *asked)
{
    *asked->out = (struct look){
        .outcome = asked->outcome, .reason = "the test says so", .began_steady_ms = asked->began_steady_ms};
    if (asked->outcome == LOOK_LIVE) fill_session(&asked->out->session, asked->arena, asked->of_session);
    if (asked->outcome == LOOK_LIVE) asked->out->cookie = BYTES("ory_kratos_session=renewed; HttpOnly");
    if (asked->outcome == LOOK_STEP_UP) asked->out->redirect_to = BYTES("https://login.example.com/aal2");
}

/* with the outcome that it has by then */
static void end_look(struct asked_look *asked)
{
    struct flow *waiter = asked->waiter;
    if (waiter != NULL) fill_look(asked);
    free(asked);
    if (waiter != NULL) flow_wake(waiter);
}

static enum step_result ask(struct flow *flow, const struct asked_look *like)
{
    struct asked_look *asked = malloc(sizeof *asked);
    if (asked == NULL) abort();
    assert(outside_holds() == NULL);
    *asked = *like;
    asked->wait.cancel = leave;
    asked->waiter = flow;
    asked->began_steady_ms = clock_steady_ms();
    flow->waiting = &asked->wait;
    switch (outside_mode) {
    case OUTSIDE_HOLDS: held_look = asked; break;
    case OUTSIDE_FAILS:
        asked->outcome = LOOK_AWAY;
        end_look(asked);
        break;
    case OUTSIDE_ANSWERS: end_look(asked); break;
    }
    return STEP_WAIT;
}

enum step_result ask_whoami(struct flow *flow, struct identity *identity, const struct whoami_ask *asked,
                            struct arena *arena, struct look *look)
{
    (void)identity;
    assert(credential_well_formed(asked->kind, asked->credential));
    return ask(
        flow,
        &(struct asked_look){
            .wait.on = "identity: whoami", .outcome = kratos.whoami, .of_session = true, .arena = arena, .out = look});
}

enum step_result ask_whoami_again(struct flow *flow, struct identity *identity, const struct whoami_ask *asked,
                                  struct arena *arena, struct look *look)
{
    return ask_whoami(flow, identity, asked, arena, look);
}

enum step_result ask_session(struct flow *flow, struct identity *identity, struct bytes session_id, struct arena *arena,
                             struct look *look)
{
    (void)identity;
    assert(bytes_equal(session_id, bytes_of(SESSION_ID)));
    return ask(flow, &(struct asked_look){.wait.on = "identity: session",
                                          .outcome = kratos.session,
                                          .of_session = true,
                                          .arena = arena,
                                          .out = look});
}

enum step_result ask_session_again(struct flow *flow, struct identity *identity, struct bytes session_id,
                                   struct arena *arena, struct look *look)
{
    return ask_session(flow, identity, session_id, arena, look);
}

enum step_result ask_extend(struct flow *flow, struct identity *identity, struct bytes session_id, struct arena *arena,
                            struct look *look)
{
    (void)identity;
    assert(bytes_equal(session_id, bytes_of(SESSION_ID)));
    return ask(flow, &(struct asked_look){
                         .wait.on = "identity: extend", .outcome = kratos.extend, .arena = arena, .out = look});
}

enum step_result ask_identity(struct flow *flow, struct identity *identity, struct bytes identity_id,
                              struct arena *arena, struct look *look)
{
    (void)identity;
    assert(bytes_equal(identity_id, bytes_of(IDENTITY_ID)));
    return ask(flow, &(struct asked_look){
                         .wait.on = "identity: identity", .outcome = kratos.identity, .arena = arena, .out = look});
}

static struct asked_look *take_look(void)
{
    struct asked_look *asked = held_look;
    held_look = NULL;
    return asked;
}

/* ---- the ends ---- */

const char *outside_holds(void)
{
    if (held_call != NULL) return storage_verb_name(held_call->verb);
    return held_look == NULL ? NULL : held_look->wait.on;
}

bool outside_holds_look(void) { return held_look != NULL; }

void outside_answer(void)
{
    if (held_call != NULL)
        answer_call(take_call());
    else
        end_look(take_look());
}

void outside_fail(void)
{
    if (held_call != NULL) {
        refuse_call(take_call(), FAULT_AWAY);
        return;
    }
    held_look->outcome = LOOK_AWAY;
    end_look(take_look());
}

void outside_refuse(enum fault_kind kind)
{
    if (held_call != NULL) {
        refuse_call(take_call(), kind);
        return;
    }
    struct fault fault;
    struct asked_look *asked = take_look();
    struct flow *waiter = asked->waiter;
    fault_set(&fault, kind, asked->wait.on, "the test says so");
    free(asked);
    flow_fail(waiter, &fault);
}

void outside_drop(void)
{
    if (held_call != NULL) {
        storage_call_drop(take_call());
        return;
    }
    struct asked_look *asked = take_look();
    asked->waiter->waiting = NULL;
    free(asked);
}
