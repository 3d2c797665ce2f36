#include "companion/session_forgets.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void session_forgets_init(struct session_forgets *forgets)
{
    *forgets = (struct session_forgets){.count = 0};
    if (pthread_mutex_init(&forgets->lock, NULL) != 0) abort();
}

void session_forgets_release(struct session_forgets *forgets) { pthread_mutex_destroy(&forgets->lock); }

void session_forgets_add(struct session_forgets *forgets, const unsigned char name[SESSION_NAME_LEN])
{
    pthread_mutex_lock(&forgets->lock);
    struct session_forget *forget = &forgets->at[forgets->count++ % SESSION_FORGETS_MAX];
    forget->at_steady_ms = clock_steady_ms(); /* under the lock, so that they stand in the order of their times */
    memcpy(forget->name, name, SESSION_NAME_LEN);
    pthread_mutex_unlock(&forgets->lock);
}

bool session_names_have(const struct session_names *names, const unsigned char name[SESSION_NAME_LEN])
{
    return memcmp(names->session, name, SESSION_NAME_LEN) == 0 ||
           memcmp(names->identity, name, SESSION_NAME_LEN) == 0 || memcmp(names->client, name, SESSION_NAME_LEN) == 0;
}

/* from the last one back to the look's beginning; the same millisecond counts as after it */
static bool look_through(const struct session_forgets *forgets, const struct session_outcome *outcome)
{
    uint64_t kept = forgets->count < SESSION_FORGETS_MAX ? forgets->count : SESSION_FORGETS_MAX;
    for (uint64_t i = 1; i <= kept; i++) {
        const struct session_forget *forget = &forgets->at[(forgets->count - i) % SESSION_FORGETS_MAX];
        if (forget->at_steady_ms < outcome->began_steady_ms) return false;
        if (session_names_have(&outcome->names, forget->name)) return true;
    }
    return kept == SESSION_FORGETS_MAX; /* who knows what stood there before */
}

bool session_forgets_have(struct session_forgets *forgets, const struct session_outcome *outcome)
{
    if (!bytes_present(outcome->authorization)) return false;
    pthread_mutex_lock(&forgets->lock);
    bool have = look_through(forgets, outcome);
    pthread_mutex_unlock(&forgets->lock);
    return have;
}
