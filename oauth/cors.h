/* cors: who may read our answers from a browser (interface.md, CORS).
 * /.well-known/ is open to all without credentials; the token and revocation endpoints answer a preflight by the union of the registered origins, and the real request by the client's own. Never * with credentials. */
#ifndef OAUTH_CORS_H
#define OAUTH_CORS_H

#include "oauth/client_auth.h"

/* Access-Control-Allow-Origin: *, for public documents */
void cors_open(struct answer *answer);
/* for the answer to a client's request, refused or not: where the Origin is one of the client's own. A request that was refused before its client was found goes by what is remembered of it. */
void cors_for_client(struct client_request *r, struct answer *answer);

/* OPTIONS: the route's steps and finish; struct cors_preflight is its struct */
struct cors_preflight {
    struct oauth_request oauth;
    bool allowed;
};
extern const struct step CORS_PREFLIGHT_STEPS[];
void cors_preflight_finish(struct flow *flow);

#endif
