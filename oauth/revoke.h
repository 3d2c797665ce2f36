/* revoke: the revocation endpoint (RFC 7009): a refresh token ends its grant; an access token of ours ends its grant too; one without a grant is unsupported_token_type. */
#ifndef OAUTH_REVOKE_H
#define OAUTH_REVOKE_H

#include "oauth/refresh_token.h"
#include "oauth/client_auth.h"

struct revoke_request {
    struct client_request client_request;
    struct revocation revocation;
    struct revoked revoked;
};
extern const struct step REVOKE_STEPS[];
void revoke_finish(struct flow *flow);

#endif
