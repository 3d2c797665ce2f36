/* loop: one event loop for one thread: timers, watched descriptors, messages from other threads.
 * Rule: everything that belongs to a loop is touched by its thread only, except loop_post. Callbacks run from loop_run,
 * never from inside the call that asked. h2o's evloop is underneath; nobody above net/ sees it. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct loop *loop_create(void); /* never NULL: aborts without memory */
/* everything started on it must have been stopped before */
void loop_destroy(struct loop *loop);
/* runs what is due, waits at most max_wait_ms for something to happen */
void loop_run(struct loop *loop, int32_t max_wait_ms);
/* milliseconds since some moment, steady: base/clock's */
int64_t loop_now_ms(const struct loop *loop);

/* A timer: one-shot; embedded in its owner. Any number, any duration: a heap. */
struct timer {
    void (*run)(struct timer *timer);
    int64_t due_ms;
    uint32_t place; /* 0: not started */
};
/* after_ms from now; 0: in the next turn. Started again: moved. */
void timer_start(struct loop *loop, struct timer *timer, int64_t after_ms);
void timer_stop(struct loop *loop, struct timer *timer); /* nothing when not started */

/* A watched descriptor. on_ready runs whenever it is readable and, after watch_want_write, once when it is writable.
 * The watch works on a dup of fd and closes only that; what fd names becomes non-blocking. */
struct watch;
/* NULL when the process has no descriptor left */
struct watch *watch_create(struct loop *loop, int fd, void (*on_ready)(void *data), void *data);
void watch_want_write(struct watch *watch);
void watch_destroy(struct watch *watch); /* may be called from its own on_ready; NULL is nothing */

/* A message from any thread: run is called on the loop's thread. The poster keeps the memory alive until then. */
struct post {
    void (*run)(struct post *post);
    struct post *next;
};
void loop_post(struct loop *loop, struct post *post);

#endif
