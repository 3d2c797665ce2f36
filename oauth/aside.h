/* aside: a piece of work done on a thread of its own while its flow waits: for what takes a loop's thread too long, such as making and opening RSA keys.
 *
 * Rule: embedded in its owner; run may touch whatever the waiting flow keeps, since nobody else does meanwhile. Cancelling waits for run's end: only an end
 * of the process cancels. */
#ifndef OAUTH_ASIDE_H
#define OAUTH_ASIDE_H

#include <pthread.h>

#include "base/flow.h"
#include "net/loop.h"

struct aside {
    void (*run)(void *data); /* on the thread */
    void *data;
    /* its own */
    struct wait wait;
    struct flow *waiter;
    struct watch *watch;
    int bell; /* eventfd: rung at the end of run */
    pthread_t thread;
};
/* run and data are set; the flow fails with FAULT_FULL when there is no thread to be had */
enum step_result ask_aside(struct flow *flow, struct loop *loop, struct aside *aside);

#endif
