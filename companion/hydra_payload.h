/* hydra_payload: what Hydra tells its token hook, in both shapes: token_hook ("request") and the older
 * refresh_token_hook ("requester").
 *
 * Rule: everything lives in the arena named. What Go's encoder makes of an empty value (null, "", [], a member left
 * out) is read as "nothing"; a value of another type than Hydra's is refused, since nothing good can be answered to it.
 */
#ifndef COMPANION_HYDRA_PAYLOAD_H
#define COMPANION_HYDRA_PAYLOAD_H

#include "base/json.h"
#include "base/text.h"

struct hydra_payload {
    const struct json *root; /* all that came */
    bool is_legacy;          /* refresh_token_hook's */
    bool
        is_client_credentials; /* no person: the grant type says so, or where none is named the subject is the client */
    struct bytes subject;      /* session.id_token.subject: whom Hydra's login app named; absent when empty */
    struct bytes client_id;    /* absent when there is none */
    struct bytes grant_type;   /* the one that Hydra goes by; absent in legacy calls without one */
    struct bytes scope;        /* what was granted, space-separated; may be empty */
    struct bytes audience;     /* what was granted, a JSON array */
    /* What the tokens carry so far; NULL: nothing */
    const struct json *access_claims; /* session.extra */
    const struct json *id_claims;     /* session.id_token.id_token_claims.ext */
};

/* FAULT_INPUT: the words say what is wrong and quote nothing; FAULT_FULL: more than the arena holds */
bool hydra_payload_parse(struct arena *arena, struct bytes body, struct hydra_payload *payload,
                         struct fault *fault) MUST_USE;

/* Appends the object `came` (NULL: {}) with the members of the object `mapped` in it: of a name that both have the
 * mapped value stands. Values and numbers stay as they stood. */
void hydra_payload_merge(struct text *out, const struct json *came, const struct json *mapped);

#endif
