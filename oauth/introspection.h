/* introspection: what a token of ours comes to (RFC 7662): what the public endpoint and the admin API's have in common.
 *
 * Rule: an endpoint's struct holds a struct introspection. Its steps are: one of introspection_read_, introspection_find_grant (may wait for storage),
 * for a refresh token introspection_judge_refresh with its client, then introspection_write; introspection_release in dispose. A token that is not active has a
 * reason (for the log: the answer never says which), and all later steps let it be. Nothing is ever changed by asking. */
#ifndef OAUTH_INTROSPECTION_H
#define OAUTH_INTROSPECTION_H

#include "base/json.h"
#include "oauth/client_registry.h"
#include "oauth/context.h"
#include "oauth/refresh_token.h"

struct introspection {
    const char *reason;           /* NULL: as far as we know it is active */
    const struct json *payload;   /* of an access token; NULL: it is a refresh token */
    struct refresh_token refresh; /* once its tag was found good */
    bool has_grant;
    unsigned char grant_id[GRANT_ID_LEN]; /* with has_grant */
    struct found_grant found;             /* the same, once it was asked for */
};

/* Its signature, issuer and time; whom it is for is the caller's to judge. */
void introspection_read_access(struct introspection *in, struct request *request, struct bytes text);
/* Its tag, which says that it is this client's: another's is not active, and costs no query. */
void introspection_read_refresh(struct introspection *in, const struct policy *policy, struct bytes client_id, struct bytes text);
/* The same for who doesn't know the client: before the grant is found the form alone, then the tag with the grant's client. */
void introspection_read_label(struct introspection *in, struct bytes text);
void introspection_open_refresh(struct introspection *in, const struct policy *policy, struct bytes text);

/* Suspends where there is a grant to look for. */
enum step_result introspection_find_grant(struct introspection *in, struct flow *flow);
/* A token whose grant was revoked or has ended is not active. */
void introspection_judge_grant(struct introspection *in);
/* Would a refresh with it succeed, as things stand? client: the grant's, or NULL where it is gone. */
void introspection_judge_refresh(struct introspection *in, const struct client *client);

struct bytes introspection_scope(const struct introspection *in); /* may be absent */
/* RFC 7662 2.2: the whole JSON object: {"active":false}, or active, the claims that are ours, token_type or token_use, and the mapped claims as ext */
void introspection_write(const struct introspection *in, const struct policy *policy, struct text *out);
void introspection_release(struct introspection *in);

#endif
