/* connection: one connection to Postgres in its loop: connects, prepares the statements, carries one batch at a time,
 * and connects again. Rule: connection_init starts it, and it never gives up until connection_release. */
#ifndef STORAGE_POSTGRES_CONNECTION_H
#define STORAGE_POSTGRES_CONNECTION_H

#include "storage/postgres/batch.h"
#include "storage/postgres/resolve.h"

enum connection_state {
    CONNECTION_RESTS, /* after a failure, until its timer */
    CONNECTION_RESOLVES,
    CONNECTION_CONNECTS,
    CONNECTION_PREPARES,
    CONNECTION_FREE,
    CONNECTION_BUSY,
};

struct connection {
    struct pool *pool;
    enum connection_state state;
    PGconn *pg;
    struct watch *watch;
    struct timer timer; /* the end of the state's time */
    struct resolve *resolve;
    struct endpoints endpoints; /* tried one by one */
    size_t endpoint;
    unsigned failures; /* in a row */
    int syncs_left;    /* while it prepares */
    bool setup_failed, was_alone;
    int64_t planned_ms; /* steady: since then Postgres keeps its plans */
    struct batch batch;
};

void connection_init(struct connection *connection, struct pool *pool);
void connection_release(struct connection *connection); /* detached: the batch is dropped */
bool connection_is_free(const struct connection *connection);
bool connection_is_up(const struct connection *connection); /* free or busy */

/* for the batch: all was sent (or the connection was lost on the way): off with it */
void connection_launch(struct connection *connection, bool sent);
enum next_result { NEXT_RESULT_LATER, NEXT_RESULT_HERE, NEXT_RESULT_LOST };
/* NEXT_RESULT_HERE: *result is the caller's to clear */
enum next_result connection_next_result(struct connection *connection, PGresult **result);

#endif
