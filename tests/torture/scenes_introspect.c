/* Introspection: RFC 7662, RFC 9701; and the admin API's. */
#include <stdio.h>
#include <string.h>

#include "admin/introspect.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "oauth/introspect.h"
#include "torture/outside.h"
#include "torture/torture.h"
#include "torture/world.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

#define GRANT "11111111-2222-4333-8444-555555555555"

static const struct route INTROSPECT = {.size = sizeof(struct introspect_request),
                                        .steps = INTROSPECT_STEPS,
                                        .finish = introspect_finish,
                                        .dispose = introspect_release,
                                        .name = "introspect"};
static const struct route ADMIN = {.size = sizeof(struct introspect_admin),
                                   .steps = INTROSPECT_ADMIN_STEPS,
                                   .finish = introspect_admin_finish,
                                   .dispose = introspect_admin_release,
                                   .name = "introspect_admin"};

static void put_token(struct sent *sent, const char *token)
{
    static char body[2048];
    snprintf(body, sizeof body, "token=%s%s", token, sent->body);
    sent->body = body;
}

static struct refresh_token token_7(void)
{
    struct refresh_token token = {.gen = 7, .secret = "a secret of a grant"};
    token.mac_kid = world.policy.secrets.at[0].kid;
    if (!uuid_parse(BYTES(GRANT), token.grant_id)) memset(token.grant_id, 0, GRANT_ID_LEN);
    return token;
}

/* poster's */
static void grant(void)
{
    const struct refresh_token token = token_7();
    int64_t now = clock_now_ms();
    database.has_grant = true;
    database.grant = (struct grant){.client_id = BYTES("poster"),
                                    .subject = bytes_of(IDENTITY_ID),
                                    .scope = BYTES("api"),
                                    .audience = BYTES("[\"https://api.example.com\"]"),
                                    .claims = BYTES("{\"email\":\"ann@example.com\"}"),
                                    .amr = BYTES("[\"password\"]")};
    memcpy(database.grant.id, token.grant_id, GRANT_ID_LEN);
    refresh_token_hash(&token, database.grant_secret_hash);
    database.state = (struct rotation_state){.gen = 7,
                                             .base_gen = 6,
                                             .low_gen = 5,
                                             .rotated_at = now - 10 * MINUTE_MS,
                                             .idle_expires_at = now + HOUR_MS,
                                             .expires_at = now + HOUR_MS};
}

static void a_refresh_token(struct sent *sent)
{
    const struct refresh_token token = token_7();
    grant();
    put_token(sent, world_refresh_token("poster", &token));
}

static void an_access_token(struct sent *sent)
{
    char payload[512];
    struct text text;
    long long exp = (long long)(clock_now_ms() / 1000) + 600;
    snprintf(payload, sizeof payload,
             "{\"iss\":\"https://issuer.example.com\",\"client_id\":\"poster\",\"exp\":%lld,\"jti\":\"" GRANT ".x\"}",
             exp);
    const struct signing signing = {KEY_ES256, BYTES("at+jwt"), bytes_of(payload)};
    text_init(&text, &world.arena, 1024);
    grant();
    if (signer_sign(world.context.signer, key_seat_ring(&world.context.keys), &signing, &text, NULL))
        put_token(sent, text_bytes(&text).at);
}

static void revoked(struct sent *sent)
{
    a_refresh_token(sent);
    database.state.revoked_at = clock_now_ms() - 1000;
}

static const struct sent_header FORM[] = {{"content-type", "application/x-www-form-urlencoded"}, {NULL, NULL}};
static const struct sent_header FORM_FOR_JWT[] = {{"content-type", "application/x-www-form-urlencoded"},
                                                  {"accept", "application/token-introspection+jwt"},
                                                  {NULL, NULL}};

#define POSTER "&client_id=poster&client_secret=" WORLD_SECRET
#define ASKED_FIRST .waits = "find client, find grant", .status = 200, .done = VERB_FIND_GRANT

const struct scene INTROSPECT_SCENES[] = {
    {.name = "introspect an access token",
     .sent = {&INTROSPECT, .body = POSTER, .headers = FORM},
     .set_up = an_access_token,
     .says = "{\"active\":true,",
     ASKED_FIRST},
    {.name = "introspect a refresh token",
     .sent = {&INTROSPECT, .body = POSTER, .headers = FORM},
     .set_up = a_refresh_token,
     .says = "{\"active\":true,",
     ASKED_FIRST},
    {.name = "introspect a refresh token, as a JWT",
     .sent = {&INTROSPECT, .body = POSTER, .headers = FORM_FOR_JWT},
     .set_up = a_refresh_token,
     .says = "eyJ",
     ASKED_FIRST},
    {.name = "introspect a token of a grant that was revoked",
     .sent = {&INTROSPECT, .body = POSTER, .headers = FORM},
     .set_up = revoked,
     .says = "{\"active\":false}",
     ASKED_FIRST},
    {.name = "introspect what is no token",
     .sent = {&INTROSPECT, .body = "token=nothing-of-ours" POSTER, .headers = FORM},
     .waits = "find client",
     .status = 200,
     .says = "{\"active\":false}",
     .done = NOTHING_DONE},
    {.name = NULL},
};

const struct scene INTROSPECT_ADMIN_SCENES[] = {
    {.name = "the admin API introspects an access token",
     .sent = {&ADMIN, .body = "", .headers = FORM},
     .set_up = an_access_token,
     .waits = "find grant",
     .status = 200,
     .says = "{\"active\":true,",
     .done = VERB_FIND_GRANT},
    {.name = "the admin API introspects a refresh token",
     .sent = {&ADMIN, .body = "&scope=api", .headers = FORM},
     .set_up = a_refresh_token,
     .waits = "find grant, find client",
     .status = 200,
     .says = "{\"active\":true,",
     .done = VERB_FIND_CLIENT},
    {.name = "the admin API introspects a token of a grant that was revoked",
     .sent = {&ADMIN, .body = "", .headers = FORM},
     .set_up = revoked,
     .waits = "find grant",
     .status = 200,
     .says = "{\"active\":false}",
     .done = VERB_FIND_GRANT},
    {.name = NULL},
};
