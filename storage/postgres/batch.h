/* batch: what a connection sends at once, and what comes back: a pipeline of transactions, each ended by a Sync.
 * Rule: a job is settled when the Sync of its last transaction came with no error before it: a row may come before its
 * commit fails. While a batch is under way nothing of it is cancelled: without its Sync no timeout of the server would
 * free the locks. */
#ifndef STORAGE_POSTGRES_BATCH_H
#define STORAGE_POSTGRES_BATCH_H

#include "storage/postgres/job.h"
#include "storage/postgres/params.h"

enum {
    BATCH_READS_MAX = 64,
    BATCH_WRITES_MAX = 64, /* rotations and new grants in one transaction */
    BATCH_SWAPS_MAX = 32,  /* in one of their own: with rotations they could not be in the order of locks */
    BATCH_ALONE_MAX = 8,
    BATCH_MANY_LEAST = 2, /* so many by one statement cost less than one statement for each */
    BATCH_JOBS_MAX = BATCH_READS_MAX + BATCH_WRITES_MAX + BATCH_SWAPS_MAX,
    BATCH_GROUPS_MAX = 3 * BATCH_ALONE_MAX,
    PLANS_KEPT_MS = 10 * 1000, /* a plan made while a table was tiny is a bad one when it has grown, and Postgres would
                                  keep it until it looks at its statistics */
    BATCH_EXPECTED_MAX = 2 * BATCH_JOBS_MAX + 2 * BATCH_GROUPS_MAX,
};

/* one transaction */
struct group {
    size_t job_count; /* 0: a courtesy */
    bool failed;
    char sqlstate[6];         /* of the first error */
    const struct job *guilty; /* whose statement it was; NULL: of several, or the commit itself */
};

struct expected {
    enum { EXPECT_ONE, EXPECT_MANY, EXPECT_SYNC } what;
    struct job *job;   /* EXPECT_ONE; NULL: nobody looks at it */
    struct job **jobs; /* EXPECT_MANY: a row's ordinal says whose it is */
};

struct batch {
    struct connection *connection;
    struct arena arena; /* parameters */
    struct params params;
    struct job *jobs[BATCH_JOBS_MAX]; /* NULL once it was settled */
    size_t job_count;
    struct group groups[BATCH_GROUPS_MAX];
    size_t groups_sent, groups_received;
    struct expected expected[BATCH_EXPECTED_MAX];
    size_t expected_count, received;
    PGresult *results[BATCH_EXPECTED_MAX]; /* rows that jobs point at */
    size_t result_count;
    bool alone;          /* of LANE_ALONE */
    size_t shared_count; /* else: so many are under way with it */
    int64_t sent_ms;     /* steady */
    bool stores_lead;    /* next time: of two lanes that are full neither keeps the other waiting */
    bool warned;         /* a commit was not replicated as it should have been */
    bool unusable;       /* the connection can't be used after this */
};

void batch_init(struct batch *batch, struct connection *connection);

/* for the pool: take what waits and send it on a free connection */
void batch_send_shared(struct connection *connection);
void batch_send_alone(struct connection *connection);

/* for the stages: one statement: batch_statement, its parameters, then one of the others; false: the connection is lost
 */
struct params *batch_statement(struct batch *batch, enum statement_id id);
bool batch_send(struct batch *batch, struct job *job) MUST_USE;
bool batch_send_unseen(struct batch *batch,
                       const char *sql) MUST_USE; /* by itself: no parameters, and nobody looks at what comes */
bool batch_send_many(struct batch *batch, struct job **jobs) MUST_USE;

/* for the connection */
enum batch_progress { BATCH_GOES_ON, BATCH_ENDED, BATCH_LOST };
enum batch_progress batch_receive(struct batch *batch);
void batch_lose(struct batch *batch); /* the connection went: jobs that may be repeated are, the others fail */
void batch_drop(struct batch *batch); /* detached: calls are dropped */
int64_t batch_deadline_ms(const struct batch *batch); /* steady */

#endif
