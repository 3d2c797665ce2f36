/* job: a verb's way through this back end: its call (or several equal ones), the stage it is at, and what came back for
 * it. Rule: a job is in exactly one place: a lane of its pool, resting there, behind another job of its grant, or in a
 * batch. Whoever takes it out of there puts it into the next, or ends it with pool_finish or pool_fail. */
#ifndef STORAGE_POSTGRES_JOB_H
#define STORAGE_POSTGRES_JOB_H

#include "storage/call.h"
#include "storage/postgres/row.h"

struct batch;
struct pool;
struct job;

/* What may travel together. LANE_ALONE: a transaction for each job, never on all connections: these wait for locked
 * rows, as long as it takes. The other lanes leave out what is locked. (Almost always: statements.c says when they
 * wait, and why no ring of waits can come of it.) */
enum lane { LANE_READ, LANE_ROTATE, LANE_SWAP, LANE_STORE, LANE_ALONE };
enum { LANE_COUNT = LANE_ALONE + 1 };

/* false: the connection is lost */
struct asking {
    bool (*one)(struct batch *batch, struct job *job); /* NULL: nothing is asked */
    bool (*many)(struct batch *batch, struct job **jobs,
                 size_t count); /* the same by one statement; NULL: it isn't there */
};

struct stage {
    enum lane lane;
    bool repeatable; /* may be sent again when its connection was lost and nobody knows whether it happened */
    struct asking send;
    struct asking after; /* in the transaction after that */
    bool (*send_courtesy)(struct batch *batch,
                          struct job *job); /* in one after these: only batch_send_unseen, and the job is over without
                                               it. LANE_ALONE; NULL: there is none */
    void (*conflict)(
        struct pool *pool,
        struct job *job); /* a unique index refused it, alone in its transaction: ends the job; NULL: it fails */
    void (*settle)(struct pool *pool, struct job *job); /* it is durable: ends the job or moves it on */
};

/* What a stage of rotate.c keeps for the next. */
struct job_rotation {
    struct rotation_state seen;
    struct rotation_change change;
    unsigned misses; /* times that another was faster, or had the row locked */
};

/* What revoke.c's transactions did so far. */
struct job_revocation {
    uint64_t count;
    unsigned char last_id[GRANT_ID_LEN]; /* they walk on from here */
};

struct job {
    const struct stage *stage;
    struct storage_call *calls; /* never NULL; the first leads: its input is sent, its arena takes the result */
    int64_t deadline_ms;        /* steady; the latest of its calls' */
    struct job *next;
    struct job *behind;    /* of the same grant, first to last: they wait for this one's end */
    struct job *hash_next; /* turn.c's */
    bool has_turn;
    bool sent;                      /* in a batch: no call may join any more */
    size_t crowd;                   /* with how many it may share a transaction: halved when one failed */
    int64_t rests_until_ms;         /* steady; while resting */
    size_t first_group, last_group; /* its transactions in the batch */
    struct row answer;              /* the last rows that came for it, or its one row; .result NULL: none */
    struct job_revocation revocation;
    struct job_rotation rotation;
};

struct job_list {
    struct job *first, **last;
    size_t count;
};
void job_list_init(struct job_list *list);
void job_list_push(struct job_list *list, struct job *job);
struct job *job_list_take(struct job_list *list); /* NULL: empty */

struct job *job_create(struct storage_call *call, const struct stage *stage);
bool job_has_row(const struct job *job); /* did its last statement answer one for it? */
/* ends the calls and frees the job */
void job_finish(struct job *job);
void job_fail(struct job *job, const struct fault *fault);
void job_drop(struct job *job);
/* another call that wants the same: b's outcome shall be a's too; frees b */
void job_join(struct job *a, struct job *b);

#endif
