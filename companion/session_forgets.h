/* session_forgets: the last forgets, and when they were, for looks that began before one and end after it.
 * Rule: one for the process, locked inside. For companion/session_tokens.c alone. */
#ifndef COMPANION_SESSION_FORGETS_H
#define COMPANION_SESSION_FORGETS_H

#include <pthread.h>

#include "companion/session_outcome.h"

/* Looks take milliseconds. One that lasted longer than so many forgets counts as forgotten: it is done again. */
enum { SESSION_FORGETS_MAX = 1024 };

struct session_forgets {
    pthread_mutex_t lock;
    uint64_t count; /* of all there ever were: the last one is at (count - 1) % SESSION_FORGETS_MAX */
    struct session_forget {
        int64_t at_steady_ms;
        unsigned char name[SESSION_NAME_LEN];
    } at[SESSION_FORGETS_MAX];
};

void session_forgets_init(struct session_forgets *forgets);
void session_forgets_release(struct session_forgets *forgets);
void session_forgets_add(struct session_forgets *forgets, const unsigned char name[SESSION_NAME_LEN]);
/* was one of its names forgotten since it began? A refusal has none, and never was. */
bool session_forgets_have(struct session_forgets *forgets, const struct session_outcome *outcome);
/* is it about who is called so? */
bool session_names_have(const struct session_names *names, const unsigned char name[SESSION_NAME_LEN]);

#endif
