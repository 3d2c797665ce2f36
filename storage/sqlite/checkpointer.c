#include "storage/sqlite/checkpointer.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "storage/sqlite/thread.h"

/* The log starts anew only when all of it has been carried over, which never happens while the writer goes on without a
 * pause: beyond PAGES_HELD the writer carries over the rest itself. */
enum { PAGES_DUE = 1000, PAGES_HELD = 4000, PAUSE_MS = 1000 };

struct checkpointer {
    struct database db;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool behind, due, closing; /* under lock */
};

static void carry_over(sqlite3 *handle)
{
    /* What fails, fails again at the writer's commits, whose callers are told; what is busy is done the next time. */
    sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* on the writer's thread, after each commit */
static int on_commit(void *data, sqlite3 *handle, const char *name, int pages)
{
    (void)name;
    struct checkpointer *c = data;
    if (pages >= PAGES_HELD) {
        carry_over(handle);
        return SQLITE_OK;
    }
    pthread_mutex_lock(&c->lock);
    c->behind = true;
    c->due = pages >= PAGES_DUE;
    if (c->due) pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    return SQLITE_OK;
}

/* true: something to carry over; false: the end */
static bool await_work(struct checkpointer *c)
{
    pthread_mutex_lock(&c->lock);
    do {
        struct timespec until = clock_deadline(PAUSE_MS);
        if (!c->due && !c->closing) pthread_cond_clockwait(&c->wake, &c->lock, CLOCK_MONOTONIC, &until);
    } while (!c->behind && !c->closing);
    bool closing = c->closing;
    c->behind = c->due = false;
    pthread_mutex_unlock(&c->lock);
    return !closing;
}

static void *run(void *data)
{
    struct checkpointer *c = data;
    while (await_work(c)) carry_over(c->db.handle);
    return NULL;
}

struct checkpointer *checkpointer_create(const char *path, struct database *db, struct fault *fault)
{
    struct checkpointer *c = calloc(1, sizeof *c);
    if (c == NULL) abort();
    if (!database_open(&c->db, path, fault)) {
        database_close(&c->db);
        free(c);
        return NULL;
    }
    pthread_cond_init(&c->wake, NULL);
    pthread_mutex_init(&c->lock, NULL);
    sqlite3_wal_hook(db->handle, on_commit, c);
    c->thread = thread_start(run, c);
    return c;
}

void checkpointer_destroy(struct checkpointer *c)
{
    if (c == NULL) return;
    pthread_mutex_lock(&c->lock);
    c->closing = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    database_close(&c->db);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->wake);
    free(c);
}
