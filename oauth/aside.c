#include "oauth/aside.h"

#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void *run(void *data)
{
    struct aside *aside = data;
    aside->run(aside->data);
    eventfd_write(aside->bell, 1);
    return NULL;
}

static void close_bell(struct aside *aside)
{
    watch_destroy(aside->watch);
    close(aside->bell);
}

static void end(struct aside *aside)
{
    pthread_join(aside->thread, NULL);
    close_bell(aside);
}

static void on_bell(void *data)
{
    struct aside *aside = data;
    end(aside);
    flow_wake(aside->waiter);
}

static void cancel(struct wait *wait) { end((struct aside *)((char *)wait - offsetof(struct aside, wait))); }

static enum step_result refuse(struct flow *flow, const char *what)
{
    fault_set(&flow->fault, FAULT_FULL, "aside", "%s", what);
    return STEP_END;
}

enum step_result ask_aside(struct flow *flow, struct loop *loop, struct aside *aside)
{
    aside->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (aside->bell < 0) return refuse(flow, "no descriptor is left");
    aside->watch = watch_create(loop, aside->bell, on_bell, aside);
    aside->wait = (struct wait){"aside", cancel};
    aside->waiter = flow;
    if (aside->watch == NULL || pthread_create(&aside->thread, NULL, run, aside) != 0) {
        close_bell(aside);
        return refuse(flow, "no thread could be started");
    }
    flow->waiting = &aside->wait;
    return STEP_WAIT;
}
