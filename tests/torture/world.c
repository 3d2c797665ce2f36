#include "torture/world.h"

#include <stdlib.h>

#include "grants/grants.h"
#include "oauth/client_registry.h"
#include "oauth/client_secret.h"
#include "oauth/lockout.h"
#include "torture/outside.h"
#include "unit/keys/fixture.h"

enum { MINUTE_MS = 60 * 1000, ROOM = 4 * 1024 * 1024 };

struct world world;

static void must(bool done)
{
    if (!done) abort();
}

/* ---- the settings ---- */

static void fill_profiles(void)
{
    static const struct claim_expression EMAIL[] = {
        {.name = BYTES("email"), .expression = BYTES(".identity.traits.email")}};
    static const enum key_algorithm ALGORITHMS[] = {KEY_ES256};
    struct token_profile *p = world.profiles;
    for (size_t i = 0; i < 3; i++)
        p[i] = (struct token_profile){.ttl_ms = 15 * MINUTE_MS,
                                      .algorithm = KEY_ES256,
                                      .typ = BYTES("at+jwt"),
                                      .claims = {.table = EMAIL, .table_count = 1}};
    p[1].audience = BYTES("https://pay.example.com");
    p[1].scopes = BYTES("pay read");
    p[2].audience = BYTES("https://strong.example.com");
    p[2].min_aal = 2;
    world.policy.profiles = p;
    world.policy.profile_count = 3;
    world.policy.algorithms = ALGORITHMS;
    world.policy.algorithm_count = 1;
}

static void fill_policy(void)
{
    world.audience[0] = BYTES("https://api.example.com");
    world.policy = (struct policy){
        .issuer = BYTES("https://issuer.example.com"),
        .issuer_path = BYTES(""),
        .secrets = fixture_secrets(),
        .audience = {world.audience, 1},
        .refresh = {.idle_ttl_ms = 14LL * DAY_MS,
                    .absolute_ttl_ms = 30LL * DAY_MS,
                    .grace_ms = MINUTE_MS,
                    .coalesce_ms = MINUTE_MS,
                    .skip_limit = 5,
                    .ahead_max = 16},
        .cookie_name = BYTES("ory_kratos_session"),
        .revalidate_after_ms = MINUTE_MS,
        .stale_if_error_ms = 45 * MINUTE_MS,
        .session_grants_max = 20,
        .jwks_max_age_ms = 15 * MINUTE_MS,
    };
    fill_profiles();
}

static struct key_view *keys;

/* as if the key table held this one */
static void look_at(const struct key_material *key)
{
    static const struct key_times times = {.rotate_every_ms = DAY_MS};
    static struct key_rules rules;
    rules = (struct key_rules){.algorithms = world.policy.algorithms,
                               .algorithm_count = world.policy.algorithm_count,
                               .times = &times,
                               .making = {&world.policy.secrets, RSA_BITS_MIN}};
    const struct key_reading reading = {
        .rows = key, .count = 1, .now = clock_now_ms(), .asked_steady_us = clock_steady_us()};
    keys = key_view_create();
    key_view_replace(keys, &rules, &reading, key_view_open(keys, &rules, &reading, NULL));
    key_seat_init(&world.context.keys, keys);
    world.context.key_desk =
        (struct key_desk){.view = keys, .rules = &rules, .store = world.context.store, .loop = world.worker.loop, .crew = world.context.crew};
}

static void fill_context(void)
{
    struct key_material key = fixture_key(KEY_ES256, 0, 1, &world.arena);
    world.context = (struct context){
        .worker = &world.worker,
        .policy = &world.policy,
        .grant_types = GRANT_TYPES,
        .store = outside_store(world.worker.loop),
        .claims = world.claims,
        .signer = signer_create(),
        .crew = aside_crew_create(1, NULL),
    };
    look_at(&key);
    for (size_t i = 0; i < world.policy.profile_count; i++)
        must((world.claims[i] = claims_create(&world.profiles[i].claims, NULL)) != NULL);
}

void world_create(void)
{
    arena_init(&world.arena, ROOM);
    world.worker = (struct worker){.loop = loop_create(), .data = &world.context};
    fill_policy();
    fill_context();
}

void world_destroy(void)
{
    aside_crew_destroy(world.context.crew);
    for (size_t i = 0; i < world.policy.profile_count; i++) claims_destroy(world.claims[i]);
    signer_destroy(world.context.signer);
    key_seat_release(&world.context.keys);
    key_view_destroy(keys);
    system_secrets_release(&world.policy.secrets);
    loop_destroy(world.worker.loop);
    arena_release(&world.arena);
}

static struct forward_profile PROFILES[] = {
    {.name = BYTES("app"), .client_id = BYTES("spa"), .scope = BYTES("api"), .login_url = BYTES("https://login.example.com/start")},
    {.name = BYTES("nobody"), .client_id = BYTES("nobody")},
    {.name = BYTES("beyond"), .client_id = BYTES("spa"), .scope = BYTES("api beyond")},
};
static const struct forward_auth_settings FORWARD_AUTH = {.keep_ms = MINUTE_MS / 2, .profiles = PROFILES, .profile_count = sizeof PROFILES / sizeof *PROFILES};

void world_forget(void)
{
    world.context.clients = client_registry_create(&world.policy, world.context.store);
    world.context.lockout = lockout_create();
    world.context.secrets = (struct secret_desk){.known = known_secrets_create(), .crew = world.context.crew, .loop = world.worker.loop};
    world.forward_auth = (struct forward_auth){&FORWARD_AUTH, session_tokens_create()};
    if (!world.hydra_hook.enabled) return;
    must((world.context.hydra_hook = hydra_hook_create(&world.hydra_hook, &world.context, NULL)) != NULL);
}

void world_release_forgetful(void)
{
    client_registry_destroy(world.context.clients);
    lockout_destroy(world.context.lockout);
    secret_desk_close(&world.context.secrets);
    known_secrets_destroy(world.context.secrets.known);
    session_tokens_destroy(world.forward_auth.tokens);
    hydra_hook_destroy(world.context.hydra_hook);
    world.context.hydra_hook = NULL;
}

/* ---- its clients ---- */

const struct client_row *world_clients(void)
{
    static struct client_row rows[] = {
        {.client_id = BYTES("spa"),
         .record = BYTES("{\"client_id\":\"spa\",\"token_endpoint_auth_method\":\"none\",\"scope\":\"api read\","
                         "\"allowed_cors_origins\":[\"" WORLD_ORIGIN "\"],\"refresh_token_with_cookie\":true}")},
        {.client_id = BYTES("page"),
         .record = BYTES("{\"client_id\":\"page\",\"token_endpoint_auth_method\":\"none\",\"scope\":\"api\","
                         "\"allowed_cors_origins\":[\"" WORLD_ORIGIN "\"]}")},
        {.client_id = BYTES("backend"),
         .record = BYTES("{\"client_id\":\"backend\",\"scope\":\"api offline_access\"}")},
        {.client_id = BYTES("poster"),
         .record = BYTES(
             "{\"client_id\":\"poster\",\"scope\":\"api\",\"token_endpoint_auth_method\":\"client_secret_post\"}")},
        {.client_id = BYTES("brief"),
         .record = BYTES("{\"client_id\":\"brief\",\"token_endpoint_auth_method\":\"none\",\"scope\":\"api\","
                         "\"refresh_token\":{\"idle_ttl\":\"5m\",\"absolute_ttl\":\"10m\"}}")},
        {.client_id = BYTES_ABSENT},
    };
    if (!bytes_present(rows[2].secret_hash))
        rows[2].secret_hash = rows[3].secret_hash = client_secret_hash(&world.arena, BYTES(WORLD_SECRET));
    return rows;
}

const char *world_refresh_token(const char *client_id, const struct refresh_token *token)
{
    const struct token_binding binding = {world.policy.issuer, bytes_of(client_id)};
    struct text text;
    text_init(&text, &world.arena, REFRESH_TOKEN_TEXT_LEN);
    must(refresh_token_write(&world.policy.secrets, &binding, token, &text));
    return text_bytes(&text).at;
}
