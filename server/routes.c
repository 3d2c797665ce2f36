/* routes: which path is answered by what (interface.md). */
#include "server/app.h"

#include <assert.h>

#include "companion/forward_auth.h"
#include "admin/introspect.h"
#include "oauth/cors.h"
#include "oauth/introspect.h"
#include "oauth/revoke.h"
#include "base/metrics.h"
#include "server/health.h"
#include "server/metrics.h"

static const struct route ALIVE = {.path = "/health/alive", .methods = METHOD_GET, .size = sizeof(struct request), .steps = ALIVE_STEPS, .finish = alive_finish, .name = "alive"};
static const struct route READY = {.path = "/health/ready", .methods = METHOD_GET, .size = sizeof(struct ready_request), .steps = READY_STEPS, .finish = ready_finish, .name = "ready"};
static const struct route VERSION = {.path = "/version", .methods = METHOD_GET, .size = sizeof(struct request), .steps = ALIVE_STEPS, .finish = version_finish, .name = "version"};
static const struct route METRICS = {.path = "/metrics/prometheus", .methods = METHOD_GET, .size = sizeof(struct metrics_request), .steps = METRICS_STEPS,
    .finish = metrics_finish, .dispose = metrics_release, .name = "metrics"};

static const struct route TOKEN = {.path = "/oauth2/token", .methods = METHOD_POST, .size = sizeof(struct token_request), .steps = TOKEN_STEPS,
    .finish = token_finish, .dispose = token_release, .name = "token"};
static const struct route REVOKE = {.path = "/oauth2/revoke", .methods = METHOD_POST, .size = sizeof(struct revoke_request), .steps = REVOKE_STEPS,
    .finish = revoke_finish, .dispose = client_request_release, .name = "revoke"};
static const struct route INTROSPECT = {.path = "/oauth2/introspect", .methods = METHOD_POST, .size = sizeof(struct introspect_request), .steps = INTROSPECT_STEPS,
    .finish = introspect_finish, .dispose = introspect_release, .name = "introspect"};
static const struct route PREFLIGHT = {.methods = METHOD_OPTIONS, .size = sizeof(struct cors_preflight), .steps = CORS_PREFLIGHT_STEPS, .finish = cors_preflight_finish, .name = "preflight"};
static const struct route JWKS = {.path = "/.well-known/jwks.json", .methods = METHOD_GET, .size = sizeof(struct jwks_request), .steps = DOCUMENT_STEPS, .finish = jwks_finish,
    .dispose = jwks_release, .name = "jwks"};
static const struct route METADATA = {.methods = METHOD_GET, .size = sizeof(struct request), .steps = DOCUMENT_STEPS, .finish = metadata_finish, .name = "metadata"};

static const struct route FORWARD_AUTH = {.path = "/session/token/{}/...", .methods = METHOD_ANY, .size = sizeof(struct forward_auth_request), .steps = FORWARD_AUTH_STEPS,
    .finish = forward_auth_finish, .dispose = forward_auth_release, .name = "forward_auth"};

static const struct route CREATE_CLIENT = {.path = "/admin/clients", .methods = METHOD_POST, .size = sizeof(struct client_admin), .steps = CREATE_CLIENT_STEPS,
    .finish = create_client_finish, .dispose = client_admin_release, .name = "create_client"};
static const struct route LIST_CLIENTS = {.path = "/admin/clients", .methods = METHOD_GET, .size = sizeof(struct client_admin), .steps = LIST_CLIENTS_STEPS,
    .finish = list_clients_finish, .dispose = client_admin_release, .name = "list_clients"};
static const struct route GET_CLIENT = {.path = "/admin/clients/{}", .methods = METHOD_GET, .size = sizeof(struct client_admin), .steps = GET_CLIENT_STEPS,
    .finish = get_client_finish, .dispose = client_admin_release, .name = "get_client"};
static const struct route DELETE_CLIENT = {.path = "/admin/clients/{}", .methods = METHOD_DELETE, .size = sizeof(struct client_admin), .steps = DELETE_CLIENT_STEPS,
    .finish = delete_client_finish, .dispose = client_admin_release, .name = "delete_client"};

static const struct route LIST_KEYS = {.path = "/admin/keys", .methods = METHOD_GET, .size = sizeof(struct key_admin), .steps = LIST_KEYS_STEPS,
    .finish = list_keys_finish, .dispose = key_admin_release, .name = "list_keys"};
static const struct route ROTATE_KEYS = {.path = "/admin/keys/rotate", .methods = METHOD_POST, .size = sizeof(struct key_admin), .steps = ROTATE_KEYS_STEPS,
    .finish = rotate_keys_finish, .dispose = key_admin_release, .name = "rotate_keys"};
static const struct route RESEAL_KEYS = {.path = "/admin/keys/reseal", .methods = METHOD_POST, .size = sizeof(struct key_admin), .steps = RESEAL_KEYS_STEPS,
    .finish = reseal_keys_finish, .dispose = key_admin_release, .name = "reseal_keys"};
static const struct route REVOKE_KEY = {.path = "/admin/keys/{}", .methods = METHOD_DELETE, .size = sizeof(struct key_admin), .steps = REVOKE_KEY_STEPS,
    .finish = revoke_key_finish, .dispose = key_admin_release, .name = "revoke_key"};

static const struct route LIST_GRANTS = {.path = "/admin/grants", .methods = METHOD_GET, .size = sizeof(struct grant_admin), .steps = LIST_GRANTS_STEPS,
    .finish = list_grants_finish, .dispose = grant_admin_release, .name = "list_grants"};
static const struct route REVOKE_GRANTS = {.path = "/admin/grants", .methods = METHOD_DELETE, .size = sizeof(struct grant_admin), .steps = REVOKE_GRANTS_STEPS,
    .finish = revoke_grants_finish, .dispose = grant_admin_release, .name = "revoke_grants"};
static const struct route REVOKE_ONE_GRANT = {.path = "/admin/grants/{}", .methods = METHOD_DELETE, .size = sizeof(struct grant_admin), .steps = REVOKE_GRANT_STEPS,
    .finish = revoke_grants_finish, .dispose = grant_admin_release, .name = "revoke_grant"};

static const struct route KRATOS_REVOKE = {.path = "/hooks/kratos/revoke", .methods = METHOD_POST, .size = sizeof(struct kratos_revoke_request),
    .steps = KRATOS_REVOKE_STEPS, .finish = kratos_revoke_finish, .name = "kratos_revoke"};
static const struct route INTROSPECT_ADMIN = {.path = "/admin/oauth2/introspect", .methods = METHOD_POST, .size = sizeof(struct introspect_admin), .steps = INTROSPECT_ADMIN_STEPS,
    .finish = introspect_admin_finish, .dispose = introspect_admin_release, .name = "introspect_admin"};
static const struct route HYDRA_HOOK = {.path = "/hooks/hydra/token", .methods = METHOD_POST, .size = sizeof(struct hydra_hook_request), .steps = HYDRA_HOOK_STEPS,
    .finish = hydra_hook_finish, .dispose = hydra_hook_release, .name = "hydra_hook"};

struct layout {
    struct app *app;
    struct route *at;
    size_t count;
};

static struct route *put(struct layout *l, const struct route *route)
{
    assert(l->count < ROUTES_MAX - 1); /* the last row stays empty: it ends the table */
    l->at[l->count] = *route;
    l->at[l->count].counted_as = metric_name(LABEL_ENDPOINT, bytes_of(route->name));
    return &l->at[l->count++];
}

static const char *join(struct layout *l, struct bytes before, const char *path, struct bytes behind)
{
    struct text t;
    text_init(&t, &l->app->settings->arena, 128);
    text_put(&t, before);
    text_put(&t, bytes_of(path));
    text_put(&t, behind);
    return text_bytes(&t).at;
}

static void put_below(struct layout *l, struct bytes prefix, const struct route *route) { put(l, route)->path = join(l, prefix, route->path, BYTES("")); }

static void put_protocol(struct layout *l, struct bytes prefix)
{
    struct route preflight = PREFLIGHT;
    put_below(l, prefix, &TOKEN);
    put_below(l, prefix, &REVOKE);
    put_below(l, prefix, &INTROSPECT);
    put_below(l, prefix, &JWKS);
    preflight.path = TOKEN.path;
    put_below(l, prefix, &preflight);
    preflight.path = REVOKE.path;
    put_below(l, prefix, &preflight);
}

static void put_metadata(struct layout *l, const char *path)
{
    struct route *route = put(l, &METADATA);
    route->path = path;
    route->data = &l->app->metadata;
}

/* RFC 8414 3.1: the well-known part goes between host and path; OpenID Connect Discovery 4 puts it behind. Behind a proxy that takes the issuer's path off, the plain paths serve. */
static void lay_out_public(struct layout *l)
{
    struct bytes path = l->app->settings->policy.issuer_path;
    put_protocol(l, BYTES(""));
    put_metadata(l, "/.well-known/oauth-authorization-server");
    put_metadata(l, "/.well-known/openid-configuration");
    put(l, &ALIVE);
    put(l, &READY);
    put(l, &VERSION);
    put(l, &FORWARD_AUTH)->data = &l->app->forward_auth;
    if (path.len == 0) return;
    put_protocol(l, path);
    put_metadata(l, join(l, BYTES(""), "/.well-known/oauth-authorization-server", path));
    put_metadata(l, join(l, path, "/.well-known/oauth-authorization-server", BYTES("")));
    put_metadata(l, join(l, BYTES(""), "/.well-known/openid-configuration", path));
    put_metadata(l, join(l, path, "/.well-known/openid-configuration", BYTES("")));
}

static void lay_out_admin(struct layout *l)
{
    put(l, &CREATE_CLIENT);
    put(l, &LIST_CLIENTS);
    put(l, &GET_CLIENT);
    put(l, &DELETE_CLIENT);
    put(l, &LIST_KEYS);
    put(l, &ROTATE_KEYS);
    put(l, &RESEAL_KEYS);
    put(l, &REVOKE_KEY);
    put(l, &METRICS)->data = l->app;
    put(l, &LIST_GRANTS);
    put(l, &REVOKE_GRANTS);
    put(l, &REVOKE_ONE_GRANT);
    if (secret_present(&l->app->kratos_hook_key)) put(l, &KRATOS_REVOKE)->data = &l->app->kratos_hook_key;
    put(l, &INTROSPECT_ADMIN);
    if (l->app->settings->hydra_hook.enabled) put(l, &HYDRA_HOOK);
    put(l, &ALIVE);
    put(l, &READY);
    put(l, &VERSION);
}

void lay_out_routes(struct app *app)
{
    struct layout public_layout = {app, app->public_routes, 0}, admin_layout = {app, app->admin_routes, 0};
    lay_out_public(&public_layout);
    lay_out_admin(&admin_layout);
}
