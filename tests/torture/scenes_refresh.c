/* Refresh: RFC 6749 6, docs/refresh.md. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "oauth/token.h"
#include "torture/outside.h"
#include "torture/torture.h"
#include "torture/world.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

static const struct route TOKEN = {.size = sizeof(struct token_request),
                                   .steps = TOKEN_STEPS,
                                   .finish = token_finish,
                                   .dispose = token_release,
                                   .name = "token"};

/* the token of generation 7, presented by the form that is there already */
static void present(struct sent *sent, const char *client_id)
{
    static char body[512];
    static const struct refresh_token TOKEN_7 = {
        .grant_id = "grant-of-a-test", .gen = 7, .secret = "a secret of a grant"};
    struct refresh_token token = TOKEN_7;
    token.mac_kid = world.policy.secrets.at[0].kid;
    refresh_token_hash(&token, database.grant_secret_hash);
    snprintf(body, sizeof body, "grant_type=refresh_token&refresh_token=%s%s", world_refresh_token(client_id, &token),
             sent->body == NULL ? "" : sent->body);
    sent->body = body;
}

static void grant(const char *client_id)
{
    int64_t now = clock_now_ms();
    database.has_grant = true;
    database.grant = (struct grant){.client_id = bytes_of(client_id),
                                    .subject = bytes_of(IDENTITY_ID),
                                    .kratos_session_id = bytes_of(SESSION_ID),
                                    .identity_id = bytes_of(IDENTITY_ID),
                                    .scope = BYTES("api read"),
                                    .audience = BYTES("[\"https://api.example.com\"]"),
                                    .claims = BYTES("{\"email\":\"ann@example.com\",\"may\":\"api read\"}"),
                                    .acr = BYTES("aal1"),
                                    .amr = BYTES("[\"password\"]"),
                                    .auth_time = now - HOUR_MS};
    memcpy(database.grant.id, "grant-of-a-test", GRANT_ID_LEN);
    database.state = (struct rotation_state){.gen = 7,
                                             .base_gen = 6,
                                             .low_gen = 5,
                                             .rotated_at = now - 10 * MINUTE_MS,
                                             .mac_kid = world.policy.secrets.at[0].kid,
                                             .idle_ttl_ms = 14LL * 24 * HOUR_MS,
                                             .idle_expires_at = now + 24 * HOUR_MS,
                                             .expires_at = now + 48 * HOUR_MS,
                                             .session_checked_at = now - 1000,
                                             .session_expires_at = now + 8 * HOUR_MS};
}

static void plain(struct sent *sent)
{
    grant("spa");
    present(sent, "spa");
}

static void look_due(struct sent *sent)
{
    plain(sent);
    database.state.session_checked_at -= 10 * MINUTE_MS;
}

static bool claims_stay(void) { return !database.changed_claims; }

static void look_due_and_claims_old(struct sent *sent)
{
    look_due(sent);
    database.grant.claims = BYTES("{\"email\":\"before@example.com\"}");
}

static void of_another_person(struct sent *sent)
{
    look_due_and_claims_old(sent);
    database.grant.identity_id = BYTES("6e0ab6b6-1111-4222-8333-abcdefabcdef");
}

static bool claims_are_new(void) { return database.changed_claims; }

static void asks_for_more_by_now(struct sent *sent)
{
    plain(sent);
    database.grant.audience = BYTES("[\"https://strong.example.com\"]");
}

static void stale(struct sent *sent)
{
    plain(sent);
    database.state.session_checked_at -= 2 * HOUR_MS;
    kratos.session = LOOK_AWAY;
}

static void session_over(struct sent *sent)
{
    look_due(sent);
    kratos.session = LOOK_ENDED;
}

/* its time is over, so no earlier look serves */
static void session_expired(struct sent *sent)
{
    session_over(sent);
    database.state.session_expires_at = clock_now_ms() - 1000;
}

static void cookie_of_a_session_that_ended(struct sent *sent)
{
    look_due(sent);
    kratos.whoami = LOOK_ENDED;
}

static void near_its_end(struct sent *sent)
{
    look_due(sent);
    world.policy.extend = (struct extend_policy){.on_refresh = true, .below_ms = 24LL * HOUR_MS};
}

static void needs_person(struct sent *sent)
{
    look_due(sent);
    world.profiles[0].claims.use_admin_metadata = true;
}

static void needs_person_who_is_gone(struct sent *sent)
{
    needs_person(sent);
    kratos.identity = LOOK_ENDED;
}

static void outlives_session(struct sent *sent)
{
    grant("backend");
    present(sent, "backend");
    database.grant.scope = BYTES("api offline_access");
    database.state.session_checked_at -= 10 * MINUTE_MS;
    database.state.session_expires_at = 0;
    kratos.session = LOOK_ENDED;
}

static void person_gone(struct sent *sent)
{
    outlives_session(sent);
    kratos.identity = LOOK_ENDED;
}

static void used_again(struct sent *sent)
{
    plain(sent);
    database.state.gen = 9;
    database.state.base_gen = 8;
    database.state.low_gen = 7;
}

static void unknown(struct sent *sent)
{
    plain(sent);
    database.has_grant = false;
}

static const struct sent_header FORM[] = {{"content-type", "application/x-www-form-urlencoded"}, {NULL, NULL}};
static const struct sent_header FORM_AND_BASIC[] = {
    {"content-type", "application/x-www-form-urlencoded"}, {"authorization", WORLD_BASIC}, {NULL, NULL}};

static const struct sent_header FORM_AND_COOKIE[] = {
    {"content-type", "application/x-www-form-urlencoded"},
    {"origin", WORLD_ORIGIN},
    {"cookie", "ory_kratos_session=MTc5NTQ4NTUyMHxLMTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3BxcnN0dXY="},
    {NULL, NULL}};

#define SPA .sent = {&TOKEN, .body = "&client_id=spa", .headers = FORM}
#define SPA_ASKS_FOR(what) .sent = {&TOKEN, .body = "&client_id=spa&" what, .headers = FORM}
#define SPA_WITH_COOKIE .sent = {&TOKEN, .body = "&client_id=spa", .headers = FORM_AND_COOKIE}
#define GIVES_A_COOKIE .status = 200, .says = "ory_kratos_session=renewed", .done = VERB_ROTATE
#define BACKEND .sent = {&TOKEN, .headers = FORM_AND_BASIC}
#define GIVES_A_TOKEN .status = 200, .says = "\"refresh_token\":\"hrt_", .done = VERB_ROTATE
#define ENDS_THE_GRANT .status = 400, .says = "\"invalid_grant\"", .done = VERB_ROTATE

const struct scene REFRESH_SCENES[] = {
    {.name = "refresh", SPA, .set_up = plain, .waits = "find client, rotate", GIVES_A_TOKEN},
    {.name = "refresh to a narrower scope",
     SPA_ASKS_FOR("scope=read"),
     .set_up = plain,
     .waits = "find client, rotate, rotate",
     GIVES_A_TOKEN},
    {.name = "refresh to a wider scope",
     SPA_ASKS_FOR("scope=write"),
     .set_up = plain,
     .waits = "find client",
     .status = 400,
     .says = "\"invalid_scope\"",
     .done = VERB_ROTATE},
    {.name = "refresh, a look is due",
     SPA,
     .set_up = look_due,
     .waits = "find client, rotate, session, rotate",
     GIVES_A_TOKEN,
     .without_kratos = 200},
    {.name = "refresh to a resource, a look is due",
     SPA_ASKS_FOR("resource=https://api.example.com"),
     .set_up = look_due,
     .waits = "find client, rotate, rotate, session, rotate",
     GIVES_A_TOKEN,
     .without_kratos = 200},
    {.name = "refresh to a narrower scope, a look is due: the grant keeps the claims of its own",
     SPA_ASKS_FOR("scope=read"),
     .set_up = look_due,
     .waits = "find client, rotate, rotate, session, rotate",
     GIVES_A_TOKEN,
     .without_kratos = 200,
     .holds = claims_stay},
    {.name = "refresh with the browser's cookie, a look is due",
     SPA_WITH_COOKIE,
     .set_up = look_due,
     .waits = "find client, rotate, whoami, rotate",
     GIVES_A_COOKIE,
     .without_kratos = 200},
    {.name = "refresh with the cookie of a session that ended",
     SPA_WITH_COOKIE,
     .set_up = cookie_of_a_session_that_ended,
     .waits = "find client, rotate, whoami, session, rotate",
     GIVES_A_TOKEN,
     .without_kratos = 200},
    {.name = "refresh, the session is extended",
     SPA,
     .set_up = near_its_end,
     .waits = "find client, rotate, session, extend, session, rotate",
     GIVES_A_TOKEN,
     .without_kratos = 200},
    {.name = "refresh with the browser's cookie, the session is extended",
     SPA_WITH_COOKIE,
     .set_up = near_its_end,
     .waits = "find client, rotate, whoami, extend, whoami, rotate",
     GIVES_A_COOKIE,
     .without_kratos = 200},
    {.name = "refresh, a look brings new claims",
     SPA,
     .set_up = look_due_and_claims_old,
     .waits = "find client, rotate, session, rotate",
     GIVES_A_TOKEN,
     .without_kratos = 200,
     .holds = claims_are_new},
    {.name = "refresh, the session is said to be another person's: nothing of it is taken over",
     SPA,
     .set_up = of_another_person,
     .waits = "find client, rotate, session, rotate",
     GIVES_A_TOKEN,
     .without_kratos = 200,
     .holds = claims_stay},
    {.name = "refresh for a resource that asks for more assurance by now",
     SPA,
     .set_up = asks_for_more_by_now,
     .waits = "find client, rotate",
     .status = 403,
     .says = "\"insufficient_user_authentication\"",
     .done = VERB_ROTATE},
    {.name = "refresh, Kratos is away and the last look too old",
     SPA,
     .set_up = stale,
     .waits = "find client, rotate, session, rotate",
     .status = 503,
     .says = "\"temporarily_unavailable\"",
     .done = VERB_ROTATE},
    {.name = "refresh, the session was ended",
     SPA,
     .set_up = session_over,
     .waits = "find client, rotate, session, revoke",
     ENDS_THE_GRANT,
     .without_kratos = 200},
    {.name = "refresh, the session's time is over",
     SPA,
     .set_up = session_expired,
     .waits = "find client, rotate, session, revoke",
     ENDS_THE_GRANT},
    {.name = "refresh with claims from metadata_admin, a look is due",
     SPA,
     .set_up = needs_person,
     .waits = "find client, rotate, session, identity, rotate",
     GIVES_A_TOKEN,
     .without_kratos = 200},
    {.name = "refresh with claims from metadata_admin of who is gone",
     SPA,
     .set_up = needs_person_who_is_gone,
     .waits = "find client, rotate, session, identity, revoke",
     ENDS_THE_GRANT,
     .without_kratos = 200},
    {.name = "refresh of a grant that outlives its session",
     BACKEND,
     .set_up = outlives_session,
     .waits = "find client, rotate, session, identity, rotate",
     GIVES_A_TOKEN,
     .without_kratos = 200},
    {.name = "refresh, the person is gone",
     BACKEND,
     .set_up = person_gone,
     .waits = "find client, rotate, session, identity, revoke",
     ENDS_THE_GRANT,
     .without_kratos = 200},
    {.name = "refresh with a token that was used before",
     SPA,
     .set_up = used_again,
     .waits = "find client, rotate",
     ENDS_THE_GRANT},
    {.name = "refresh of a grant that is not there",
     SPA,
     .set_up = unknown,
     .waits = "find client, rotate",
     ENDS_THE_GRANT},
    {.name = NULL},
};
