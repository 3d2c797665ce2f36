/* writer: the one thread that runs verbs: it takes what waits in all stores, runs it in one transaction, commits, and
 * hands the results back. Rule: a seat is a loop's place at the writer; it is made and left on that loop's thread. A
 * call that is pushed belongs to the writer until the seat's loop has ended it. The queue of a seat holds
 * STORAGE_QUEUE_MAX. */
#ifndef STORAGE_SQLITE_WRITER_H
#define STORAGE_SQLITE_WRITER_H

#include "storage/call.h"
#include "storage/sqlite/database.h"

struct calls {
    struct storage_call *first, *last;
    size_t count;
};

struct seat {
    struct store store; /* first: a back end's store */
    struct writer *writer;
    struct seat *next;
    struct calls waiting, done; /* under the writer's lock */
    size_t running;             /* under the writer's lock: calls of this seat in the transaction under way */
    int bell;                   /* eventfd: rung when done was empty */
    struct watch *watch;
};

struct writer {
    struct database *db;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work, rest; /* something waits; a transaction is over */
    struct seat *seats;
    bool closing;
};

void writer_start(struct writer *w, struct database *db);
void writer_stop(struct writer *w); /* after the last seat was left */

struct seat *seat_create(struct writer *w, struct storage *storage, struct loop *loop);
void seat_destroy(struct seat *seat); /* waits for the transaction under way; drops its calls */
void seat_push(struct seat *seat, struct storage_call *call);

#endif
