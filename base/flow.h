/* flow: runs a table of named steps for one piece of work, one wait at a time.
 * Rules: only the driver calls steps; no step calls another; steps go forward; a step that returns STEP_WAIT has set
 * flow->waiting (through an ask_ function) and is not run again: the next step runs when flow_wake is called. flow_wake may
 * come inside the step that asked. A fault skips to finish, which runs once. What is awaited lives in the operation's own
 * memory; cancel only detaches the waiter: what was sent may still happen. An operation ends like this: write the result
 * to where the waiter said, free yourself, flow_wake or flow_fault, touch nothing after. */
#ifndef BASE_FLOW_H
#define BASE_FLOW_H

#include "base/fault.h"

#include <stdint.h>

enum step_result { STEP_NEXT, STEP_WAIT, STEP_END };

struct flow;
struct step {
    const char *name;
    enum step_result (*run)(struct flow *flow); /* NULL in the last row */
};

struct wait {
    const char *on; /* "storage: rotate" */
    void (*cancel)(struct wait *wait);
};

struct flow {
    const struct step *at;
    struct wait *waiting;
    struct fault fault;
    const struct step *entered; /* flow_enter: the table that follows the step that runs */
    bool running, woken, finished;
    void (*finish)(struct flow *flow); /* may free the flow */
    /* Told after each wait that suspended the flow: on what and for how long. May be NULL. */
    void (*waited)(struct flow *flow, const char *on, int64_t us);
    const char *waits_on;
    int64_t wait_began_us; /* steady */
};

void flow_init(struct flow *f, const struct step *steps, void (*finish)(struct flow *));
/* runs steps until one waits or all are done */
void flow_drive(struct flow *f);
/* From a step that then returns STEP_NEXT: goes on with the first row of another table (the token endpoint enters a grant's). */
void flow_enter(struct flow *f, const struct step *steps);
/* the operation that the flow waits for has its outcome */
void flow_wake(struct flow *f);
/* the operation that the flow waits for failed: the flow goes to finish */
void flow_fail(struct flow *f, const struct fault *fault);
/* from outside (deadline, the client left, drain): cancels what is awaited and goes to finish. Nothing once finished. */
void flow_abort(struct flow *f, enum fault_kind kind, const char *where, const char *what);
/* for dispose: cancels what is awaited, runs nothing */
void flow_release(struct flow *f);
/* "at step rotate, waiting for storage: rotate" */
void flow_describe(const struct flow *f, char *at, unsigned long size);

#endif
