#include "companion/session_outcome.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

/* with the texts behind it; *rest is where they go */
static struct session_outcome *make(size_t texts_len, char **rest)
{
    size_t size = sizeof(struct session_outcome) + texts_len;
    struct session_outcome *outcome = calloc(1, size);
    if (outcome == NULL) abort();
    outcome->size = size;
    atomic_init(&outcome->holders, 1);
    *rest = (char *)(outcome + 1);
    return outcome;
}

static struct bytes put(char **rest, struct bytes text)
{
    if (!bytes_present(text)) return BYTES_ABSENT;
    struct bytes copy = {*rest, text.len};
    memcpy(*rest, text.at, text.len);
    *rest += text.len;
    return copy;
}

struct session_outcome *session_outcome_create(const struct session_outcome *given)
{
    char *rest;
    struct session_outcome *outcome = make(given->authorization.len + given->kid.len, &rest);
    outcome->authorization = put(&rest, given->authorization);
    outcome->kid = put(&rest, given->kid);
    outcome->names = given->names;
    outcome->began_steady_ms = given->began_steady_ms;
    outcome->until_steady_ms = given->until_steady_ms;
    return outcome;
}

struct session_outcome *session_outcome_create_refused(const struct fault *fault, const struct refusal *refusal)
{
    char *rest;
    struct session_outcome *outcome = make(refusal->redirect_to.len, &rest);
    outcome->fault = *fault;
    outcome->refusal = (struct refusal){
        .refused = refusal->refused, .error = refusal->error, .redirect_to = put(&rest, refusal->redirect_to)};
    return outcome;
}

struct session_outcome *session_outcome_hold(struct session_outcome *outcome)
{
    atomic_fetch_add_explicit(&outcome->holders, 1, memory_order_relaxed);
    return outcome;
}

void session_outcome_release(struct session_outcome *outcome)
{
    if (outcome == NULL || atomic_fetch_sub_explicit(&outcome->holders, 1, memory_order_acq_rel) > 1) return;
    size_t size = outcome->size;
    secret_wipe(outcome, size);
    free(outcome);
}
