/* What is neither a grant nor a client's record: revocation (RFC 7009), preflights, signing keys, readiness. */
#include <stdio.h>
#include <string.h>

#include "admin/keys.h"
#include "base/clock.h"
#include "oauth/cors.h"
#include "oauth/revoke.h"
#include "server/health.h"
#include "torture/outside.h"
#include "torture/torture.h"
#include "torture/world.h"

static const struct route REVOKE = {.size = sizeof(struct revoke_request),
                                    .steps = REVOKE_STEPS,
                                    .finish = revoke_finish,
                                    .dispose = client_request_release,
                                    .name = "revoke"};
static const struct route PREFLIGHT = {.size = sizeof(struct cors_preflight),
                                       .steps = CORS_PREFLIGHT_STEPS,
                                       .finish = cors_preflight_finish,
                                       .name = "preflight"};
static const struct route LIST_KEYS = {.size = sizeof(struct key_admin),
                                       .steps = LIST_KEYS_STEPS,
                                       .finish = list_keys_finish,
                                       .dispose = key_admin_release,
                                       .name = "list_keys"};
static const struct route READY = {
    .size = sizeof(struct ready_request), .steps = READY_STEPS, .finish = ready_finish, .name = "ready"};

static void put_token(struct sent *sent, const char *token)
{
    static char body[2048];
    snprintf(body, sizeof body, "token=%s%s", token, sent->body);
    sent->body = body;
}

static void a_refresh_token(struct sent *sent)
{
    struct refresh_token token = {.mac_kid = world.policy.secrets.at[0].kid,
                                  .grant_id = "grant-of-a-test",
                                  .gen = 7,
                                  .secret = "a secret of a grant"};
    put_token(sent, world_refresh_token("spa", &token));
}

static void an_access_token(struct sent *sent)
{
    char payload[512];
    struct text text;
    long long exp = (long long)(clock_now_ms() / 1000) + 600;
    snprintf(payload, sizeof payload,
             "{\"iss\":\"https://"
             "issuer.example.com\",\"client_id\":\"poster\",\"exp\":%lld,\"jti\":\"11111111-2222-4333-8444-"
             "555555555555.x\"}",
             exp);
    const struct signing signing = {KEY_ES256, BYTES("at+jwt"), bytes_of(payload)};
    text_init(&text, &world.arena, 1024);
    if (signer_sign(world.context.signer, key_seat_ring(&world.context.keys), &signing, &text, NULL))
        put_token(sent, text_bytes(&text).at);
}

static void registered(struct sent *sent)
{
    (void)sent;
    database.has_origin = true;
}

static const struct sent_header FORM[] = {{"content-type", "application/x-www-form-urlencoded"}, {NULL, NULL}};
static const struct sent_header FROM_APP[] = {
    {"origin", WORLD_ORIGIN}, {"access-control-request-method", "POST"}, {NULL, NULL}};
static const struct sent_header FROM_STRANGER[] = {{"origin", "https://stranger.example"}, {NULL, NULL}};

const struct scene REVOKE_SCENES[] = {
    {.name = "revoke a refresh token",
     .sent = {&REVOKE, .body = "&client_id=spa", .headers = FORM},
     .set_up = a_refresh_token,
     .waits = "find client, revoke",
     .status = 200,
     .says = "{}",
     .done = VERB_REVOKE},
    {.name = "revoke an access token",
     .sent = {&REVOKE, .body = "&client_id=poster&client_secret=" WORLD_SECRET, .headers = FORM},
     .set_up = an_access_token,
     .waits = "find client, revoke",
     .status = 200,
     .says = "{}",
     .done = VERB_REVOKE},
    {.name = "revoke what is no token",
     .sent = {&REVOKE, .body = "token=nothing-of-ours&client_id=spa", .headers = FORM},
     .waits = "find client",
     .status = 200,
     .says = "{}",
     .done = NOTHING_DONE},
    {.name = NULL},
};

const struct scene PREFLIGHT_SCENES[] = {
    {.name = "preflight of an origin that is registered",
     .sent = {&PREFLIGHT, .headers = FROM_APP},
     .set_up = registered,
     .waits = "find origin",
     .status = 204,
     .says = WORLD_ORIGIN,
     .done = VERB_FIND_ORIGIN},
    {.name = "preflight of a stranger",
     .sent = {&PREFLIGHT, .headers = FROM_STRANGER},
     .waits = "find origin",
     .status = 204,
     .says = "Origin",
     .done = VERB_FIND_ORIGIN},
    {.name = NULL},
};

const struct scene KEY_SCENES[] = {
    {.name = "list the signing keys",
     .sent = {&LIST_KEYS},
     .waits = "list keys",
     .status = 200,
     .says = "\"keys\":[]",
     .done = VERB_LIST_KEYS},
    {.name = NULL},
};

const struct scene READY_SCENES[] = {
    {.name = "ready",
     .sent = {&READY},
     .waits = "pulse",
     .status = 200,
     .says = "\"ok\"",
     .done = VERB_PULSE,
     .plain_503 = true},
    {.name = NULL},
};
