/* session_outcome: what a look at a session came to: a token for a profile, or a refusal, for all who waited for it.
 *
 * Rule: immutable once made, shared by all threads, counted: who keeps one holds it, and lets it go once. Its texts
 * live as long as it does, and are wiped with it. */
#ifndef COMPANION_SESSION_OUTCOME_H
#define COMPANION_SESSION_OUTCOME_H

#include <stdatomic.h>

#include "oauth/error.h"

enum { SESSION_NAME_LEN = 16 };

/* Who it is about, for whoever forgets them: keyed digests, so that nothing of a person stands in the memory. */
struct session_names {
    unsigned char session[SESSION_NAME_LEN], identity[SESSION_NAME_LEN], client[SESSION_NAME_LEN];
};

struct session_outcome {
    struct bytes authorization; /* "Bearer <jwt>"; absent: refused */
    struct bytes kid;           /* what the token is signed with */
    struct session_names names;
    int64_t began_steady_ms; /* before Kratos was asked */
    int64_t until_steady_ms; /* from then on it isn't handed out */
    struct fault fault;      /* of a refusal, or of trouble: as the one who looked met it */
    struct refusal refusal;
    size_t size; /* bytes, with its texts */
    atomic_uint holders;
};

/* a token; *given says all but the last four members, and its texts are copied */
struct session_outcome *session_outcome_create(const struct session_outcome *given);
/* what refuses the others too; the refusal's redirect_to is copied */
struct session_outcome *session_outcome_create_refused(const struct fault *fault, const struct refusal *refusal);
struct session_outcome *session_outcome_hold(struct session_outcome *outcome);
void session_outcome_release(struct session_outcome *outcome); /* NULL is nothing */

#endif
