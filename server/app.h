/* app: the running server: what the process shares, and what each worker has of its own.
 * Rule: made once by serve, read-only for the workers but where a member says otherwise. */
#ifndef SERVER_APP_H
#define SERVER_APP_H

#include "admin/clients.h"
#include "admin/gate.h"
#include "admin/grants.h"
#include "admin/keys.h"
#include "companion/forward_auth.h"
#include "companion/kratos_revoke.h"
#include "grants/grants.h"
#include "oauth/documents.h"
#include "server/key_keeper.h"
#include "server/settings.h"

enum { WORKERS_MAX = 256, ROUTES_MAX = 64 };

struct app {
    struct settings *settings;      /* owned */
    int64_t started_at_ms;          /* since the epoch */
    struct storage *storage;        /* owned */
    struct key_view *key_view;      /* owned; locked inside */
    struct key_rules key_rules;
    struct lockout *lockout;        /* owned */
    struct aside_crew *crew;        /* owned; locked inside */
    struct known_secrets *known_secrets; /* the same */
    struct admin_rules admin_rules;
    struct secret kratos_hook_key; /* absent: no such hook */
    struct metadata metadata;
    struct forward_auth forward_auth; /* its tokens owned; locked inside */
    struct identity_settings identity;
    struct route public_routes[ROUTES_MAX], admin_routes[ROUTES_MAX];
};

/* Opens the storage, sees to schema and keys, lays out the routes. false: nothing is left behind; FAULT_LEFT: a signal said to end. settings are taken in any case. */
bool app_init(struct app *app, struct settings *settings, struct fault *fault) MUST_USE;
void app_release(struct app *app);
/* server_settings.start_worker and stop_worker; data is the app */
bool app_start_worker(struct worker *worker, void *data, struct fault *fault);
void app_stop_worker(struct worker *worker);

/* opens what settings->dsn names */
struct storage *open_storage(const struct settings *settings, struct fault *fault) MUST_USE;
/* server/routes.c */
void lay_out_routes(struct app *app);

#endif
