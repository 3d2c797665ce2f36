/* aside: what would hold a loop up for too long, done on threads beside the loops while its flow waits.
 *
 * Rule: one crew for the process, made before its loops and ended after them. A piece is memory of its own, handed over
 * by ask_aside for good; run alone touches it until it is over. So a flow that is cancelled leaves at once: a piece
 * that waits is dropped, one that runs is dropped at its end, and nobody waits for it. Each lane is a bounded queue
 * with threads of its own, since pieces of one lane take about as long as each other: no signature waits for the hash
 * of a secret, no hash for the making of a key. A lane that is full refuses (FAULT_FULL, which is 503): what came later
 * would not be done within a request's deadline. The threads are nicer than the loops, so that requests that need none
 * of this go first. */
#ifndef OAUTH_ASIDE_H
#define OAUTH_ASIDE_H

#include "base/flow.h"
#include "base/metrics_table.h"
#include "net/loop.h"

struct aside_crew;
/* How many threads each lane has: ASIDE_KEYS has one. NULL with FAULT_FULL when there are none to be had. */
struct aside_crew *aside_crew_create(unsigned threads_each, struct fault *fault) MUST_USE;
void aside_crew_destroy(struct aside_crew *crew); /* waits for what runs; NULL is nothing */

struct aside {                        /* first in what the asker allocates */
    enum metric_aside lane;           /* ASIDE_SIGNATURES, ASIDE_SECRETS, ASIDE_KEYS */
    void (*run)(struct aside *piece); /* on a thread */
    /* On the loop, when run is over and the flow still waits: hands over what came of it. false: the flow fails. */
    bool (*deliver)(struct aside *piece, struct fault *fault);
    void (*drop)(struct aside *piece); /* wipes and frees: the last that happens to it, on any thread */
    /* run touches what the flow owns, so cancelling waits for its end: for the keys alone, which only an end of the
     * process cancels */
    bool borrows;
    /* its own */
    struct wait wait;
    struct flow *waiter;
    struct loop *loop;
    struct post post;
    struct lane *in;
    struct aside *next;
    int64_t asked_us;
    enum aside_state { PIECE_WAITS, PIECE_RUNS, PIECE_RAN, PIECE_LEFT, PIECE_AWAITED } state;
};
/* takes the piece, whatever comes of it */
enum step_result ask_aside(struct flow *flow, struct aside_crew *crew, struct loop *loop, struct aside *piece);
/* Has a thread taken it? For who waits for it still. */
bool aside_runs(struct aside *piece);

#endif
