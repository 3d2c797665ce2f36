#include "oauth/key_maker.h"

#include <pthread.h>
#include <stdlib.h>

enum { MADE_ARENA_MAX = 1024 * 1024 };

struct maker {
    struct post post; /* first: the way back to the loop */
    struct wait wait;
    struct flow *waiter;
    struct loop *loop; /* NULL once cancelled; under makers_lock */
    struct key_batch batch; /* the waiter's own: the thread doesn't look at it */
    struct system_secrets secrets;
    struct key_making how;
    struct arena arena;
    struct key_material *made;
    size_t count;
    struct fault fault;
};

/* Held while a result is posted, so that a loop can't go away under the thread that posts to it. */
static pthread_mutex_t makers_lock = PTHREAD_MUTEX_INITIALIZER;

static void destroy(struct maker *maker)
{
    system_secrets_release(&maker->secrets);
    arena_release(&maker->arena);
    free(maker);
}

static void cancel(struct wait *wait)
{
    struct maker *maker = (struct maker *)((char *)wait - offsetof(struct maker, wait));
    pthread_mutex_lock(&makers_lock);
    maker->loop = NULL;
    pthread_mutex_unlock(&makers_lock);
}

static void hand_over(struct maker *maker)
{
    struct arena *arena = maker->batch.arena;
    for (size_t i = 0; i < maker->count; i++) {
        struct key_material *row = maker->batch.rows[i];
        row->kid = arena_copy(arena, maker->made[i].kid);
        row->public_jwk = arena_copy(arena, maker->made[i].public_jwk);
        row->sealed_private = arena_copy(arena, maker->made[i].sealed_private);
    }
    if (arena->overflowed) fault_set(&maker->fault, FAULT_FULL, "keys: make", "no room for the new keys");
}

static void on_post(struct post *post)
{
    struct maker *maker = (struct maker *)post;
    struct flow *waiter = maker->loop == NULL ? NULL : maker->waiter; /* only this thread cancels: no lock needed to look */
    if (waiter != NULL && maker->fault.kind == FAULT_NONE) hand_over(maker);
    struct fault fault = maker->fault;
    destroy(maker);
    if (waiter == NULL) return;
    if (fault.kind == FAULT_NONE) flow_wake(waiter);
    else flow_fail(waiter, &fault);
}

static void post_or_destroy(struct maker *maker)
{
    pthread_mutex_lock(&makers_lock);
    bool wanted = maker->loop != NULL;
    if (wanted) loop_post(maker->loop, &maker->post); /* from here on the loop's thread may free it */
    pthread_mutex_unlock(&makers_lock);
    if (!wanted) destroy(maker);
}

static void *make(void *data)
{
    struct maker *maker = data;
    bool good = true;
    for (size_t i = 0; good && i < maker->count; i++)
        good = key_make(maker->made[i].algorithm, &maker->how, &maker->arena, &maker->made[i], &maker->fault);
    post_or_destroy(maker);
    return NULL;
}

static bool start_thread(struct maker *maker)
{
    pthread_t thread;
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    bool started = pthread_create(&thread, &detached, make, maker) == 0;
    pthread_attr_destroy(&detached);
    return started;
}

enum step_result ask_make_keys(struct flow *flow, struct loop *loop, const struct key_batch *batch)
{
    if (batch->count == 0) return STEP_NEXT;
    struct maker *maker = calloc(1, sizeof *maker);
    if (maker == NULL) abort();
    maker->post.run = on_post;
    maker->wait = (struct wait){"keys: make", cancel};
    maker->waiter = flow;
    maker->loop = loop;
    maker->batch = *batch;
    maker->secrets = *batch->how->secrets; /* the settings may be gone before the thread is */
    maker->how = (struct key_making){.secrets = &maker->secrets, .rsa_bits = batch->how->rsa_bits};
    maker->count = batch->count;
    arena_init(&maker->arena, MADE_ARENA_MAX);
    maker->made = arena_take(&maker->arena, batch->count * sizeof *maker->made);
    if (maker->made == NULL) abort();
    for (size_t i = 0; i < batch->count; i++) maker->made[i].algorithm = batch->rows[i]->algorithm;
    flow->waiting = &maker->wait;
    if (start_thread(maker)) return STEP_WAIT;
    flow->waiting = NULL;
    destroy(maker);
    fault_set(&flow->fault, FAULT_FULL, "keys: make", "no thread could be started");
    return STEP_END;
}
