#include "oauth/aside.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"

enum { LANES = ASIDE_KEYS + 1, NICER = 10 /* than the loops: a tenth of their weight */, NICEST = 19 };

/* As many may wait as one thread does within a request's deadline, which is 4.5 s: 256 signatures by 4096 bits (5 ms
 * each), 64 bcrypt hashes of the usual cost (60 ms each). */
static const struct lane_rules {
    const char *waits_on;
    size_t waiting_max;
} RULES[LANES] = {
    [ASIDE_SIGNATURES] = {"aside: signature", 256},
    [ASIDE_SECRETS] = {"aside: secret", 64},
    [ASIDE_KEYS] = {"aside: keys", 64},
};

struct lane {
    const struct lane_rules *rules;
    pthread_mutex_t lock;
    pthread_cond_t came, ended; /* a piece; a run that is waited for */
    struct aside *first, **last;
    size_t count; /* waiting */
    bool closing;
    pthread_t *threads;
    unsigned thread_count;
};

struct aside_crew {
    struct lane lanes[LANES];
};

/* ---- the queue: under the lane's lock ---- */

static void put_last(struct lane *lane, struct aside *piece)
{
    piece->next = NULL;
    *lane->last = piece;
    lane->last = &piece->next;
    lane->count++;
}

static void take_out(struct lane *lane, const struct aside *piece)
{
    struct aside **at = &lane->first;
    while (*at != piece) at = &(*at)->next;
    *at = piece->next;
    if (piece->next == NULL) lane->last = at;
    lane->count--;
}

/* ---- on a thread ---- */

/* NULL: the crew ends */
static struct aside *take_next(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    while (lane->first == NULL && !lane->closing) pthread_cond_wait(&lane->came, &lane->lock);
    struct aside *piece = lane->closing ? NULL : lane->first;
    if (piece != NULL) {
        take_out(lane, piece);
        piece->state = PIECE_RUNS;
    }
    pthread_mutex_unlock(&lane->lock);
    return piece;
}

/* Under the lock, so that a loop that has let a piece go is never written to. */
static void end_run(struct lane *lane, struct aside *piece)
{
    pthread_mutex_lock(&lane->lock);
    bool left = piece->state == PIECE_LEFT;
    bool awaited = piece->state == PIECE_AWAITED;
    piece->state = PIECE_RAN;
    if (awaited)
        pthread_cond_broadcast(&lane->ended);
    else if (!left)
        loop_post(piece->loop, &piece->post);
    pthread_mutex_unlock(&lane->lock);
    if (left) piece->drop(piece);
}

static void be_nice(void)
{
    int now = getpriority(PRIO_PROCESS, 0), nicer = now + NICER;
    setpriority(PRIO_PROCESS, (id_t)gettid(), nicer > NICEST ? NICEST : nicer); /* Linux: of this thread alone */
}

static void *work(void *data)
{
    struct lane *lane = data;
    struct aside *piece;
    be_nice();
    while ((piece = take_next(lane)) != NULL) {
        piece->run(piece);
        end_run(lane, piece);
    }
    return NULL;
}

/* ---- on the loop ---- */

static void on_ran(struct post *post)
{
    struct aside *piece = (struct aside *)((char *)post - offsetof(struct aside, post));
    struct flow *waiter = piece->waiter;
    struct fault fault;
    metric_observe(METRIC_ASIDE_DURATION, clock_steady_us() - piece->asked_us, (unsigned)piece->lane);
    bool went_well = waiter == NULL || piece->deliver(piece, &fault);
    piece->drop(piece);
    if (waiter == NULL) return;
    if (went_well)
        flow_wake(waiter);
    else
        flow_fail(waiter, &fault);
}

/* Does anything still happen to the piece by itself? Else it is to be dropped. */
static bool leave(struct lane *lane, struct aside *piece)
{
    switch (piece->state) {
    case PIECE_WAITS: take_out(lane, piece); return false;
    case PIECE_RUNS:
        piece->state = piece->borrows ? PIECE_AWAITED : PIECE_LEFT;
        while (piece->state == PIECE_AWAITED) pthread_cond_wait(&lane->ended, &lane->lock);
        return piece->state == PIECE_LEFT;
    case PIECE_RAN: return true; /* on its way to on_ran */
    case PIECE_LEFT:
    case PIECE_AWAITED: break;
    }
    abort();
}

static void cancel(struct wait *wait)
{
    struct aside *piece = (struct aside *)((char *)wait - offsetof(struct aside, wait));
    struct lane *lane = piece->in;
    piece->waiter = NULL;
    pthread_mutex_lock(&lane->lock);
    bool goes_on = leave(lane, piece);
    pthread_mutex_unlock(&lane->lock);
    if (!goes_on) piece->drop(piece);
}

enum step_result ask_aside(struct flow *flow, struct aside_crew *crew, struct loop *loop, struct aside *piece)
{
    struct lane *lane = &crew->lanes[piece->lane];
    piece->wait = (struct wait){lane->rules->waits_on, cancel};
    piece->waiter = flow;
    piece->loop = loop;
    piece->post.run = on_ran;
    piece->in = lane;
    piece->asked_us = clock_steady_us();
    piece->state = PIECE_WAITS;
    pthread_mutex_lock(&lane->lock);
    bool has_room = lane->count < lane->rules->waiting_max;
    if (has_room) put_last(lane, piece);
    pthread_cond_signal(&lane->came);
    pthread_mutex_unlock(&lane->lock);
    if (has_room) {
        flow->waiting = &piece->wait;
        return STEP_WAIT;
    }
    metric_count(METRIC_ASIDE_REFUSED, (unsigned)piece->lane);
    piece->drop(piece);
    fault_set(&flow->fault, FAULT_FULL, "aside", "too much slow work waits already");
    return STEP_END;
}

bool aside_runs(struct aside *piece)
{
    pthread_mutex_lock(&piece->in->lock);
    bool runs = piece->state != PIECE_WAITS;
    pthread_mutex_unlock(&piece->in->lock);
    return runs;
}

/* ---- the crew ---- */

static bool start_lane(struct lane *lane, const struct lane_rules *rules, unsigned thread_count)
{
    *lane = (struct lane){.rules = rules, .last = &lane->first, .threads = calloc(thread_count, sizeof *lane->threads)};
    if (lane->threads == NULL || pthread_mutex_init(&lane->lock, NULL) != 0) abort();
    if (pthread_cond_init(&lane->came, NULL) != 0 || pthread_cond_init(&lane->ended, NULL) != 0) abort();
    while (lane->thread_count < thread_count) {
        if (pthread_create(&lane->threads[lane->thread_count], NULL, work, lane) != 0) return false;
        lane->thread_count++;
    }
    return true;
}

/* what waits still is of a loop that could not end in time */
static void end_lane(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    lane->closing = true;
    pthread_cond_broadcast(&lane->came);
    pthread_mutex_unlock(&lane->lock);
    for (unsigned i = 0; i < lane->thread_count; i++) pthread_join(lane->threads[i], NULL);
    free(lane->threads);
    pthread_mutex_destroy(&lane->lock);
    pthread_cond_destroy(&lane->came);
    pthread_cond_destroy(&lane->ended);
}

struct aside_crew *aside_crew_create(unsigned threads_each, struct fault *fault)
{
    struct aside_crew *crew = calloc(1, sizeof *crew);
    if (crew == NULL) abort();
    assert(threads_each > 0);
    for (size_t i = 0; i < LANES; i++) {
        if (start_lane(&crew->lanes[i], &RULES[i], i == ASIDE_KEYS ? 1 : threads_each)) continue;
        for (size_t j = 0; j <= i; j++) end_lane(&crew->lanes[j]);
        free(crew);
        fault_set(fault, FAULT_FULL, "aside", "no thread could be started");
        return NULL;
    }
    return crew;
}

void aside_crew_destroy(struct aside_crew *crew)
{
    if (crew == NULL) return;
    for (size_t i = 0; i < LANES; i++) end_lane(&crew->lanes[i]);
    free(crew);
}
