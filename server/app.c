#include "server/app.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "identity/kratos/kratos.h"
#include "oauth/lockout.h"
#include "server/janitor.h"
#include "storage/postgres/postgres.h"
#include "storage/sqlite/sqlite.h"

enum {
    KEY_LOOK_MS = 1000,
    DATABASE_WAIT_S = 30, /* how long a start waits for a Postgres that can't be reached: containers start in any order */
};

/* ---- the storage ---- */

struct storage *open_storage(const struct settings *settings, struct fault *fault)
{
    const char *dsn = settings->dsn;
    static const char SQLITE[] = "sqlite://";
    if (strcmp(dsn, "memory") == 0) return sqlite_open(NULL, fault);
    if (strncmp(dsn, SQLITE, sizeof SQLITE - 1) == 0) return sqlite_open(dsn + sizeof SQLITE - 1, fault);
    const struct postgres_settings postgres = {
        .dsn = dsn, .connections_per_worker = settings->postgres_connections, .unnamed_statements = !settings->postgres_prepared};
    return postgres_open(&postgres, fault);
}

static void log_line(const char *line) { log_say(LOG_INFO, "migrate", "%s", line); }

/* waits a second; signals are blocked here (serve.c), so one that ends the server would otherwise go unseen */
static bool told_to_end(struct fault *fault)
{
    const struct timespec second = {.tv_sec = 1};
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    int signal_number = sigtimedwait(&ends, NULL, &second);
    return signal_number > 0 && !fault_set(fault, FAULT_LEFT, "storage", "signal %d, while waiting for the database", signal_number);
}

static bool wait_for_database(struct storage *storage, enum schema_state *state, struct fault *fault)
{
    for (int waited_s = 0;; waited_s++) {
        *state = storage_schema(storage, fault);
        if (*state != SCHEMA_UNREACHABLE) return true;
        if (waited_s == DATABASE_WAIT_S) return false;
        if (waited_s % 5 == 0) log_fault(LOG_WARN, "waiting_for_database", fault);
        if (told_to_end(fault)) return false;
    }
}

/* SQLite is brought up to date here; Postgres by the operator, who may want to look first and has the rights */
static bool check_schema(struct storage *storage, bool embedded, struct fault *fault)
{
    enum schema_state state;
    if (embedded) return storage_migrate(storage, log_line, fault);
    if (!wait_for_database(storage, &state, fault)) return false;
    switch (state) {
    case SCHEMA_CURRENT: return true;
    case SCHEMA_BEHIND: return fault_set(fault, FAULT_INPUT, "storage", "the database's schema is older than this program: run `hydrant migrate` with the same settings first");
    case SCHEMA_TOO_NEW: return fault_set(fault, FAULT_INPUT, "storage", "the database's schema is more than one version newer than this program: install the newer hydrant");
    case SCHEMA_UNREACHABLE:
    case SCHEMA_REFUSED: return false; /* in the database's own words */
    }
    return false;
}

/* ---- the process ---- */

bool app_init(struct app *app, struct settings *settings, struct fault *fault)
{
    bool embedded = strncmp(settings->dsn, "postgres", 8) != 0;
    *app = (struct app){.settings = settings, .lockout = lockout_create(), .key_view = key_view_create(), .known_secrets = known_secrets_create()};
    app->started_at_ms = clock_now_ms();
    app->key_rules = (struct key_rules){.algorithms = settings->policy.algorithms, .algorithm_count = settings->policy.algorithm_count, .times = &settings->key_times,
        .making = {.secrets = &settings->policy.secrets, .rsa_bits = settings->rsa_bits}};
    app->admin_rules.host = bytes_of(settings->admin.host);
    if (bytes_present(settings->admin_token)) secret_init(&app->admin_rules.token, settings->admin_token);
    if (bytes_present(settings->kratos_hook_key)) secret_init(&app->kratos_hook_key, settings->kratos_hook_key);
    app->identity = (struct identity_settings){.public_url = settings->kratos_public_url, .admin_url = settings->kratos_admin_url,
        .cookie_name = settings->policy.cookie_name, .timeout_ms = settings->kratos_timeout_ms, .ca_file = settings->kratos_ca_file};
    app->forward_auth = (struct forward_auth){.settings = &settings->forward_auth, .tokens = session_tokens_create()};
    settings->policy.in_force_since_steady_ms = clock_steady_ms();
    app->storage = open_storage(settings, fault);
    bool good = app->storage != NULL && check_schema(app->storage, embedded, fault);
    good = good && (app->crew = aside_crew_create((server_core_count() + 1) / 2, fault)) != NULL;
    good = good && key_keeper_start(app->key_view, &app->key_rules, app->storage, app->crew, fault);
    good = good && metadata_write(&settings->arena, &settings->policy, GRANT_TYPES, &app->metadata, fault);
    if (good) lay_out_routes(app);
    else app_release(app);
    return good;
}

void app_release(struct app *app)
{
    aside_crew_destroy(app->crew);
    known_secrets_destroy(app->known_secrets);
    key_view_destroy(app->key_view);
    storage_close(app->storage);
    lockout_destroy(app->lockout);
    session_tokens_destroy(app->forward_auth.tokens);
    secret_release(&app->admin_rules.token);
    secret_release(&app->kratos_hook_key);
    settings_free(app->settings);
}

/* ---- a worker ---- */

struct worker_context {
    struct context context; /* first: worker->data is a struct context */
    struct app *app;
    struct janitor *janitor; /* of the first worker; else NULL */
    struct key_keeper *key_keeper; /* the same */
    struct timer key_look;
};

/* What this worker keeps in memory of a session, a subject (identity_id) or a client, and has to forget when it ends, here or
 * through any other server. On the worker's own thread. */
static void forget_ended(void *data, enum revoke_by by, struct bytes name)
{
    struct worker_context *own = data;
    if (by == REVOKE_CLIENT) client_registry_forget(own->context.clients, name);
    else identity_start_anew(own->context.identity); /* before the others forget, and ask again */
    session_tokens_forget(own->app->forward_auth.tokens, by, name);
    hydra_hook_forget(own->context.hydra_hook, by, name);
}

static bool compile_claims(struct context *context, struct fault *fault)
{
    const struct policy *policy = context->policy;
    context->claims = calloc(policy->profile_count, sizeof(struct claims *));
    if (context->claims == NULL) abort();
    for (size_t i = 0; i < policy->profile_count; i++)
        if ((context->claims[i] = claims_create(&policy->profiles[i].claims, fault)) == NULL) return false;
    return true;
}

static bool make_companions(struct context *context, const struct settings *settings, struct fault *fault)
{
    if (!settings->hydra_hook.enabled) return true;
    context->hydra_hook = hydra_hook_create(&settings->hydra_hook, context, fault);
    return context->hydra_hook != NULL;
}

static bool fill_context(struct worker_context *own, struct fault *fault)
{
    struct context *context = &own->context;
    struct app *app = own->app;
    context->store = storage_attach(app->storage, context->worker->loop);
    if (context->store == NULL) return fault_set(fault, FAULT_AWAY, "storage", "a worker could not be attached");
    storage_on_ending(context->store, forget_ended, own);
    context->identity = kratos_create(context->worker->loop, &app->identity, fault);
    context->signer = signer_create();
    key_seat_init(&context->keys, app->key_view);
    context->key_desk = (struct key_desk){.view = app->key_view, .rules = &app->key_rules, .store = context->store, .loop = context->worker->loop, .crew = app->crew};
    context->crew = app->crew;
    context->secrets = (struct secret_desk){.known = app->known_secrets, .crew = app->crew, .loop = context->worker->loop};
    context->clients = client_registry_create(context->policy, context->store);
    return context->identity != NULL && compile_claims(context, fault) && make_companions(context, app->settings, fault);
}

/* A worker without requests would keep the ring of its last one, and a revoked private key with it. */
static void look_at_keys(struct timer *timer)
{
    struct worker_context *own = (struct worker_context *)((char *)timer - offsetof(struct worker_context, key_look));
    signer_follow(own->context.signer, key_seat_ring(&own->context.keys));
    timer_start(own->context.worker->loop, timer, KEY_LOOK_MS);
}

bool app_start_worker(struct worker *worker, void *data, struct fault *fault)
{
    struct app *app = data;
    struct worker_context *own = calloc(1, sizeof *own);
    if (own == NULL) abort();
    own->app = app;
    own->context = (struct context){.worker = worker, .policy = &app->settings->policy, .lockout = app->lockout, .grant_types = GRANT_TYPES};
    worker->data = own;
    if (worker->index >= WORKERS_MAX) return fault_set(fault, FAULT_INPUT, "serve.workers", "at most %d workers", WORKERS_MAX);
    if (!fill_context(own, fault)) return false;
    own->key_look.run = look_at_keys;
    timer_start(worker->loop, &own->key_look, KEY_LOOK_MS);
    if (worker->index == 0) {
        own->janitor = janitor_create(worker->loop, own->context.store);
        own->key_keeper = key_keeper_create(worker->loop, &own->context.key_desk);
    }
    return true;
}

void app_stop_worker(struct worker *worker)
{
    struct worker_context *own = worker->data;
    if (own == NULL) return;
    struct context *context = &own->context;
    if (context->store != NULL) storage_on_ending(context->store, NULL, NULL);
    janitor_destroy(own->janitor);
    key_keeper_destroy(own->key_keeper);
    timer_stop(worker->loop, &own->key_look);
    hydra_hook_destroy(context->hydra_hook);
    if (context->identity != NULL) kratos_destroy(context->identity);
    client_registry_destroy(context->clients);
    for (size_t i = 0; context->claims != NULL && i < context->policy->profile_count; i++) claims_destroy(context->claims[i]);
    free(context->claims);
    signer_destroy(context->signer);
    key_seat_release(&context->keys);
    key_desk_close(&context->key_desk);
    secret_desk_close(&context->secrets);
    if (context->store != NULL) storage_detach(context->store);
    free(own);
}
