/* turn: the presentations of one grant take turns, so that a batch names a grant once; equal ones that wait share one
 * job. Rule: every job of the verb rotate asks for its turn when it is made and ends it when it ends. */
#ifndef STORAGE_POSTGRES_TURN_H
#define STORAGE_POSTGRES_TURN_H

#include "storage/postgres/job.h"

enum { TURN_BUCKETS = 1024 };

struct turns {
    struct job *buckets[TURN_BUCKETS];
};

/* TURN_JOINED: the job is gone, its call belongs to another job */
enum turn_taken { TURN_NOW, TURN_LATER, TURN_JOINED };
enum turn_taken turn_take(struct turns *turns, struct job *job);
/* the job whose turn comes now, or NULL */
struct job *turn_end(struct turns *turns, struct job *job);
/* takes a job whose deadline has passed from behind others; NULL when there is none */
struct job *turn_take_late(struct turns *turns, int64_t now_ms);

#endif
