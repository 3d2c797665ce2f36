/* pool: one loop's connections, and the jobs that wait for one of them to be free.
 * Rule: what waits goes together, in the batch that is there when a connection is free and a transaction more is worth
 * its cost; what is asked in one turn of the loop goes together. Ending a job wakes flows, which ask anew: so
 * everything that ends jobs stands between pool_hold and pool_release, and only the outermost pool_release sends. */
#ifndef STORAGE_POSTGRES_POOL_H
#define STORAGE_POSTGRES_POOL_H

#include "storage/postgres/connection.h"
#include "storage/postgres/dsn.h"
#include "storage/postgres/job.h"
#include "storage/postgres/postgres.h"
#include "storage/postgres/turn.h"

enum {
    CONNECTIONS_DEFAULT = 3,
    BATCH_SLOW_MS = 10, /* nobody waits any longer for a batch under way to end, when there is another connection */
};

/* the storage itself, shared by all loops; nothing in it changes */
struct postgres {
    struct storage base;
    struct dsn dsn;
    unsigned connections;
    bool unnamed_statements;
};

struct pool {
    struct store base;
    const struct postgres *postgres;
    struct connection *connections;
    struct job_list lanes[LANE_COUNT];
    struct job_list resting;
    struct turns turns;
    int bell_fd; /* an eventfd: rings once in a turn in which something was asked */
    struct watch *bell;
    bool rung;
    struct timer tick; /* while there are jobs waiting */
    size_t waiting;    /* calls in the lanes, resting and behind others */
    unsigned holds;
    unsigned
        alone_under_way; /* connections with LANE_ALONE on them: all but one may be, since they may wait for a row */
    size_t shared_under_way; /* jobs in batches that are not of LANE_ALONE */
    int64_t down_since_ms;   /* steady; 0: a connection is up */
};

struct store *pool_attach(struct storage *storage, struct loop *loop);
void pool_detach(struct store *store);
void pool_submit(struct store *store, struct storage_call *call);

void pool_hold(struct pool *pool);
void pool_release(struct pool *pool);

/* the job's end: its calls are told */
void pool_finish(struct pool *pool, struct job *job);
void pool_fail(struct pool *pool, struct job *job, enum fault_kind kind, const char *what);
void pool_drop(struct pool *pool, struct job *job); /* detached */
/* the job goes on with that stage, once a connection is free; fails when its deadline has passed */
void pool_move(struct pool *pool, struct job *job, const struct stage *stage);
/* the same after a while, with jitter: about rest_ms */
void pool_rest(struct pool *pool, struct job *job, const struct stage *stage, uint32_t rest_ms);

/* for the batches: the next job of a lane, NULL when it is empty or the next one may not share with as many as are in
 * there already */
struct job *pool_take(struct pool *pool, enum lane lane, size_t sharing);
/* connection.c says when one came up or went */
void pool_note_connections(struct pool *pool);

#endif
