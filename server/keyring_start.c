/* keyring_start: at a start, reads the key table, makes the keys that are missing, and opens the ring. */
#include "server/app.h"

#include "storage/storage.h"

enum { START_ARENA_MAX = 1024 * 1024, START_MAX_MS = 15 * 1000, NEW_KEYS_MAX = 2 * KEY_ALGORITHM_COUNT };

struct key_start {
    struct flow flow;
    struct store *store;
    const struct settings *settings;
    struct arena arena;
    struct key_list list;
    struct key_material *present; /* list.rows as keys/ knows them */
    struct key_row made[NEW_KEYS_MAX];
    struct key_batch batch;
    struct keyring *ring;
};

static struct key_start *start_of(struct flow *flow) { return (struct key_start *)flow; }

static bool read_row(const struct key_row *row, struct key_material *out, struct fault *fault)
{
    *out = (struct key_material){.kid = row->kid, .epoch = row->epoch, .created_at = row->created_at, .activate_at = row->activate_at,
        .retire_at = row->retire_at, .remove_at = row->remove_at, .public_jwk = row->public_jwk, .sealed_private = row->sealed_private};
    if (key_algorithm_parse(row->algorithm, &out->algorithm)) return true;
    return fault_set(fault, FAULT_INPUT, "keys", "key %.*s has an algorithm that this version doesn't know", BYTES_PRINT(row->kid));
}

static struct key_row write_row(const struct key_material *key)
{
    return (struct key_row){.kid = key->kid, .algorithm = key_algorithm_name(key->algorithm), .epoch = key->epoch, .created_at = key->created_at,
        .activate_at = key->activate_at, .retire_at = key->retire_at, .remove_at = key->remove_at, .public_jwk = key->public_jwk, .sealed_private = key->sealed_private};
}

static enum step_result list_keys(struct flow *flow)
{
    struct key_start *s = start_of(flow);
    return ask_list_keys(flow, s->store, &s->arena, &s->list);
}

static enum step_result read_keys(struct flow *flow)
{
    struct key_start *s = start_of(flow);
    s->present = arena_take(&s->arena, (s->list.count + 1) * sizeof *s->present);
    if (s->present == NULL) return fault_set(&flow->fault, FAULT_BUG, "keys", "no room"), STEP_END;
    for (size_t i = 0; i < s->list.count; i++)
        if (!read_row(&s->list.rows[i], &s->present[i], &flow->fault)) return STEP_END;
    return STEP_NEXT;
}

static enum step_result make_keys(struct flow *flow)
{
    struct key_start *s = start_of(flow);
    const struct policy *policy = &s->settings->policy;
    struct key_material planned[NEW_KEYS_MAX];
    const struct key_plan_ask ask = {s->present, s->list.count, policy->algorithms, policy->algorithm_count, &s->settings->key_times, s->list.now};
    const struct key_making how = {&policy->secrets, s->settings->rsa_bits};
    size_t count = keys_plan(&ask, planned);
    for (size_t i = 0; i < count; i++) {
        if (!key_make(planned[i].algorithm, &how, &s->arena, &planned[i], &flow->fault)) return STEP_END;
        s->made[i] = write_row(&planned[i]);
        log_say(LOG_INFO, "key_made", "%.*s %.*s", BYTES_PRINT(s->made[i].algorithm), BYTES_PRINT(s->made[i].kid));
    }
    s->batch = (struct key_batch){s->made, count};
    return STEP_NEXT;
}

static enum step_result add_keys(struct flow *flow)
{
    struct key_start *s = start_of(flow);
    return s->batch.count == 0 ? STEP_NEXT : ask_add_keys(flow, s->store, &s->batch);
}

static enum step_result open_ring(struct flow *flow)
{
    struct key_start *s = start_of(flow);
    s->ring = keyring_create(s->present, s->list.count, &s->settings->policy.secrets, s->list.now, &flow->fault);
    return STEP_NEXT;
}

/* After the keys were added they are read again: another replica may have been first. */
static const struct step STEPS[] = {
    {"list_keys", list_keys}, /* waits for storage */
    {"read_keys", read_keys},
    {"make_keys", make_keys},
    {"add_keys", add_keys},         /* waits for storage */
    {"list_keys_again", list_keys}, /* waits for storage */
    {"read_keys_again", read_keys},
    {"open_ring", open_ring},
    {"finish", NULL},
};

static void finish(struct flow *flow) { (void)flow; }

static void run_to_end(struct flow *flow, struct loop *loop)
{
    int64_t until_ms = loop_now_ms(loop) + START_MAX_MS;
    flow_drive(flow);
    while (!flow->finished && loop_now_ms(loop) < until_ms) loop_run(loop, 100);
    flow_abort(flow, FAULT_LATE, "keys", "the database did not answer in time");
}

struct keyring *start_keyring(struct storage *storage, const struct settings *settings, struct fault *fault)
{
    struct loop *loop = loop_create();
    struct key_start s = {.settings = settings, .store = storage_attach(storage, loop)};
    arena_init(&s.arena, START_ARENA_MAX);
    flow_init(&s.flow, STEPS, finish);
    run_to_end(&s.flow, loop);
    if (s.ring == NULL) *fault = s.flow.fault;
    storage_detach(s.store);
    arena_release(&s.arena);
    loop_destroy(loop);
    return s.ring;
}
