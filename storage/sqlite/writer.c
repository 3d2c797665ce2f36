#include "storage/sqlite/writer.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "storage/sqlite/thread.h"
#include "storage/sqlite/verbs.h"

enum {
    SHARE_MAX = 256
}; /* calls of one seat in a transaction: more would let the first wait for the last, and gain nothing */

/* ---- lists of calls ---- */

static void push(struct calls *calls, struct storage_call *call)
{
    call->next = NULL;
    if (calls->first == NULL)
        calls->first = call;
    else
        calls->last->next = call;
    calls->last = call;
    calls->count++;
}

static struct storage_call *pop(struct calls *calls)
{
    struct storage_call *call = calls->first;
    if (call == NULL) return NULL;
    calls->first = call->next;
    calls->count--;
    return call;
}

static struct calls take_all(struct calls *calls)
{
    struct calls all = *calls;
    *calls = (struct calls){0};
    return all;
}

/* ---- a transaction ---- */

/* false when the transaction is lost */
static bool run_call(struct database *db, struct storage_call *call)
{
    struct fault *fault = &call->fault;
    if (clock_steady_ms() >= call->deadline_ms) {
        fault_set(fault, FAULT_LATE, storage_verb_name(call->verb), "waited too long for its turn");
        return true;
    }
    if (!database_run(db, STATEMENT_BEGIN_VERB, fault)) return false;
    if (verb_run(db, call, fault)) return database_run(db, STATEMENT_END_VERB, fault);
    if (fault->kind == FAULT_AWAY || !database_in_transaction(db)) return false;
    return database_run(db, STATEMENT_UNDO_VERB, fault) && database_run(db, STATEMENT_END_VERB, fault);
}

/* none of them happened, so none is answered as if it had */
static void fail_all(struct calls *batch, const struct fault *fault)
{
    for (struct storage_call *call = batch->first; call != NULL; call = call->next)
        fault_set(&call->fault, fault->kind, storage_verb_name(call->verb), "%s", fault->what);
}

static bool run_calls(struct database *db, struct calls *batch, struct fault *fault)
{
    for (struct storage_call *call = batch->first; call != NULL; call = call->next) {
        if (run_call(db, call)) continue;
        *fault = call->fault;
        return false;
    }
    db->where = "storage: commit";
    return database_run(db, STATEMENT_COMMIT, fault);
}

static void run_batch(struct database *db, struct calls *batch)
{
    struct fault fault;
    metric_observe(METRIC_STORAGE_BATCH_SIZE, (int64_t)batch->count);
    db->where = "storage: begin";
    if (database_run(db, STATEMENT_BEGIN, &fault) && run_calls(db, batch, &fault)) return;
    database_roll_back(db);
    fail_all(batch, &fault);
}

/* ---- the thread ---- */

static void take_share(struct seat *seat, struct calls *batch)
{
    while (seat->running < SHARE_MAX && seat->waiting.count > 0) {
        push(batch, pop(&seat->waiting));
        metric_add(METRIC_STORAGE_QUEUE, -1);
        seat->running++;
    }
}

/* with the lock held; empty only when the writer closes */
static struct calls await_batch(struct writer *w)
{
    struct calls batch = {0};
    for (;;) {
        for (struct seat *seat = w->seats; seat != NULL; seat = seat->next) take_share(seat, &batch);
        if (batch.count > 0 || w->closing) return batch;
        pthread_cond_wait(&w->work, &w->lock);
    }
}

static struct seat *seat_of(struct storage_call *call) { return (struct seat *)call->store; }

static void ring(const struct seat *seat)
{
    ssize_t written = write(seat->bell, &(uint64_t){1}, sizeof(uint64_t));
    assert(written == sizeof(uint64_t));
}

/* with the lock held */
static void hand_back(struct writer *w, struct calls *batch)
{
    for (struct storage_call *call; (call = pop(batch)) != NULL;) {
        struct seat *seat = seat_of(call);
        if (seat->done.count == 0) ring(seat);
        push(&seat->done, call);
        seat->running--;
    }
    pthread_cond_broadcast(&w->rest);
}

static void *run(void *data)
{
    struct writer *w = data;
    pthread_mutex_lock(&w->lock);
    for (struct calls batch; (batch = await_batch(w)).count > 0;) {
        pthread_mutex_unlock(&w->lock);
        pthread_mutex_lock(&w->db->in_use);
        run_batch(w->db, &batch);
        pthread_mutex_unlock(&w->db->in_use);
        pthread_mutex_lock(&w->lock);
        hand_back(w, &batch);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

void writer_start(struct writer *w, struct database *db)
{
    *w = (struct writer){.db = db};
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_cond_init(&w->rest, NULL);
    w->thread = thread_start(run, w);
}

void writer_stop(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    assert(w->seats == NULL);
    w->closing = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->work);
    pthread_cond_destroy(&w->rest);
}

/* ---- seats: on their loop's thread ---- */

static void end_calls(void *data)
{
    struct seat *seat = data;
    uint64_t rings;
    if (read(seat->bell, &rings, sizeof rings) != sizeof rings) return;
    pthread_mutex_lock(&seat->writer->lock);
    struct calls done = take_all(&seat->done);
    pthread_mutex_unlock(&seat->writer->lock);
    for (struct storage_call *call; (call = pop(&done)) != NULL;) {
        if (call->fault.kind == FAULT_NONE)
            storage_call_done(call);
        else
            storage_call_fail(call, &call->fault);
    }
}

struct seat *seat_create(struct writer *w, struct storage *storage, struct loop *loop)
{
    struct seat *seat = calloc(1, sizeof *seat);
    if (seat == NULL) abort();
    seat->store = (struct store){.storage = storage, .loop = loop};
    seat->writer = w;
    seat->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    seat->watch = seat->bell < 0 ? NULL : watch_create(loop, seat->bell, end_calls, seat);
    if (seat->watch == NULL) abort(); /* no descriptors are left while the process starts */
    pthread_mutex_lock(&w->lock);
    seat->next = w->seats;
    w->seats = seat;
    pthread_mutex_unlock(&w->lock);
    return seat;
}

static void leave(struct writer *w, struct seat *seat)
{
    struct seat **at = &w->seats;
    while (*at != seat) at = &(*at)->next;
    *at = seat->next;
}

void seat_destroy(struct seat *seat)
{
    struct writer *w = seat->writer;
    pthread_mutex_lock(&w->lock);
    leave(w, seat);
    while (seat->running > 0) pthread_cond_wait(&w->rest, &w->lock);
    pthread_mutex_unlock(&w->lock);
    for (struct storage_call *call; (call = pop(&seat->waiting)) != NULL;) storage_call_drop(call);
    for (struct storage_call *call; (call = pop(&seat->done)) != NULL;) storage_call_drop(call);
    watch_destroy(seat->watch);
    close(seat->bell);
    free(seat);
}

void seat_push(struct seat *seat, struct storage_call *call)
{
    struct writer *w = seat->writer;
    pthread_mutex_lock(&w->lock);
    bool full = seat->waiting.count >= STORAGE_QUEUE_MAX;
    if (!full) push(&seat->waiting, call);
    if (!full) metric_add(METRIC_STORAGE_QUEUE, 1);
    if (!full && seat->waiting.count == 1) pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    if (!full) return;
    struct fault fault;
    fault_set(&fault, FAULT_FULL, storage_verb_name(call->verb), "%d verbs wait already", STORAGE_QUEUE_MAX);
    storage_call_fail(call, &fault);
}
