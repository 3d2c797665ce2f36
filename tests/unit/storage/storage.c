/* A verb's way from the asker to a back end and back, with a back end that ends a call when the test says so. */
#include "storage/storage.h"

#include "base/clock.h"
#include "storage/call.h"
#include "unit/test.h"

/* ---- the back end ---- */

enum submit_answer { ANSWER_LATER, ANSWER_NOW, REFUSE_NOW };
static enum submit_answer answer;
static struct storage_call *held; /* what was submitted and not ended */

static const struct fault away = {FAULT_AWAY, "here", "gone"};

static void fake_submit(struct store *store, struct storage_call *call)
{
    (void)store;
    if (answer == ANSWER_LATER) held = call;
    if (answer == ANSWER_NOW) storage_call_done(call);
    if (answer == REFUSE_NOW) storage_call_fail(call, &away);
}

static struct storage_call *take_held(void)
{
    struct storage_call *call = held;
    held = NULL;
    return call;
}

static void fake_detach(struct store *store)
{
    (void)store;
    if (held != NULL) storage_call_drop(take_held());
}

static struct store the_store;
static struct store *fake_attach(struct storage *storage, struct loop *loop)
{
    the_store = (struct store){.storage = storage, .loop = loop};
    return &the_store;
}

static int closed;
static void fake_close(struct storage *storage)
{
    (void)storage;
    closed++;
}

static const struct storage_ops ops = {
    .name = "fake", .close = fake_close, .attach = fake_attach, .detach = fake_detach, .submit = fake_submit};
static struct storage fake = {.ops = &ops};

/* ---- a flow that asks once ---- */

static struct asker {
    struct flow flow; /* first */
    struct arena arena;
    enum step_result (*ask)(struct flow *flow);
    struct found_client client;
    struct client_page page;
    struct rotated rotated;
    struct key_list keys;
    enum key_change_outcome key_change;
    struct revoked revoked;
    int finished;
    enum fault_kind fault;
} asker;

static enum step_result step_ask(struct flow *flow) { return asker.ask(flow); }

static void finish(struct flow *flow)
{
    asker.finished++;
    asker.fault = flow->fault.kind;
}

static const struct step steps[] = {{"ask", step_ask}, {NULL, NULL}};

static void start(enum step_result (*ask)(struct flow *flow), enum submit_answer when)
{
    answer = when;
    asker = (struct asker){.ask = ask};
    arena_init(&asker.arena, 1 << 20);
    flow_init(&asker.flow, steps, finish);
    flow_drive(&asker.flow);
}

/* what an asker gives is gone as soon as it has asked */
static char scratch[64];
static struct bytes borrow(const char *text)
{
    snprintf(scratch, sizeof scratch, "%s", text);
    return bytes_of(scratch);
}
static void forget_input(void) { memset(scratch, 'x', sizeof scratch - 1); }

static enum step_result ask_client(struct flow *flow)
{
    enum step_result result = ask_find_client(flow, &the_store, borrow("app"), &asker.arena, &asker.client);
    forget_input();
    return result;
}

static enum step_result ask_page(struct flow *flow)
{
    const struct client_page_ask ask = {borrow("m"), 2};
    enum step_result result = ask_list_clients(flow, &the_store, &ask, &asker.arena, &asker.page);
    forget_input();
    return result;
}

static enum step_result ask_rotation(struct flow *flow)
{
    const struct rotation rotation = {.client_id = borrow("app"), .gen = 3};
    enum step_result result = ask_rotate(flow, &the_store, &rotation, &asker.arena, &asker.rotated);
    forget_input();
    return result;
}

static enum step_result ask_keys(struct flow *flow)
{
    return ask_list_keys(flow, &the_store, &asker.arena, &asker.keys);
}

static enum step_result ask_new_keys(struct flow *flow)
{
    struct key_row rows[] = {{.kid = borrow("k1"), .epoch = 1}, {.kid = BYTES("k2"), .epoch = 2}};
    struct key_update update = {rows[0], rows[1]};
    const struct key_change change = {rows, 2, &update, 1, &rows[1], 1};
    enum step_result result = ask_change_keys(flow, &the_store, &change, &asker.key_change);
    forget_input();
    memset(rows, 0, sizeof rows);
    memset(&update, 0, sizeof update);
    return result;
}

static enum step_result ask_revocation(struct flow *flow)
{
    const struct revocation revocation = {.by = REVOKE_SESSION, .name = borrow("s1"), .because = BYTES("test")};
    enum step_result result = ask_revoke(flow, &the_store, &revocation, &asker.revoked);
    forget_input();
    return result;
}

static enum step_result ask_too_much(struct flow *flow)
{
    static char one;
    const struct client_row row = {.client_id = BYTES("app"), .record = {&one, (size_t)1 << 40}};
    return ask_add_client(flow, &the_store, &row, NULL);
}

/* ---- sentences ---- */

static void put_client(struct storage_call *call, struct client_row *row, const char *id)
{
    *row = (struct client_row){.client_id = arena_copy(&call->arena, bytes_of(id)),
                               .record = arena_copy(&call->arena, BYTES("{}")),
                               .created_at = 5};
}

static void check_copies(void)
{
    TEST("a call has its input for itself, and its answer is the asker's after the call is gone")
    {
        start(ask_client, ANSWER_LATER);
        CHECK(asker.finished == 0 && held->verb == VERB_FIND_CLIENT);
        CHECK_BYTES(held->in.client_id, BYTES("app"));
        held->result.client.found = true;
        put_client(held, &held->result.client.row, "app");
        storage_call_done(take_held());
        CHECK(asker.finished == 1 && asker.fault == FAULT_NONE && asker.client.found);
        CHECK_BYTES(asker.client.row.client_id, BYTES("app"));
        CHECK_BYTES(asker.client.row.record, BYTES("{}"));
        CHECK(!bytes_present(asker.client.row.secret_hash) && asker.client.row.created_at == 5);
        arena_release(&asker.arena);
    }
    TEST("a page of clients comes over with each of its rows")
    {
        start(ask_page, ANSWER_LATER);
        CHECK_BYTES(held->in.page.after, BYTES("m"));
        struct client_page *page = &held->result.page;
        *page = (struct client_page){arena_take(&held->arena, 2 * sizeof *page->rows), 2, true};
        put_client(held, &page->rows[0], "n");
        put_client(held, &page->rows[1], "o");
        storage_call_done(take_held());
        CHECK(asker.page.count == 2 && asker.page.more);
        CHECK_BYTES(asker.page.rows[1].client_id, BYTES("o"));
        arena_release(&asker.arena);
    }
    TEST("a rotation's answer comes over with its grant and its reason")
    {
        start(ask_rotation, ANSWER_LATER);
        CHECK_BYTES(held->in.rotation.client_id, BYTES("app"));
        held->result.rotated = (struct rotated){.outcome = ROTATE_REVOKED,
                                                .gen = 4,
                                                .grant.claims = arena_copy(&held->arena, BYTES("{\"a\":1}")),
                                                .revoked_because = arena_copy(&held->arena, BYTES("session_ended"))};
        storage_call_done(take_held());
        CHECK(asker.rotated.outcome == ROTATE_REVOKED && asker.rotated.gen == 4);
        CHECK_BYTES(asker.rotated.grant.claims, BYTES("{\"a\":1}"));
        CHECK_BYTES(asker.rotated.revoked_because, BYTES("session_ended"));
        arena_release(&asker.arena);
    }
    TEST("keys come over, and rows to be added are copied with what they point to")
    {
        start(ask_keys, ANSWER_LATER);
        struct key_list *keys = &held->result.keys;
        *keys = (struct key_list){arena_take(&held->arena, sizeof *keys->rows), 1, 99};
        keys->rows[0] = (struct key_row){.kid = arena_copy(&held->arena, BYTES("k1")), .epoch = 7};
        storage_call_done(take_held());
        CHECK(asker.keys.count == 1 && asker.keys.now == 99 && asker.keys.rows[0].epoch == 7);
        CHECK_BYTES(asker.keys.rows[0].kid, BYTES("k1"));
        arena_release(&asker.arena);
        start(ask_new_keys, ANSWER_LATER);
        const struct key_change *change = &held->in.keys;
        CHECK(change->added_count == 2 && change->added[1].epoch == 2);
        CHECK_BYTES(change->added[0].kid, BYTES("k1"));
        CHECK(change->updated_count == 1 && change->updated[0].becomes.epoch == 2 && change->deleted_count == 1);
        CHECK_BYTES(change->updated[0].was.kid, BYTES("k1"));
        CHECK_BYTES(change->deleted[0].kid, BYTES("k2"));
        held->result.key_change = KEYS_CHANGED_MEANWHILE;
        storage_call_done(take_held());
        CHECK(asker.finished == 1 && asker.fault == FAULT_NONE && asker.key_change == KEYS_CHANGED_MEANWHILE);
    }
}

static void check_endings(void)
{
    TEST("a call may be done inside submit: the flow goes on in the same step")
    {
        start(ask_revocation, ANSWER_NOW);
        CHECK(asker.finished == 1 && asker.fault == FAULT_NONE && asker.flow.waiting == NULL);
    }
    TEST("a call may fail inside submit: the flow goes to finish with the fault, and nothing is written out")
    {
        start(ask_client, REFUSE_NOW);
        CHECK(asker.finished == 1 && asker.fault == FAULT_AWAY && !asker.client.found);
        CHECK(strcmp(asker.flow.fault.what, "gone") == 0);
    }
    TEST("a call that fails later may carry its fault in itself")
    {
        start(ask_rotation, ANSWER_LATER);
        held->result.rotated.gen = 77;
        fault_set(&held->fault, FAULT_FULL, "there", "too much");
        struct storage_call *call = take_held();
        storage_call_fail(call, &call->fault);
        CHECK(asker.finished == 1 && asker.fault == FAULT_FULL && asker.rotated.gen == 0);
        CHECK(strcmp(asker.flow.fault.what, "too much") == 0);
    }
    TEST("an input over the cap fails before it reaches the back end")
    {
        start(ask_too_much, ANSWER_LATER);
        CHECK(asker.finished == 1 && asker.fault == FAULT_FULL && held == NULL);
    }
    TEST("an answer over the asker's own cap is a fault, and nothing is written out")
    {
        start(ask_client, ANSWER_LATER);
        arena_init(&asker.arena, 1);
        held->result.client.found = true;
        put_client(held, &held->result.client.row, "app");
        storage_call_done(take_held());
        CHECK(asker.finished == 1 && asker.fault == FAULT_FULL && !asker.client.found);
    }
}

static void check_leaving(void)
{
    char at[80];

    TEST("a flow that waits says for what, and one that is aborted leaves its call behind: its end wakes nobody")
    {
        start(ask_rotation, ANSWER_LATER);
        flow_describe(&asker.flow, at, sizeof at);
        CHECK(strcmp(at, "at step ask, waiting for storage: rotate") == 0);
        flow_abort(&asker.flow, FAULT_LEFT, "test", "the client left");
        CHECK(asker.finished == 1 && asker.fault == FAULT_LEFT);
        storage_call_done(take_held());
        CHECK(asker.finished == 1 && asker.rotated.outcome == ROTATE_ROTATED && asker.rotated.now == 0);
        start(ask_rotation, ANSWER_LATER);
        flow_release(&asker.flow);
        storage_call_fail(take_held(), &away);
        CHECK(asker.finished == 0);
    }
    TEST("a detached store's calls are gone, and their flows can still be released")
    {
        start(ask_rotation, ANSWER_LATER);
        storage_detach(&the_store);
        CHECK(asker.finished == 0 && asker.flow.waiting == NULL);
        flow_release(&asker.flow);
    }
}

static void check_deadline(struct loop *loop)
{
    TEST("a call that has not ended by its deadline fails for its flow, and may end later")
    {
        start(ask_revocation, ANSWER_LATER);
        CHECK(held->deadline_ms - clock_steady_ms() <= STORAGE_DEADLINE_MS);
        CHECK(held->deadline_ms - clock_steady_ms() > STORAGE_DEADLINE_MS - 1000);
        timer_start(loop, &held->deadline, 1); /* the test has no four seconds to wait */
        for (int i = 0; i < 50 && asker.finished == 0; i++) loop_run(loop, 10);
        CHECK(asker.finished == 1 && asker.fault == FAULT_LATE);
        held->result.revoked.count = 3;
        storage_call_done(take_held());
        CHECK(asker.finished == 1 && asker.revoked.count == 0);
    }
}

int main(void)
{
    struct loop *loop = loop_create();
    CHECK(storage_attach(&fake, loop) == &the_store);
    check_copies();
    check_endings();
    check_leaving();
    check_deadline(loop);
    TEST("closing goes to the back end, and closing nothing is nothing")
    {
        storage_close(&fake);
        storage_close(NULL);
        CHECK(closed == 1);
    }
    loop_destroy(loop);
    return TEST_END();
}
