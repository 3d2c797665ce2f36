#include "base/flow.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"

void flow_init(struct flow *f, const struct step *steps, void (*finish)(struct flow *))
{
    *f = (struct flow){.at = steps, .finish = finish};
}

static bool is_over(const struct flow *f) { return f->at->run == NULL || f->fault.kind != FAULT_NONE; }

static void cancel_wait(struct flow *f)
{
    struct wait *waiting = f->waiting;
    f->waiting = NULL;
    if (waiting != NULL) waiting->cancel(waiting);
}

/* runs the step that the flow stands at; false when the driver has to stop there, for now or for good */
static bool run_step(struct flow *f)
{
    f->woken = false;
    enum step_result result = f->at->run(f);
    if (f->fault.kind != FAULT_NONE) return false;
    assert(f->entered == NULL || result == STEP_NEXT);
    if (result == STEP_WAIT && !f->woken) {
        assert(f->waiting != NULL);
        return false;
    }
    assert(f->waiting == NULL && f->woken == (result == STEP_WAIT));
    if (result == STEP_END) return false;
    f->at = f->entered != NULL ? f->entered : f->at + 1;
    f->entered = NULL;
    return true;
}

static void begin_wait(struct flow *f)
{
    f->waits_on = f->waiting->on;
    f->wait_began_us = clock_steady_us();
}

static void end_wait(struct flow *f)
{
    if (f->waits_on == NULL) return;
    const char *on = f->waits_on;
    f->waits_on = NULL;
    if (f->waited != NULL) f->waited(f, on, clock_steady_us() - f->wait_began_us);
}

void flow_drive(struct flow *f)
{
    assert(!f->running && !f->finished && f->waiting == NULL);
    f->running = true;
    while (!is_over(f) && run_step(f)) continue;
    f->running = false;
    if (f->fault.kind != FAULT_NONE) cancel_wait(f); /* asked for in the same step in which the fault came */
    if (f->waiting != NULL) {
        begin_wait(f);
        return;
    }
    f->finished = true;
    f->finish(f); /* f may be gone now */
}

void flow_enter(struct flow *f, const struct step *steps)
{
    assert(f->running && steps != NULL);
    f->entered = steps;
}

void flow_wake(struct flow *f)
{
    assert(!f->finished && (f->running || f->waiting != NULL));
    f->waiting = NULL;
    f->woken = true;
    if (f->running) return;
    end_wait(f);
    f->at++;
    flow_drive(f);
}

static void keep_fault(struct flow *f, const struct fault *fault)
{
    assert(fault->kind != FAULT_NONE);
    if (f->fault.kind == FAULT_NONE) f->fault = *fault; /* the first one is why */
}

void flow_fail(struct flow *f, const struct fault *fault)
{
    assert(!f->finished && (f->running || f->waiting != NULL));
    f->waiting = NULL;
    f->woken = true;
    keep_fault(f, fault);
    if (f->running) return;
    end_wait(f);
    flow_drive(f);
}

void flow_abort(struct flow *f, enum fault_kind kind, const char *where, const char *what)
{
    if (f->finished) return;
    struct fault fault;
    fault_set(&fault, kind, where, "%s", what);
    cancel_wait(f);
    keep_fault(f, &fault);
    if (f->running) return;
    end_wait(f);
    flow_drive(f);
}

void flow_release(struct flow *f)
{
    assert(!f->running);
    cancel_wait(f);
    f->finished = true;
}

void flow_describe(const struct flow *f, char *at, unsigned long size)
{
    const char *step = f->at->name == NULL ? "end" : f->at->name;
    if (f->finished)
        snprintf(at, size, "finished at step %s", step);
    else if (f->waiting == NULL)
        snprintf(at, size, "at step %s", step);
    else
        snprintf(at, size, "at step %s, waiting for %s", step, f->waiting->on);
}
