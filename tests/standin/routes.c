#include <string.h>

#include "standin/standin.h"

static void answer_ready(struct hit *hit)
{
    answer_json(&hit->request, 200, standin_of(&hit->request)->templates.ready.body);
}

static void answer_alive(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    answer_json(request, 200, standin_of(request)->templates.ready.body);
}

/* Since 26 it is answered here as well; who asks where all versions answer needs no redirect. */
static void answer_moved(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    struct answer answer = begin_answer(request, 307, standin_of(request)->templates.moved.body);
    answer.content_type = BYTES("text/html; charset=utf-8");
    answer_header(&answer, BYTES("location"), BYTES("/admin/health/ready"));
    request_answer(request, &answer);
}

bool no_page_gate(struct request *request, void *data)
{
    (void)data;
    if (strcmp(request->route->name, "-") != 0) return true; /* net's own route, for refusals */
    struct answer answer = begin_answer(request, 404, standin_of(request)->templates.no_page.body);
    answer.content_type = BYTES("text/plain; charset=utf-8");
    answer_header(&answer, BYTES("x-content-type-options"), BYTES("nosniff"));
    request_answer(request, &answer);
    return false;
}

const struct step no_steps[] = {{NULL, NULL}};

static const struct duty whoami = {AT_WHOAMI, answer_whoami}, ready = {AT_READY, answer_ready};
static const struct duty get_session = {AT_SESSION, answer_get_session}, extend = {AT_EXTEND, answer_extend};
static const struct duty delete_session = {AT_REVOKE, answer_delete_session};
static const struct duty get_person = {AT_IDENTITY, answer_get_person},
                         delete_person = {AT_IDENTITY, answer_delete_person};

#define HIT(path_, methods_, duty_)                                                                                    \
    {                                                                                                                  \
        .path = (path_), .methods = (methods_), .size = sizeof(struct hit), .steps = hit_steps, .finish = hit_finish,  \
        .name = "kratos", .data = (void *)&(duty_)                                                                     \
    }
#define ALIVE                                                                                                          \
    {                                                                                                                  \
        .path = "/health/alive", .methods = METHOD_GET, .size = sizeof(struct request), .steps = no_steps,             \
        .finish = answer_alive, .name = "alive"                                                                        \
    }
#define MOVED(path_)                                                                                                   \
    {                                                                                                                  \
        .path = (path_), .methods = METHOD_GET, .size = sizeof(struct request), .steps = no_steps,                     \
        .finish = answer_moved, .name = "moved"                                                                        \
    }
#define CONTROL(path_, methods_)                                                                                       \
    {                                                                                                                  \
        .path = (path_), .methods = (methods_), .size = sizeof(struct request), .steps = no_steps,                     \
        .finish = control_finish, .name = "control"                                                                    \
    }

const struct route public_routes[] = {
    HIT("/sessions/whoami", METHOD_GET | METHOD_POST | METHOD_PUT | METHOD_PATCH | METHOD_DELETE | METHOD_OPTIONS,
        whoami),
    HIT("/health/ready", METHOD_GET, ready),
    ALIVE,
    {.path = NULL},
};

const struct route admin_routes[] = {
    HIT("/admin/sessions/{}", METHOD_GET, get_session),
    HIT("/admin/sessions/{}", METHOD_DELETE, delete_session),
    HIT("/admin/sessions/{}/...", METHOD_PATCH, extend),
    HIT("/admin/identities/{}", METHOD_GET, get_person),
    HIT("/admin/identities/{}", METHOD_DELETE, delete_person),
    HIT("/admin/health/ready", METHOD_GET, ready),
    MOVED("/health/ready"),
    ALIVE,
    CONTROL("/standin/sessions", METHOD_POST),
    CONTROL("/standin/sessions/{}/...", METHOD_POST),
    CONTROL("/standin/identities/{}", METHOD_DELETE),
    CONTROL("/standin/faults", METHOD_POST | METHOD_DELETE),
    CONTROL("/standin/counts", METHOD_GET | METHOD_DELETE),
    {.path = NULL},
};
