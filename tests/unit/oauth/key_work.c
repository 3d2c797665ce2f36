#include "oauth/key_work.h"

#include "base/clock.h"
#include "base/log.h"
#include "storage/sqlite/sqlite.h"
#include "unit/keys/fixture.h"
#include "unit/test.h"

enum { ASKERS = 6 };

static const enum key_algorithm both[] = {KEY_ES256, KEY_EDDSA};
static const struct key_times times = {
    .rotate_every_ms = 30LL * DAY_MS, .publish_before_ms = DAY_MS, .token_ttl_max_ms = DAY_MS, .keep_after_ms = DAY_MS};
static struct system_secrets secrets;
static struct key_rules rules = {
    .algorithms = both, .algorithm_count = 2, .times = &times, .making = {&secrets, RSA_BITS_MIN}};
static struct storage *storage;
static struct loop *loop;
static struct aside_crew *crew;

struct asker {
    struct flow flow; /* first */
    struct key_desk desk;
    struct key_order order;
    struct arena arena;
    struct key_report report;
    bool ended;
};

static enum step_result ask(struct flow *flow)
{
    struct asker *a = (struct asker *)flow;
    return ask_keys(flow, &a->desk, &a->order, &a->arena, &a->report);
}

static const struct step STEPS[] = {{"ask", ask}, {NULL, NULL}};

static void end(struct flow *flow) { ((struct asker *)flow)->ended = true; }

static void begin(struct asker *a, struct key_view *view, const struct key_order *order)
{
    *a = (struct asker){.desk = {.view = view, .rules = &rules, .store = storage_attach(storage, loop), .loop = loop, .crew = crew},
                        .order = *order};
    arena_init(&a->arena, 1 << 20);
    flow_init(&a->flow, STEPS, end);
    flow_drive(&a->flow);
}

static void await(const struct asker *a)
{
    int64_t until_ms = clock_steady_ms() + 20000;
    while (!a->ended && clock_steady_ms() < until_ms) loop_run(loop, 20);
    CHECK(a->ended);
}

static void leave(struct asker *a)
{
    key_desk_close(&a->desk);
    storage_detach(a->desk.store);
    arena_release(&a->arena);
}

static struct asker run(struct key_view *view, const struct key_order *order)
{
    static struct asker a;
    begin(&a, view, order);
    await(&a);
    return a;
}

static size_t published(struct key_view *view)
{
    struct key_seat seat;
    key_seat_init(&seat, view);
    struct bytes json = keyring_jwks(key_seat_ring(&seat)).json;
    size_t count = 0;
    for (size_t i = 0; i + 5 < json.len; i++) count += memcmp(json.at + i, "\"kid\"", 5) == 0;
    key_seat_release(&seat);
    return count;
}

static void open_storage(void)
{
    struct fault fault;
    storage = sqlite_open(NULL, &fault);
    if (storage == NULL || !storage_migrate(storage, NULL, &fault)) abort();
}

static void check_first(struct key_view *view)
{
    struct asker a = run(view, &(struct key_order){.task = KEYS_TEND});
    CHECK(a.flow.fault.kind == FAULT_NONE && a.report.reading.count == 4 && published(view) == 4);
    for (size_t i = 0; i < 4; i++) CHECK(a.report.reading.rows[i].kid.len == KID_LEN);
    leave(&a);
    a = run(view, &(struct key_order){.task = KEYS_TEND});
    CHECK(a.report.reading.count == 4);
    leave(&a);
}

static void check_orders(struct key_view *view)
{
    struct asker a = run(view, &(struct key_order){.task = KEYS_ROTATE});
    CHECK(a.report.rotation.outcome == KEYS_ROTATE_TOO_YOUNG && a.report.reading.count == 4);
    leave(&a);
    a = run(view, &(struct key_order){.task = KEYS_ROTATE, .rotation = {.force = true}});
    CHECK(a.report.rotation.outcome == KEYS_ROTATE_PLANNED && a.report.reading.count == 6 && published(view) == 6);
    char kid[KID_LEN];
    memcpy(kid, a.report.reading.rows[1].kid.at, KID_LEN);
    leave(&a);
    a = run(view, &(struct key_order){.task = KEYS_REVOKE, .kid = {kid, KID_LEN}});
    CHECK(a.report.revoked.outcome == KEYS_REVOKE_PLANNED && a.report.revoked.state == KEY_ACTIVE &&
          published(view) == 6);
    leave(&a);
    a = run(view, &(struct key_order){.task = KEYS_REVOKE, .kid = {kid, KID_LEN}});
    CHECK(a.report.revoked.outcome == KEYS_REVOKE_GONE);
    leave(&a);
    a = run(view, &(struct key_order){.task = KEYS_RESEAL});
    CHECK(a.flow.fault.kind == FAULT_NONE && a.report.resealed == 0);
    leave(&a);
}

static void check_reseal(struct key_view *view)
{
    struct system_secrets kept = secrets;
    secrets.at[0] = kept.at[1];
    secrets.at[1] = kept.at[0];
    struct asker a = run(view, &(struct key_order){.task = KEYS_RESEAL});
    CHECK(a.report.resealed == 4);
    leave(&a);
    secrets.count = 1;
    a = run(view, &(struct key_order){.task = KEYS_TEND});
    CHECK(a.flow.fault.kind == FAULT_NONE);
    leave(&a);
    secrets = kept;
}

/* a view of its own, as another process has it */
static void check_wrong_secret(void)
{
    struct key_view *view = key_view_create();
    struct system_secrets kept = secrets;
    secrets.at[0] = kept.at[0];
    secrets.count = 1;
    struct asker a = run(view, &(struct key_order){.task = KEYS_TEND});
    CHECK(a.flow.fault.kind == FAULT_INPUT && strstr(a.flow.fault.what, "secrets.system") != NULL);
    leave(&a);
    secrets = kept;
    key_view_destroy(view);
}

static void check_race(struct key_view *view)
{
    static struct asker askers[ASKERS];
    for (size_t i = 0; i < ASKERS; i++)
        begin(&askers[i], view, &(struct key_order){.task = KEYS_ROTATE, .rotation = {.force = true}});
    for (size_t i = 0; i < ASKERS; i++) {
        await(&askers[i]);
        CHECK(askers[i].flow.fault.kind == FAULT_NONE && askers[i].report.rotation.outcome == KEYS_ROTATE_PLANNED);
    }
    for (size_t i = 0; i < ASKERS; i++) leave(&askers[i]);
    struct asker a = run(view, &(struct key_order){.task = KEYS_TEND});
    for (size_t i = 1; i < a.report.reading.count; i++) {
        const struct key_material *key = &a.report.reading.rows[i];
        if (key->algorithm == key[-1].algorithm) CHECK(key->epoch == key[-1].epoch + 1);
    }
    leave(&a);
}

static void check_leaving(struct key_view *view)
{
    static struct asker a;
    size_t before = published(view);
    TEST("who asked may leave: the order is done all the same")
    {
        begin(&a, view, &(struct key_order){.task = KEYS_ROTATE, .rotation = {.force = true}});
        flow_release(&a.flow);
        int64_t until_ms = clock_steady_ms() + 10000;
        while (a.desk.works != NULL && clock_steady_ms() < until_ms) loop_run(loop, 20);
        CHECK(a.desk.works == NULL && published(view) == before + 2);
        leave(&a);
    }
    TEST("a desk may be closed at any moment, wherever the work stands")
    {
        for (int turns = 0; turns < 12; turns++) {
            begin(&a, view, &(struct key_order){.task = KEYS_ROTATE, .rotation = {.force = true}});
            for (int i = 0; i < turns; i++) loop_run(loop, 1);
            if (!a.ended) flow_release(&a.flow);
            leave(&a);
        }
        for (int i = 0; i < 50; i++) loop_run(loop, 5); /* threads that nobody waits for any more */
    }
}

int main(void)
{
    log_set(LOG_ERROR, LOG_JSON);
    secrets = fixture_secrets();
    open_storage();
    loop = loop_create();
    crew = aside_crew_create(1, NULL);
    struct key_view *view = key_view_create();
    TEST("the first work makes a pair of keys for each algorithm, the second nothing") check_first(view);
    TEST("orders are done, and the view shows it when they are answered") check_orders(view);
    TEST("what is resealed needs the first secret alone") check_reseal(view);
    TEST("with the wrong secret the work fails, naming the key and what to do") check_wrong_secret();
    TEST("orders at once are done one after the other, on any number of desks") check_race(view);
    check_leaving(view);
    key_view_destroy(view);
    loop_destroy(loop);
    aside_crew_destroy(crew);
    storage_close(storage);
    return TEST_END();
}
