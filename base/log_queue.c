#include "base/log_queue.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"

struct lines {
    char *at;
    size_t len;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* the first line came, or many more, or the state changed */
    enum queue_state { QUEUE_OFF, QUEUE_RUNS, QUEUE_ENDS, QUEUE_DONE, QUEUE_STUCK } state;
    struct lines waiting;
    uint64_t lost; /* not told of yet */
    /* the thread's own */
    struct lines taken;
    bool torn; /* the last line was written in part */
    /* as they were at the start */
    int fd;
    log_queue_tell *tell;
    pthread_t thread;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* ---- under the lock ---- */

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

static bool are_many(void) { return queue.waiting.len >= LOG_QUEUE_MAX / 2; }

static void append(struct bytes line)
{
    struct lines *waiting = &queue.waiting;
    bool was_empty = waiting->len == 0, were_many = are_many();
    memcpy(waiting->at + waiting->len, line.at, line.len);
    waiting->len += line.len;
    if (was_empty || (are_many() && !were_many)) pthread_cond_broadcast(&queue.changed);
}

static void count_lost(uint64_t count)
{
    queue.lost += count;
    metric_add(METRIC_LOG_LINES_LOST, (int64_t)count);
}

/* for others to come along */
static void rest(void)
{
    struct timespec until = clock_deadline(LOG_QUEUE_REST_MS);
    while (queue.state == QUEUE_RUNS && !are_many() && wait_until(&until)) continue;
}

/* ---- on the thread ---- */

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

/* how much of it is written */
static size_t write_most(struct bytes piece)
{
    size_t len = 0;
    while (len < piece.len) {
        ssize_t wrote = write(queue.fd, piece.at + len, piece.len - len);
        if (wrote >= 0)
            len += (size_t)wrote;
        else if (errno == EAGAIN)
            poll(&(struct pollfd){.fd = queue.fd, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR)
            break;
    }
    return len;
}

/* whole lines, as much of them as can be written; behind a piece of a line they begin one of their own */
static size_t write_piece(struct bytes piece)
{
    if (queue.torn) queue.torn = write_most(BYTES("\n")) == 0;
    size_t len = queue.torn ? 0 : write_most(piece);
    if (len > 0) queue.torn = piece.at[len - 1] != '\n';
    return len;
}

static_assert(LOG_QUEUE_LINE_MAX <= PIPE_BUF, "each piece has a line's end");

static size_t whole_lines_len(struct bytes lines)
{
    if (lines.len <= PIPE_BUF) return lines.len;
    const char *end = memrchr(lines.at, '\n', PIPE_BUF);
    assert(end != NULL);
    return (size_t)(end - lines.at) + 1;
}

static uint64_t count_lines(struct bytes lines)
{
    uint64_t count = 0;
    for (size_t i = 0; i < lines.len; i++) count += lines.at[i] == '\n';
    return count;
}

/* how many of the lines can't be written */
static uint64_t write_lines(struct bytes lines)
{
    uint64_t lost = 0;
    while (lines.len > 0) {
        struct bytes piece = {lines.at, whole_lines_len(lines)};
        size_t len = write_piece(piece);
        lost += count_lines((struct bytes){piece.at + len, piece.len - len});
        lines = (struct bytes){lines.at + piece.len, lines.len - piece.len};
    }
    return lost;
}

/* Behind the lines that still had room. Where these can't be written neither can it. */
static void tell_of(uint64_t lost)
{
    char line[LOG_QUEUE_LINE_MAX];
    size_t len = lost > 0 ? queue.tell(lost, line) : 0;
    if (len == 0 || write_piece((struct bytes){line, len}) < len) return;
    pthread_mutex_lock(&queue.lock);
    queue.lost -= lost;
    pthread_mutex_unlock(&queue.lock);
}

static void *run(void *data)
{
    (void)data;
    while (take_lines()) {
        uint64_t lost = write_lines((struct bytes){queue.taken.at, queue.taken.len});
        pthread_mutex_lock(&queue.lock);
        if (lost > 0) count_lost(lost);
        uint64_t lost_by_now = queue.lost;
        pthread_mutex_unlock(&queue.lock);
        if (lost == 0) tell_of(lost_by_now);
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

bool log_queue_start(int fd, log_queue_tell *tell, struct fault *fault)
{
    pthread_mutex_lock(&queue.lock);
    assert(queue.state == QUEUE_OFF);
    queue.fd = fd;
    queue.tell = tell;
    queue.lost = 0;
    queue.torn = false;
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

bool log_queue_put(struct bytes line)
{
    pthread_mutex_lock(&queue.lock);
    bool is_taken = queue.state != QUEUE_OFF && queue.state != QUEUE_DONE;
    bool has_room = queue.state != QUEUE_STUCK && line.len <= LOG_QUEUE_MAX - queue.waiting.len;
    if (is_taken && has_room) append(line);
    if (is_taken && !has_room) count_lost(1);
    pthread_mutex_unlock(&queue.lock);
    return is_taken;
}

void log_queue_stop(void)
{
    struct timespec until = clock_deadline(LOG_QUEUE_END_MS);
    pthread_mutex_lock(&queue.lock);
    if (queue.state == QUEUE_RUNS) enter(QUEUE_ENDS);
    while (queue.state == QUEUE_ENDS)
        if (!wait_until(&until)) enter(QUEUE_STUCK);
    if (queue.state == QUEUE_DONE) {
        pthread_join(queue.thread, NULL);
        free_lines();
        queue.state = QUEUE_OFF;
    }
    pthread_mutex_unlock(&queue.lock);
}
