/* hydra_hook: POST /hooks/hydra/token: what Hydra asks before it issues tokens, answered with the claims that it has
 * already and those mapped from Kratos (docs/hydra-hook.md).
 *
 * Rule: it never erases, and never answers with 5xx for trouble of Kratos' or of a mapping: Hydra would stall and fail.
 * 200: the claims that came with the mapped ones in them; 204: nothing to say, Hydra keeps what it has; 403: Kratos
 * says for sure that the session or the person is over; 400, 401 and 413: this was no call of Hydra's. */
#ifndef COMPANION_HYDRA_HOOK_H
#define COMPANION_HYDRA_HOOK_H

#include "companion/hydra_payload.h"
#include "companion/person_looks.h"
#include "oauth/context.h"

enum {
    /* of Kratos. Hydra itself would wait for longer, but those whose tokens it issues don't like to. */
    HOOK_WAIT_MAX_MS = 2500,
};

struct hydra_hook_settings {
    bool enabled;
    struct bytes api_key;  /* the whole value that Hydra sends, "Bearer ..." */
    bool key_in_cookie;    /* else in a header */
    struct bytes key_name; /* of the header, in lower case, or of the cookie */
    struct claims_source access_token, id_token;
    struct claims_source kratos_session; /* one expression over the payload; no table: none */
    bool refuse_when_away;               /* on_kratos_down: refuse */
};

struct hydra_hook;
/* One for each worker; the context's worker, policy and identity must be there, and outlive it. NULL: FAULT_INPUT, a
 * mapping doesn't compile. */
struct hydra_hook *hydra_hook_create(const struct hydra_hook_settings *settings, const struct context *context,
                                     struct fault *fault) MUST_USE;
void hydra_hook_destroy(struct hydra_hook *hook); /* before its identity; NULL is nothing */

/* A session (REVOKE_SESSION) or a person (REVOKE_SUBJECT) ended in Kratos just now: nothing that was known before
 * counts any more. name: its uuid; what is none was never known. On the worker's own thread; a hook that
 * is NULL knows nothing. */
void hydra_hook_forget(struct hydra_hook *hook, enum revoke_by by, struct bytes name);

struct hydra_hook_request { /* the route's struct */
    struct request request;
    struct arena big; /* a payload's tree takes many times its room */
    struct hydra_payload payload;
    struct person_ask ask;
    struct person_answer looked;
    const struct kept_person *person;
    const struct json *session, *identity_admin; /* of the person; identity_admin may be NULL */
    bool from_last_look;                         /* Kratos is away, the person is as it was */
    int status;                                  /* 0: not decided */
    struct bytes body, words;                    /* 200; 4xx */
};
extern const struct step HYDRA_HOOK_STEPS[];
void hydra_hook_finish(struct flow *flow);
void hydra_hook_release(struct request *request);

#endif
