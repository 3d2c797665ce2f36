/* mapping: from a Kratos session to what a grant, or a token without one, says of a person. */
#ifndef OAUTH_MAPPING_H
#define OAUTH_MAPPING_H

#include "identity/identity.h"
#include "oauth/access_token.h"

/* The mapped claims (JSON object, in the request's arena). false: FAULT_BUG, an expression failed: never a token without it. */
bool map_claims(struct client_request *r, const struct session *session, const struct targets *targets, struct bytes *claims, struct fault *fault) MUST_USE;

/* claims_use_admin_metadata: whoami never gives metadata_admin, and the session by id only since Kratos 26.3: then the person is looked at as well.
 * Suspends only where that is so; *person is LOOK_LIVE where it isn't. take_admin_metadata puts what it brought into the session. */
enum step_result ask_admin_metadata(struct flow *flow, const struct session *session, struct look *person);
void take_admin_metadata(struct session *session, const struct look *person);

/* sub: the identity's id, or its external_id where the settings say so; absent when it has none */
struct bytes map_subject(const struct policy *policy, const struct session *session);

/* a list as a JSON array, in the request's arena */
struct bytes write_audience(struct client_request *r, const struct bytes_list *audience);

/* 0, 1, 2 of "aal0", "aal1", "aal2"; 0 for anything else */
unsigned aal_of_acr(struct bytes acr);

#endif
