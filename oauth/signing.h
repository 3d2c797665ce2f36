/* signing: a JWS made for a request: on the loop, or aside where its algorithm is slow (RSA).
 *
 * Rule: what is written into, and all that the rest of the answer needs, lives in the request's struct or arena, since
 * the request may wait; the step after goes on with it. */
#ifndef OAUTH_SIGNING_H
#define OAUTH_SIGNING_H

#include "base/text.h"
#include "oauth/context.h"

struct signed_text {
    struct text text; /* begun by the asker */
    struct bytes kid; /* it is signed with; valid until the worker signs again */
};
/* Appends header.payload.signature. The flow is a request. Suspends for RSA alone; the flow fails with FAULT_AWAY (no
 * key, or it was taken out meanwhile), FAULT_FULL (too many sign already) or FAULT_BUG. */
enum step_result ask_sign(struct flow *flow, const struct signing *signing, struct signed_text *out);

#endif
