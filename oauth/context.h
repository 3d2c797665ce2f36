/* context: what a request of the protocol may use; one for each worker, made by server/ when the worker starts (request->worker->data). */
#ifndef OAUTH_CONTEXT_H
#define OAUTH_CONTEXT_H

#include "claims/claims.h"
#include "identity/identity.h"
#include "keys/keys.h"
#include "net/server.h"
#include "oauth/key_work.h"
#include "oauth/policy.h"
#include "oauth/secret_desk.h"
#include "storage/storage.h"

struct client_registry;
struct lockout;
struct grant_type;
struct hydra_hook;

struct context {
    struct worker *worker;
    const struct policy *policy;             /* shared, read-only */
    struct lockout *lockout;                 /* shared, locked inside */
    const struct grant_type *const *grant_types; /* ends with NULL; grants/grants.c */
    struct store *store;
    struct identity *identity;
    struct claims **claims;                  /* compiled, one for each of policy->profiles */
    struct signer *signer;
    struct aside_crew *crew;                 /* shared, locked inside */
    struct key_seat keys;                    /* key_seat_ring: the keys as they are now */
    struct key_desk key_desk;                /* for who changes them */
    struct client_registry *clients;
    struct secret_desk secrets;
    struct hydra_hook *hydra_hook;           /* NULL where hydra.hook.enabled is false */
};
static inline struct context *context_of(const struct request *request) { return request->worker->data; }

#endif
