/* documents: what anyone may fetch: the key set (RFC 7517) and the server's metadata (RFC 8414).
 * Rule: never a query: pre-built bytes from memory, so they go on answering while the database is away. */
#ifndef OAUTH_DOCUMENTS_H
#define OAUTH_DOCUMENTS_H

#include "oauth/context.h"

/* the metadata document of a policy, in the arena: made once, at start; handed to the route as its data */
struct metadata {
    struct bytes json;
};
bool metadata_write(struct arena *arena, const struct policy *policy, const struct grant_type *const *grant_types, struct metadata *out, struct fault *fault) MUST_USE;

extern const struct step DOCUMENT_STEPS[];
void metadata_finish(struct flow *flow); /* route->data: struct metadata */
/* the route's struct: the answer goes out from the ring's own memory */
struct jwks_request {
    struct request request;
    struct keyring *ring; /* held */
};
void jwks_finish(struct flow *flow);
void jwks_release(struct request *request);

#endif
