#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "net/server_h2o.h" /* to cut a connection, which no server should offer */
#include "standin/standin.h"

const char *endpoint_name(enum endpoint endpoint)
{
    static const char *const names[] = {"whoami", "session", "extend", "revoke", "identity", "ready"};
    return names[endpoint];
}

static const struct duty *duty_of(const struct hit *hit) { return hit->request.route->data; }

/* ---- steps ---- */

static void on_delay_over(struct timer *timer)
{
    struct hit *hit = (struct hit *)(void *)((char *)timer - offsetof(struct hit, timer));
    flow_wake(&hit->request.flow);
}

static void end_delay(struct wait *wait)
{
    struct hit *hit = (struct hit *)(void *)((char *)wait - offsetof(struct hit, wait));
    timer_stop(hit->request.worker->loop, &hit->timer);
}

/* HEAD and other methods of whoami count as well */
static enum step_result meet_plan(struct flow *flow)
{
    struct hit *hit = (struct hit *)flow;
    struct standin *standin = standin_of(&hit->request);
    struct plan *plan = &standin->plans[duty_of(hit)->endpoint];
    standin->hits[duty_of(hit)->endpoint]++;
    if (plan->count == 0) return STEP_NEXT;
    if (plan->count > 0) plan->count--;
    hit->plan = *plan;
    if (plan->delay_ms == 0) return STEP_NEXT;
    hit->wait = (struct wait){.on = "standin: delay", .cancel = end_delay};
    hit->timer.run = on_delay_over;
    flow->waiting = &hit->wait;
    timer_start(hit->request.worker->loop, &hit->timer, plan->delay_ms);
    return STEP_WAIT;
}

const struct step hit_steps[] = {{"meet_plan", meet_plan}, {NULL, NULL}};

/* ---- answers that went wrong ---- */

static void cut_connection(struct request *request, bool after_head)
{
    h2o_conn_t *conn = request->net->h2o->conn;
    int fd = h2o_socket_get_fd(conn->callbacks->get_socket(conn));
    static const char half[] =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 1455\r\n\r\n"
        "{\"id\":\"03e060c1-8674-4b6a";
    if (after_head) (void)!send(fd, half, sizeof half - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(fd, SHUT_RDWR);
    request_answer(request, &(struct answer){.status = 500}); /* goes nowhere */
}

/* the body that Kratos has for that status, or one of the same shape */
static void answer_status(struct hit *hit)
{
    struct request *request = &hit->request;
    const struct templates *templates = &standin_of(request)->templates;
    const struct canned *const known[] = {&templates->unauthorized, &templates->step_up, &templates->not_found,
                                          &templates->database_down, &templates->not_ready};
    struct text t;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i]->status != hit->plan.status) continue;
        answer_canned(request, known[i]);
        return;
    }
    text_init(&t, &request->arena, 128);
    text_put_format(&t, "{\"error\":{\"code\":%d,\"status\":\"\",\"message\":\"as planned\"}}\n", hit->plan.status);
    answer_json(request, hit->plan.status, text_bytes(&t));
}

void hit_finish(struct flow *flow)
{
    struct hit *hit = (struct hit *)flow;
    if (flow->fault.kind != FAULT_NONE || hit->plan.drop == DROP_AT_ONCE)
        cut_connection(&hit->request, false);
    else if (hit->plan.drop == DROP_AFTER_HEAD)
        cut_connection(&hit->request, true);
    else if (hit->plan.status != 0)
        answer_status(hit);
    else
        duty_of(hit)->answer(hit);
}
