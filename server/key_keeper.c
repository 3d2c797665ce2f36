#include "server/key_keeper.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

enum {
    TICK_MS = 1000, /* how soon a jump of the clock is seen */
    JUMP_LEAST_MS = 2000,
    AGAIN_MS = 5000, /* after a fault */
    READING_ARENA_MAX = 16 * 1024 * 1024,
    START_MAX_MS = 120 * 1000, /* RSA keys of 4096 bits on a slow machine */
};

struct key_keeper {
    struct flow flow; /* first */
    struct loop *loop;
    struct key_desk *desk;
    struct timer timer;
    struct arena arena;
    struct key_report report;
    int64_t due_ms;            /* steady: the next reading */
    int64_t wall_ahead_ms;     /* this machine's clock before its steady one, as the last tick saw it */
    bool reading, asked_again; /* a hint came while one was under way */
};

static struct key_keeper *keeper_of(struct flow *flow) { return (struct key_keeper *)flow; }

/* ---- one reading ---- */

static enum step_result tend(struct flow *flow)
{
    struct key_keeper *k = keeper_of(flow);
    const struct key_order order = {.task = KEYS_TEND};
    return ask_keys(flow, k->desk, &order, &k->arena, &k->report);
}

static const struct step STEPS[] = {
    {"tend", tend}, /* waits for storage, and for a thread that makes keys */
    {"finish", NULL},
};

/* Replicas that started together don't read together; two readings are never more than KEYS_POLL_MS apart. */
static int64_t poll_ms(void) { return KEYS_POLL_MS - (int64_t)random_below(KEYS_POLL_MS / 4); }

static void finish(struct flow *flow)
{
    struct key_keeper *k = keeper_of(flow);
    bool failed = flow->fault.kind != FAULT_NONE;
    if (failed) log_fault(LOG_WARN, "keys_not_read", &flow->fault);
    arena_release(&k->arena);
    k->reading = false;
    k->due_ms = clock_steady_ms() + (failed ? AGAIN_MS : poll_ms());
    if (k->asked_again) k->due_ms = clock_steady_ms();
    k->asked_again = false;
}

static void read_now(struct key_keeper *k)
{
    k->reading = true;
    flow_init(&k->flow, STEPS, finish);
    flow_drive(&k->flow);
}

/* ---- when ---- */

static bool has_jumped(struct key_keeper *k)
{
    int64_t ahead_ms = clock_now_ms() - clock_steady_ms(), by_ms = ahead_ms - k->wall_ahead_ms;
    k->wall_ahead_ms = ahead_ms;
    return by_ms > JUMP_LEAST_MS || by_ms < -JUMP_LEAST_MS;
}

static void on_tick(struct timer *timer)
{
    struct key_keeper *k = (struct key_keeper *)((char *)timer - offsetof(struct key_keeper, timer));
    if (has_jumped(k)) k->due_ms = clock_steady_ms();
    if (!k->reading && clock_steady_ms() >= k->due_ms) read_now(k);
    timer_start(k->loop, &k->timer, TICK_MS);
}

static void on_hint(void *data)
{
    struct key_keeper *k = data;
    if (k->reading) {
        k->asked_again = true;
        return;
    }
    k->due_ms = clock_steady_ms();
    timer_start(k->loop, &k->timer, 0);
}

struct key_keeper *key_keeper_create(struct loop *loop, struct key_desk *desk)
{
    struct key_keeper *k = calloc(1, sizeof *k);
    if (k == NULL) abort();
    *k = (struct key_keeper){.loop = loop, .desk = desk, .timer = {.run = on_tick}, .due_ms = clock_steady_ms() + poll_ms()};
    k->wall_ahead_ms = clock_now_ms() - clock_steady_ms();
    arena_init(&k->arena, READING_ARENA_MAX);
    flow_init(&k->flow, STEPS, finish);
    storage_on_key_hint(desk->store, on_hint, k);
    timer_start(loop, &k->timer, TICK_MS);
    return k;
}

void key_keeper_destroy(struct key_keeper *k)
{
    if (k == NULL) return;
    storage_on_key_hint(k->desk->store, NULL, NULL);
    timer_stop(k->loop, &k->timer);
    flow_release(&k->flow);
    arena_release(&k->arena);
    free(k);
}

/* ---- the first reading ---- */

static void finish_start(struct flow *flow) { (void)flow; }

static void run_to_end(struct flow *flow, struct loop *loop)
{
    int64_t until_ms = loop_now_ms(loop) + START_MAX_MS;
    flow_drive(flow);
    while (!flow->finished && loop_now_ms(loop) < until_ms) loop_run(loop, 100);
    flow_abort(flow, FAULT_LATE, "keys", "the first keys were not there in time");
}

bool key_keeper_start(struct key_view *view, const struct key_rules *rules, struct storage *storage, struct aside_crew *crew, struct fault *fault)
{
    struct loop *loop = loop_create();
    struct key_desk desk = {.view = view, .rules = rules, .store = storage_attach(storage, loop), .loop = loop, .crew = crew};
    struct key_keeper start = {.desk = &desk};
    arena_init(&start.arena, READING_ARENA_MAX);
    flow_init(&start.flow, STEPS, finish_start);
    run_to_end(&start.flow, loop);
    *fault = start.flow.fault;
    key_desk_close(&desk);
    storage_detach(desk.store);
    arena_release(&start.arena);
    loop_destroy(loop);
    return fault->kind == FAULT_NONE;
}
