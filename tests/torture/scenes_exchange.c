/* Token exchange: RFC 8693, docs/exchange.md. */
#include "oauth/token.h"
#include "torture/outside.h"
#include "torture/torture.h"
#include "torture/world.h"

static const struct route TOKEN = {.size = sizeof(struct token_request),
                                   .steps = TOKEN_STEPS,
                                   .finish = token_finish,
                                   .dispose = token_release,
                                   .name = "token"};

#define SESSION_TOKEN "ory_st_Zr9vT3qPw7LxN2mYs8RbHc4JdFgAe6Uo"
#define COOKIE "MTcwMDAwMDAwMHxabDlUM3FQdzdMeE4ybVlzOFJiSGM0SmRGZ0FlNlVv"
#define EXCHANGE "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"
#define BY_TOKEN EXCHANGE "&subject_token_type=urn:hydrant:token-type:kratos-session&subject_token=" SESSION_TOKEN
#define BY_COOKIE EXCHANGE "&subject_token_type=urn:hydrant:token-type:kratos-cookie&subject_token=" COOKIE
#define BY_OWN_COOKIE EXCHANGE "&subject_token_type=urn:hydrant:token-type:kratos-cookie&subject_token=cookie"

static const struct sent_header FORM[] = {{"content-type", "application/x-www-form-urlencoded"}, {NULL, NULL}};
static const struct sent_header FORM_AND_BASIC[] = {
    {"content-type", "application/x-www-form-urlencoded"}, {"authorization", WORLD_BASIC}, {NULL, NULL}};
static const struct sent_header OWN_COOKIE[] = {{"content-type", "application/x-www-form-urlencoded"},
                                                {"origin", WORLD_ORIGIN},
                                                {"sec-fetch-site", "same-site"},
                                                {"cookie", "theme=dark; ory_kratos_session=" COOKIE},
                                                {NULL, NULL}};

static void session_ended(struct sent *sent)
{
    (void)sent;
    kratos.whoami = LOOK_ENDED;
}

static void step_up(struct sent *sent)
{
    (void)sent;
    kratos.whoami = LOOK_STEP_UP;
}

static void ended_meanwhile(struct sent *sent)
{
    (void)sent;
    database.store_grant = GRANT_ENDED_MEANWHILE;
}

static void needs_person(struct sent *sent)
{
    (void)sent;
    world.profiles[0].claims.use_admin_metadata = true;
}

static void person_gone(struct sent *sent)
{
    needs_person(sent);
    kratos.identity = LOOK_ENDED;
}

const struct scene EXCHANGE_SCENES[] = {
    {.name = "exchange of a session token",
     .sent = {&TOKEN, .body = BY_TOKEN "&client_id=spa", .headers = FORM},
     .waits = "find client, whoami, store grant",
     .status = 200,
     .says = "\"refresh_token\":\"hrt_",
     .done = VERB_STORE_GRANT},
    {.name = "exchange of a cookie",
     .sent = {&TOKEN, .body = BY_COOKIE "&client_id=page", .headers = FORM},
     .waits = "find client, whoami, store grant",
     .status = 200,
     .says = "\"refresh_token\":\"hrt_",
     .done = VERB_STORE_GRANT},
    {.name = "exchange of its own cookie",
     .sent = {&TOKEN, .body = BY_OWN_COOKIE "&client_id=spa", .headers = OWN_COOKIE},
     .waits = "find client, whoami, store grant",
     .status = 200,
     .says = "ory_kratos_session=renewed",
     .done = VERB_STORE_GRANT},
    {.name = "exchange of its own cookie, without a refresh token",
     .sent = {&TOKEN, .body = BY_OWN_COOKIE "&client_id=page", .headers = OWN_COOKIE},
     .waits = "find client, whoami",
     .status = 200,
     .says = "ory_kratos_session=renewed",
     .done = NOTHING_DONE},
    {.name = "exchange for a grant that outlives its session",
     .sent = {&TOKEN, .body = BY_TOKEN "&scope=api+offline_access", .headers = FORM_AND_BASIC},
     .waits = "find client, whoami, store grant",
     .status = 200,
     .says = "offline_access",
     .done = VERB_STORE_GRANT},
    {.name = "exchange by a client that posts its secret",
     .sent = {&TOKEN, .body = BY_TOKEN "&client_id=poster&client_secret=" WORLD_SECRET, .headers = FORM},
     .waits = "find client, whoami, store grant",
     .status = 200,
     .says = "\"refresh_token\":\"hrt_",
     .done = VERB_STORE_GRANT},
    {.name = "exchange for a grant that ends before an access token would",
     .sent = {&TOKEN, .body = BY_TOKEN "&client_id=brief", .headers = FORM},
     .waits = "find client, whoami, store grant",
     .status = 200,
     .says = "\"expires_in\":600",
     .done = VERB_STORE_GRANT},
    {.name = "exchange with claims from metadata_admin",
     .sent = {&TOKEN, .body = BY_TOKEN "&client_id=spa", .headers = FORM},
     .set_up = needs_person,
     .waits = "find client, whoami, identity, store grant",
     .status = 200,
     .says = "\"refresh_token\":\"hrt_",
     .done = VERB_STORE_GRANT},
    {.name = "exchange with claims from metadata_admin of who is gone",
     .sent = {&TOKEN, .body = BY_TOKEN "&client_id=spa", .headers = FORM},
     .set_up = person_gone,
     .waits = "find client, whoami, identity",
     .status = 400,
     .says = "\"invalid_request\"",
     .done = VERB_STORE_GRANT},
    {.name = "exchange of a session that ended",
     .sent = {&TOKEN, .body = BY_TOKEN "&client_id=spa", .headers = FORM},
     .set_up = session_ended,
     .waits = "find client, whoami",
     .status = 400,
     .says = "\"invalid_request\"",
     .done = VERB_STORE_GRANT},
    {.name = "exchange of a session that needs more assurance",
     .sent = {&TOKEN, .body = BY_TOKEN "&client_id=spa", .headers = FORM},
     .set_up = step_up,
     .waits = "find client, whoami",
     .status = 403,
     .says = "https://login.example.com/aal2",
     .done = VERB_STORE_GRANT},
    {.name = "exchange of a session that ends meanwhile",
     .sent = {&TOKEN, .body = BY_TOKEN "&client_id=spa", .headers = FORM},
     .set_up = ended_meanwhile,
     .waits = "find client, whoami, store grant",
     .status = 400,
     .says = "\"invalid_request\"",
     .done = NOTHING_DONE},
    {.name = NULL},
};
