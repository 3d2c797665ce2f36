/* ready: does Kratos say that it can work ({admin}/admin/health/ready: 200 and {"status":"ok"})? One call at a time,
 * whoever wants to know. Rule: a wait is its owner's, and must be forgotten before its memory goes. */
#ifndef IDENTITY_KRATOS_READY_H
#define IDENTITY_KRATOS_READY_H

#include "net/client.h"

struct ready_wait {
    void (*run)(struct ready_wait *wait, bool good);
    int64_t since_ms; /* loop's time; what was asked then or before proves nothing */
    struct ready_wait *next;
    bool waiting;
};

struct ready {
    struct loop *loop;
    struct upstream *admin;
    struct call_handle *call; /* under way, or NULL */
    int64_t asked_at_ms;      /* the last one; loop's time */
    bool good;                /* what was answered */
    struct ready_wait *waits;
};

void ready_init(struct ready *ready, struct loop *loop, struct upstream *admin);
/* before the upstream goes; nobody is told */
void ready_release(struct ready *ready);
/* runs wait->run once, with an answer that was asked for after since_ms: at once where the last one was, else when
 * there is one. No answer is not good. */
void ready_tell(struct ready *ready, struct ready_wait *wait);
/* wait->run is not run any more; nothing when it had been, or never waited */
void ready_forget(struct ready *ready, struct ready_wait *wait);

#endif
