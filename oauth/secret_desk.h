/* secret_desk: is that the client's secret? Answered at once where one SHA-256 tells or the secret is known already
 * (known_secrets.h); else by the slow hash, aside.
 *
 * Rule: a desk for each worker. Who asks for what is being found out already waits for that, so a hundred requests with
 * the same secret cost one hash. Of one client a worker has one hash under way: the others stand in its line, at most
 * SECRET_LINE_MAX, so that who guesses at one client's secret takes no thread from the others. Only what is heard is
 * remembered (secret_desk_keep). Where a client's secret is known any other is wrong at once: so each guess is counted
 * by the lockout before who made it can leave, and none is answered by a memory that others filled. */
#ifndef OAUTH_SECRET_DESK_H
#define OAUTH_SECRET_DESK_H

#include "oauth/aside.h"
#include "oauth/known_secrets.h"

enum { SECRET_LINE_MAX = 10, SECRET_LONGEST = 1024 /* octets: a longer one is a wrong one */ };

struct secret_desk {
    struct known_secrets *known; /* shared */
    struct aside_crew *crew;     /* shared */
    struct loop *loop;
    struct secret_check *first; /* in the order in which they came */
};
void secret_desk_close(struct secret_desk *desk); /* ends what is under way */

enum secret_verdict { SECRET_NOT_ASKED, SECRET_RIGHT, SECRET_WRONG };
/* embedded in who asks */
struct secret_asker {
    enum secret_verdict verdict;
    bool waited; /* for a slow hash */
    struct secret_name name; /* where it waited: for secret_desk_keep */
    /* its own */
    struct wait wait;
    struct flow *flow;
    struct secret_check *check;
    struct secret_asker *next;
};
/* Suspends only for a slow hash. The flow fails with FAULT_FULL: the client's line, or the queue of all, is full. */
enum step_result ask_secret(struct flow *flow, struct secret_desk *desk, const struct secret_ask *ask,
                            struct secret_asker *asker);

/* By who waited, was told SECRET_RIGHT and is heard: known from now on. Known by nobody else, or who guesses and leaves
 * could ask the memory afterwards. */
void secret_desk_keep(struct secret_desk *desk, const struct secret_asker *asker);

#endif
