/* policy: what the settings say to the protocol's rooms; read-only once the server runs, shared by all workers. server/ fills it. */
#ifndef OAUTH_POLICY_H
#define OAUTH_POLICY_H

#include "claims/claims.h"
#include "keys/keys.h"

struct bytes_list {
    struct bytes *at;
    size_t count;
};
bool bytes_list_have(const struct bytes_list *list, struct bytes value);

struct refresh_policy {
    int64_t idle_ttl_ms, absolute_ttl_ms, grace_ms, coalesce_ms;
    uint32_t skip_limit, ahead_max;
    bool never; /* rotation: never */
};

/* whether a refresh has Kratos extend the session (docs/exchange.md) */
struct extend_policy {
    bool on_refresh;
    int64_t below_ms;   /* when less is left */
    int64_t max_age_ms; /* and its authenticated_at is not so long ago; 0: always */
};

/* how access tokens for one audience look; the first profile is for every audience that has none of its own */
struct token_profile {
    struct bytes audience;      /* absent in the first */
    int64_t ttl_ms;
    enum key_algorithm algorithm;
    struct bytes typ;           /* "at+jwt" (RFC 9068 2.1) or "JWT" */
    struct bytes scopes;        /* space-separated: what this resource understands; absent: everything */
    unsigned min_aal;           /* 0: any */
    struct claims_source claims;
};

/* would a token look the same? Then audiences may share one. */
bool token_profiles_alike(const struct token_profile *a, const struct token_profile *b);

struct client;
struct policy {
    struct bytes issuer;
    struct bytes issuer_path;   /* "/tenant", or empty */
    struct system_secrets secrets;
    struct token_profile *profiles; /* the first: access_token itself */
    size_t profile_count;
    struct bytes_list audience; /* when a request names none */
    bool subject_is_external_id;
    struct refresh_policy refresh;
    struct bytes cookie_name;
    int64_t revalidate_after_ms, stale_if_error_ms;
    struct extend_policy extend;
    int64_t in_force_since_steady_ms; /* when this process began to go by it */
    uint32_t session_grants_max;
    int64_t jwks_max_age_ms;
    const enum key_algorithm *algorithms;
    size_t algorithm_count;
    const struct client *const *static_clients;
    size_t static_client_count;
};
/* the index of the profile for an audience; 0 when it has none of its own */
size_t policy_profile(const struct policy *policy, struct bytes audience);
bool policy_has_algorithm(const struct policy *policy, enum key_algorithm algorithm); /* in keys.algorithms? */

#endif
