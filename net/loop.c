#include "net/loop_h2o.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"

struct loop {
    h2o_loop_t *h2o;
    h2o_multithread_queue_t *queue;
    h2o_multithread_receiver_t resolver;
    struct {
        h2o_multithread_receiver_t receiver;
        h2o_multithread_message_t bell; /* on its way whenever first isn't NULL */
        pthread_mutex_t lock;
        struct post *first, **last;
    } posts;
    struct {
        struct timer **heap; /* from 1: the earliest */
        size_t count, cap;
        int64_t ran_until_ms;
    } timers;
};

static void *must_have(void *memory)
{
    if (memory == NULL) abort();
    return memory;
}

/* ---- timers: a binary heap ---- */

static void timer_place(struct loop *loop, struct timer *timer, size_t place)
{
    loop->timers.heap[place] = timer;
    timer->place = (uint32_t)place;
}

static void timer_rise(struct loop *loop, struct timer *timer, size_t place)
{
    for (; place > 1 && loop->timers.heap[place / 2]->due_ms > timer->due_ms; place /= 2)
        timer_place(loop, loop->timers.heap[place / 2], place);
    timer_place(loop, timer, place);
}

static void timer_sink(struct loop *loop, struct timer *timer, size_t place)
{
    struct timer **heap = loop->timers.heap;
    size_t count = loop->timers.count;
    for (size_t child; (child = place * 2) <= count; place = child) {
        if (child < count && heap[child + 1]->due_ms < heap[child]->due_ms) child++;
        if (heap[child]->due_ms >= timer->due_ms) break;
        timer_place(loop, heap[child], place);
    }
    timer_place(loop, timer, place);
}

void timer_stop(struct loop *loop, struct timer *timer)
{
    size_t place = timer->place;
    if (place == 0) return;
    assert(place <= loop->timers.count && loop->timers.heap[place] == timer);
    timer->place = 0;
    struct timer *last = loop->timers.heap[loop->timers.count--];
    if (last == timer) return;
    timer_sink(loop, last, place);
    timer_rise(loop, last, last->place);
}

void timer_start(struct loop *loop, struct timer *timer, int64_t after_ms)
{
    timer_stop(loop, timer);
    if (loop->timers.count + 1 >= loop->timers.cap) {
        loop->timers.cap = loop->timers.cap == 0 ? 64 : loop->timers.cap * 2;
        loop->timers.heap = must_have(realloc(loop->timers.heap, loop->timers.cap * sizeof(struct timer *)));
    }
    timer->due_ms = loop_now_ms(loop) + after_ms;
    /* one that starts itself again at once waits for the next turn, so that sockets get theirs */
    if (timer->due_ms <= loop->timers.ran_until_ms) timer->due_ms = loop->timers.ran_until_ms + 1;
    timer_rise(loop, timer, ++loop->timers.count);
}

static void timers_run(struct loop *loop)
{
    loop->timers.ran_until_ms = loop_now_ms(loop);
    while (loop->timers.count > 0 && loop->timers.heap[1]->due_ms <= loop->timers.ran_until_ms) {
        struct timer *timer = loop->timers.heap[1];
        timer_stop(loop, timer);
        timer->run(timer);
    }
}

/* ---- posts: a list under a lock, and one message that rings when it was empty ---- */

void loop_post(struct loop *loop, struct post *post)
{
    post->next = NULL;
    pthread_mutex_lock(&loop->posts.lock);
    bool ring = loop->posts.first == NULL;
    *loop->posts.last = post;
    loop->posts.last = &post->next;
    if (ring) h2o_multithread_send_message(&loop->posts.receiver, &loop->posts.bell);
    pthread_mutex_unlock(&loop->posts.lock);
}

static struct post *posts_take(struct loop *loop)
{
    pthread_mutex_lock(&loop->posts.lock);
    struct post *first = loop->posts.first;
    loop->posts.first = NULL;
    loop->posts.last = &loop->posts.first;
    pthread_mutex_unlock(&loop->posts.lock);
    return first;
}

static void on_bell(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, posts.receiver, receiver);
    while (!h2o_linklist_is_empty(messages)) h2o_linklist_unlink(messages->next);
    for (struct post *post = posts_take(loop), *next; post != NULL; post = next) {
        next = post->next; /* run may free the post */
        post->run(post);
    }
}

/* ---- watches ---- */

struct watch {
    h2o_socket_t *socket;
    void (*on_ready)(void *data);
    void *data;
};

static void on_watch(h2o_socket_t *socket, const char *error)
{
    (void)error; /* what is wrong shows when the owner reads or writes */
    struct watch *watch = socket->data;
    watch->on_ready(watch->data);
}

struct watch *watch_create(struct loop *loop, int fd, void (*on_ready)(void *data), void *data)
{
    int own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own_fd < 0) return NULL;
    struct watch *watch = must_have(malloc(sizeof *watch));
    h2o_socket_t *socket = h2o_evloop_socket_create(loop->h2o, own_fd, H2O_SOCKET_FLAG_DONT_READ);
    *watch = (struct watch){.socket = socket, .on_ready = on_ready, .data = data};
    socket->data = watch;
    h2o_socket_read_start(socket, on_watch);
    return watch;
}

void watch_want_write(struct watch *watch)
{
    if (!h2o_socket_is_writing(watch->socket)) h2o_socket_notify_write(watch->socket, on_watch);
}

void watch_destroy(struct watch *watch)
{
    if (watch == NULL) return;
    h2o_socket_close(watch->socket);
    free(watch);
}

/* ---- the loop ---- */

struct loop *loop_create(void)
{
    struct loop *loop = must_have(calloc(1, sizeof *loop));
    loop->h2o = h2o_evloop_create();
    loop->queue = h2o_multithread_create_queue(loop->h2o);
    h2o_multithread_register_receiver(loop->queue, &loop->resolver, h2o_hostinfo_getaddr_receiver);
    h2o_multithread_register_receiver(loop->queue, &loop->posts.receiver, on_bell);
    pthread_mutex_init(&loop->posts.lock, NULL);
    loop->posts.last = &loop->posts.first;
    return loop;
}

/* Ends what was begun outside libh2o's turn, in a timer or between two turns. libh2o does so for its own timers only; a
 * socket that was closed out here while it stood in the list of finished writes would be freed and run after that, and
 * one that was written to would be polled for a write that nobody waits for any more, which its assert answers. */
static void finish_outside(struct loop *loop) { h2o_timeout__do_post_callback(loop->h2o); }

void loop_destroy(struct loop *loop)
{
    finish_outside(loop);
    h2o_evloop_run(loop->h2o, 0); /* what was closed or posted in the last turn is freed in the next */
    assert(loop->timers.count == 0 && loop->posts.first == NULL);
    h2o_multithread_unregister_receiver(loop->queue, &loop->resolver);
    h2o_multithread_unregister_receiver(loop->queue, &loop->posts.receiver);
    h2o_multithread_destroy_queue(loop->queue);
    h2o_evloop_destroy(loop->h2o);
    pthread_mutex_destroy(&loop->posts.lock);
    free(loop->timers.heap);
    free(loop);
}

static int32_t loop_wait_ms(const struct loop *loop, int32_t max_wait_ms)
{
    if (loop->timers.count == 0) return max_wait_ms;
    int64_t wait_ms = loop->timers.heap[1]->due_ms - loop_now_ms(loop);
    if (wait_ms < 0) return 0;
    return wait_ms < max_wait_ms ? (int32_t)wait_ms : max_wait_ms;
}

void loop_run(struct loop *loop, int32_t max_wait_ms)
{
    finish_outside(loop);
    h2o_evloop_run(loop->h2o, loop_wait_ms(loop, max_wait_ms)); /* fails when a signal came: a turn like any other */
    timers_run(loop);
}

int64_t loop_now_ms(const struct loop *loop)
{
    (void)loop;
    return clock_steady_ms();
}

h2o_loop_t *loop_h2o(struct loop *loop) { return loop->h2o; }
h2o_multithread_receiver_t *loop_resolver(struct loop *loop) { return &loop->resolver; }
