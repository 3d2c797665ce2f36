/* Forward-auth: docs/forward-auth.md. */
#include "torture/outside.h"
#include "torture/torture.h"
#include "torture/world.h"

static const struct route FORWARD_AUTH = {.size = sizeof(struct forward_auth_request),
                                          .steps = FORWARD_AUTH_STEPS,
                                          .finish = forward_auth_finish,
                                          .dispose = forward_auth_release,
                                          .name = "forward_auth",
                                          .data = &world.forward_auth};

#define PATH "/session/token/app"
#define COOKIE "MTcwMDAwMDAwMHxabDlUM3FQdzdMeE4ybVlzOFJiSGM0SmRGZ0FlNlVv"
#define SESSION_TOKEN "ory_st_Zr9vT3qPw7LxN2mYs8RbHc4JdFgAe6Uo"

static const struct sent_header BY_COOKIE[] = {{"cookie", "theme=dark; ory_kratos_session=" COOKIE}, {NULL, NULL}};
static const struct sent_header BY_TOKEN[] = {{"x-session-token", SESSION_TOKEN}, {NULL, NULL}};
static const struct sent_header BROWSER[] = {
    {"cookie", "ory_kratos_session=" COOKIE}, {"accept", "text/html"}, {NULL, NULL}};

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

const struct scene FORWARD_AUTH_SCENES[] = {
    {.name = "forward-auth by cookie",
     .sent = {&FORWARD_AUTH, .segment = "app", .path = PATH, .headers = BY_COOKIE, .from_proxy = true},
     .waits = "find client, whoami",
     .status = 200,
     .says = "Bearer ey",
     .done = NOTHING_DONE},
    {.name = "forward-auth by session token",
     .sent = {&FORWARD_AUTH, .segment = "app", .path = PATH "/a", .headers = BY_TOKEN, .from_proxy = true},
     .waits = "find client, whoami",
     .status = 200,
     .says = "Bearer ey",
     .done = NOTHING_DONE},
    {.name = "forward-auth with claims from metadata_admin",
     .sent = {&FORWARD_AUTH, .segment = "app", .path = PATH, .headers = BY_COOKIE, .from_proxy = true},
     .set_up = needs_person,
     .waits = "find client, whoami, identity",
     .status = 200,
     .says = "Bearer ey",
     .done = NOTHING_DONE},
    {.name = "forward-auth for who is gone",
     .sent = {&FORWARD_AUTH, .segment = "app", .path = PATH, .headers = BY_COOKIE, .from_proxy = true},
     .set_up = person_gone,
     .waits = "find client, whoami, identity",
     .status = 401,
     .says = "\"login_required\"",
     .done = NOTHING_DONE},
    {.name = "forward-auth for a browser whose session ended",
     .sent = {&FORWARD_AUTH, .segment = "app", .path = PATH, .headers = BROWSER, .from_proxy = true},
     .set_up = session_ended,
     .waits = "find client, whoami",
     .status = 302,
     .says = "https://login.example.com/start",
     .done = NOTHING_DONE},
    {.name = "forward-auth for a session that needs more assurance",
     .sent = {&FORWARD_AUTH, .segment = "app", .path = PATH, .headers = BY_COOKIE, .from_proxy = true},
     .set_up = step_up,
     .waits = "find client, whoami",
     .status = 403,
     .says = "https://login.example.com/aal2",
     .done = NOTHING_DONE},
    {.name = "forward-auth for a client that isn't there",
     .sent = {&FORWARD_AUTH, .segment = "nobody", .path = PATH, .headers = BY_COOKIE, .from_proxy = true},
     .waits = "find client",
     .status = 500,
     .says = "\"server_error\"",
     .done = NOTHING_DONE},
    {.name = "forward-auth for more than the client may have",
     .sent = {&FORWARD_AUTH, .segment = "beyond", .path = PATH, .headers = BY_COOKIE, .from_proxy = true},
     .waits = "find client",
     .status = 500,
     .says = "\"server_error\"",
     .done = NOTHING_DONE},
    {.name = NULL},
};
