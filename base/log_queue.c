#include "base/log_queue.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"

struct lines {
    char *at;
    size_t len;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* the first line came, or the state changed */
    enum queue_state { QUEUE_OFF, QUEUE_RUNS, QUEUE_ENDS, QUEUE_DONE, QUEUE_STUCK } state;
    struct lines waiting, taken; /* taken: the thread's own */
    uint64_t lost;               /* not told of yet */
    int fd;
    void (*tell_lost)(uint64_t count);
    pthread_t thread;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct timespec steady_in(int64_t ms)
{
    int64_t at_ms = clock_steady_ms() + ms;
    return (struct timespec){.tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000};
}

static void enter(enum queue_state state)
{
    queue.state = state;
    pthread_cond_broadcast(&queue.changed);
}

/* false when that time has come */
static bool wait_until(const struct timespec *until)
{
    return pthread_cond_clockwait(&queue.changed, &queue.lock, CLOCK_MONOTONIC, until) != ETIMEDOUT;
}

static void count_lost(uint64_t count)
{
    pthread_mutex_lock(&queue.lock);
    queue.lost += count;
    pthread_mutex_unlock(&queue.lock);
    metric_add(METRIC_LOG_LINES_LOST, (int64_t)count);
}

/* ---- on the thread ---- */

/* for others to come along */
static void rest(void)
{
    struct timespec until = steady_in(LOG_QUEUE_REST_MS);
    while (queue.state == QUEUE_RUNS && wait_until(&until)) continue;
}

/* false: it is over, and nothing waits */
static bool take_lines(void)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.state == QUEUE_RUNS && queue.waiting.len == 0) pthread_cond_wait(&queue.changed, &queue.lock);
    rest();
    struct lines taken = queue.waiting;
    queue.waiting = (struct lines){queue.taken.at, 0};
    queue.taken = taken;
    if (taken.len == 0 && queue.state == QUEUE_ENDS) enter(QUEUE_DONE);
    pthread_mutex_unlock(&queue.lock);
    return taken.len > 0;
}

/* the last end of a line within len, or the first behind it */
static size_t whole_lines_len(struct bytes lines, size_t len)
{
    if (lines.len <= len) return lines.len;
    const char *end = memrchr(lines.at, '\n', len);
    return end != NULL ? (size_t)(end - lines.at) + 1 : bytes_find(lines, '\n') + 1;
}

/* false: it can't be written */
static bool write_all(struct bytes piece)
{
    while (piece.len > 0) {
        ssize_t wrote = write(queue.fd, piece.at, piece.len);
        if (wrote >= 0)
            piece = (struct bytes){piece.at + wrote, piece.len - (size_t)wrote};
        else if (errno == EAGAIN)
            poll(&(struct pollfd){.fd = queue.fd, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR)
            return false;
    }
    return true;
}

static uint64_t count_lines(struct bytes lines)
{
    uint64_t count = 0;
    for (size_t i = 0; i < lines.len; i++) count += lines.at[i] == '\n';
    return count;
}

/* false: some can't be written */
static bool write_lines(struct bytes lines)
{
    uint64_t lost = 0;
    while (lines.len > 0) {
        struct bytes piece = {lines.at, whole_lines_len(lines, PIPE_BUF)};
        if (!write_all(piece)) lost += count_lines(piece);
        lines = (struct bytes){lines.at + piece.len, lines.len - piece.len};
    }
    if (lost > 0) count_lost(lost);
    return lost == 0;
}

static void tell_of_lost(void)
{
    pthread_mutex_lock(&queue.lock);
    uint64_t lost = queue.lost;
    queue.lost = 0;
    pthread_mutex_unlock(&queue.lock);
    if (lost > 0) queue.tell_lost(lost);
}

static void *run(void *data)
{
    (void)data;
    bool written = true;
    while (take_lines()) {
        if (written) tell_of_lost(); /* now there is room for it, behind the last that had some */
        written = write_lines((struct bytes){queue.taken.at, queue.taken.len});
    }
    return NULL;
}

/* ---- its verbs ---- */

static void free_lines(void)
{
    free(queue.waiting.at);
    free(queue.taken.at);
    queue.waiting = queue.taken = (struct lines){NULL, 0};
}

bool log_queue_start(int fd, void (*tell_lost)(uint64_t count), struct fault *fault)
{
    pthread_mutex_lock(&queue.lock);
    assert(queue.state == QUEUE_OFF);
    queue.fd = fd;
    queue.tell_lost = tell_lost;
    queue.waiting.at = malloc(LOG_QUEUE_MAX);
    queue.taken.at = malloc(LOG_QUEUE_MAX);
    if (queue.waiting.at == NULL || queue.taken.at == NULL) abort();
    int error = pthread_create(&queue.thread, NULL, run, NULL);
    if (error == 0)
        enter(QUEUE_RUNS); /* before the thread, which waits for the lock, looks */
    else
        free_lines();
    pthread_mutex_unlock(&queue.lock);
    return error == 0 || fault_set(fault, FAULT_FULL, "log", "no thread to write it: %s", strerror(error));
}

/* under the lock */
static bool append(struct bytes line)
{
    struct lines *waiting = &queue.waiting;
    if (queue.state == QUEUE_STUCK || line.len > LOG_QUEUE_MAX - waiting->len) return false;
    if (waiting->len == 0) pthread_cond_signal(&queue.changed);
    memcpy(waiting->at + waiting->len, line.at, line.len);
    waiting->len += line.len;
    return true;
}

bool log_queue_put(struct bytes line)
{
    pthread_mutex_lock(&queue.lock);
    bool runs = queue.state != QUEUE_OFF && queue.state != QUEUE_DONE;
    bool appended = runs && append(line);
    pthread_mutex_unlock(&queue.lock);
    if (runs && !appended) count_lost(1);
    return runs;
}

void log_queue_stop(void)
{
    struct timespec until = steady_in(LOG_QUEUE_END_MS);
    pthread_mutex_lock(&queue.lock);
    if (queue.state == QUEUE_RUNS) enter(QUEUE_ENDS);
    while (queue.state == QUEUE_ENDS)
        if (!wait_until(&until)) enter(QUEUE_STUCK);
    if (queue.state == QUEUE_DONE) {
        pthread_join(queue.thread, NULL);
        free_lines();
        enter(QUEUE_OFF);
    }
    pthread_mutex_unlock(&queue.lock);
}
