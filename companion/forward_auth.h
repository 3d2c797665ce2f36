/* forward_auth: a reverse proxy asks for each request: who is this? A Kratos session in, 200 with an access token for
 * the upstream out (docs/forward-auth.md).
 *
 * Rule: only who connects from serve.trusted_proxies is answered, and never with CORS. No grant, no refresh token, no
 * row: the token is the one that an exchange without a refresh token makes, kept for a moment in session_tokens. A
 * route's data is a struct forward_auth. */
#ifndef COMPANION_FORWARD_AUTH_H
#define COMPANION_FORWARD_AUTH_H

#include "companion/forward_auth_profile.h"
#include "companion/session_tokens.h"
#include "oauth/access_token.h"
#include "oauth/mapping.h"

struct forward_auth {
    const struct forward_auth_settings *settings;
    struct session_tokens *tokens;
};

struct forward_auth_request {
    struct client_request client; /* its form is what the profile says */
    const struct forward_profile *profile;
    struct whoami_ask credential;
    struct session_find find;
    unsigned look_count;
    struct targets targets;
    struct look look, person; /* person: for metadata_admin, where claims are mapped from it */
    struct token_writing writing;
};

extern const struct step FORWARD_AUTH_STEPS[];
void forward_auth_finish(struct flow *flow);
void forward_auth_release(struct request *request);

#endif
