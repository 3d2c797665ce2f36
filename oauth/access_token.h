/* access_token: the JWT (RFC 9068), and the token endpoint's answer around it (RFC 6749 5.1, RFC 8693 2.2.1).
 * Rule: a grant's last step of its own fills its token_request's answer; sign_token and write_token (oauth/token.h) follow. */
#ifndef OAUTH_ACCESS_TOKEN_H
#define OAUTH_ACCESS_TOKEN_H

#include "oauth/refresh_token.h"
#include "oauth/signing.h"
#include "oauth/targets.h"

struct token_answer {
    const struct grant *grant;      /* whom it is about; its id only with has_grant */
    bool has_grant;                 /* a refresh token came with it, now or before: jti begins with the grant's id */
    const struct targets *targets;
    int64_t lifetime_max_ms;        /* what the session, the grant leave; INT64_MAX: nothing caps it */
    struct bytes issued_token_type; /* absent at refresh */
    const struct refresh_token *refresh_token; /* NULL: none */
    int64_t idle_left_ms, absolute_left_ms;    /* with a refresh token (refresh token expiration draft) */
};
/* What is being written: in the request's struct, from ask_ to the end. */
struct token_writing {
    struct signed_text jwt; /* with what stands before it */
    struct bytes scope;
    int64_t now_ms, ttl_ms;
};
/* The answer's JSON as far as the JWT; the answer stays for the rest. Suspends where that is signed by RSA; the flow fails as ask_sign's, or with FAULT_BUG (no room). */
enum step_result ask_token_answer(struct flow *flow, const struct token_answer *answer, struct token_writing *writing);
/* In the step after: the rest. *body is in the request's arena; false with FAULT_BUG. */
bool token_answer_end(struct client_request *r, const struct token_answer *answer, struct token_writing *writing, struct bytes *body, struct fault *fault) MUST_USE;
/* The JWT alone, for an answer that isn't the token endpoint's (companion/forward_auth.h); suspends and fails as ask_token_answer. */
enum step_result ask_access_token(struct flow *flow, const struct token_answer *answer, struct token_writing *writing);
struct access_token {
    struct bytes jwt;      /* in the request's arena */
    struct bytes kid;      /* it is signed with; valid until the worker signs again */
    int64_t expires_at_ms; /* its exp, in whole seconds */
};
/* In the step after. false with FAULT_BUG (no room) */
bool access_token_take(struct token_writing *writing, struct access_token *out, struct fault *fault) MUST_USE;
/* the scope of the token: what was chosen, cut to what the resource understands; may be empty */
struct bytes access_token_scope(struct client_request *r, const struct targets *targets);
/* the profile's ttl, or the client's own */
int64_t access_token_ttl_ms(const struct client *client, const struct token_profile *profile);

/* What an access token of ours says that has not run out (its signature by a published key, typ, iss, exp); NULL for anything else. In the request's arena. Whose it is,
 * and whether its grant lives, is the caller's to ask. */
const struct json *access_token_open(struct request *request, struct bytes text);
/* The grant id that a jti of ours begins with; false where the token had no grant. */
bool jti_grant_id(struct bytes jti, unsigned char grant_id[GRANT_ID_LEN]);

#endif
