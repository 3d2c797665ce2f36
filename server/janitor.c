#include "server/janitor.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/random.h"

struct janitor {
    struct flow flow;
    struct loop *loop;
    struct store *store;
    struct timer timer;
    struct swept swept;
};

static struct janitor *janitor_of(struct flow *flow) { return (struct janitor *)flow; }

static enum step_result sweep(struct flow *flow)
{
    struct janitor *j = janitor_of(flow);
    return ask_sweep(flow, j->store, SWEEP_LIMIT, &j->swept);
}

static const struct step STEPS[] = {
    {"sweep", sweep}, /* waits for storage */
    {"finish", NULL},
};

static void finish(struct flow *flow)
{
    struct janitor *j = janitor_of(flow);
    bool failed = flow->fault.kind != FAULT_NONE;
    if (failed) log_fault(LOG_DEBUG, "sweep", &flow->fault);
    if (!failed && j->swept.count > 0) log_say(LOG_DEBUG, "sweep", "removed %llu", (unsigned long long)j->swept.count);
    bool more = !failed && j->swept.count >= SWEEP_LIMIT;
    timer_start(j->loop, &j->timer, more ? SWEEP_PAUSE_MS : SWEEP_EVERY_MS);
}

static void run(struct timer *timer)
{
    struct janitor *j = (struct janitor *)((char *)timer - offsetof(struct janitor, timer));
    flow_init(&j->flow, STEPS, finish);
    flow_drive(&j->flow);
}

struct janitor *janitor_create(struct loop *loop, struct store *store)
{
    struct janitor *j = calloc(1, sizeof *j);
    if (j == NULL) abort();
    *j = (struct janitor){.loop = loop, .store = store, .timer = {.run = run}};
    flow_init(&j->flow, STEPS, finish);
    timer_start(loop, &j->timer, (int64_t)random_below(SWEEP_EVERY_MS)); /* replicas that start together don't sweep together */
    return j;
}

void janitor_destroy(struct janitor *j)
{
    if (j == NULL) return;
    timer_stop(j->loop, &j->timer);
    flow_release(&j->flow);
    free(j);
}
