/* introspect: the introspection endpoint for clients (RFC 7662, RFC 9701; docs/introspection.md): an access token for a client in its audience, or its own; a refresh token for its own. */
#ifndef OAUTH_INTROSPECT_H
#define OAUTH_INTROSPECT_H

#include "oauth/client_auth.h"
#include "oauth/introspection.h"
#include "oauth/signing.h"

struct introspect_request {
    struct client_request client_request;
    struct introspection introspection;
    bool as_jwt; /* RFC 9701 4: Accept asks for it */
    struct signed_text jwt;
    struct bytes body; /* the answer */
};
extern const struct step INTROSPECT_STEPS[];
void introspect_finish(struct flow *flow);
void introspect_release(struct request *request);

#endif
