/* echo_server: a server with routes that show what net does; the programs beside asking.py ask it.
 * usage: echo_server [idle=MS] [workers=N] [cert=FILE key=FILE] [trust=CIDR]... ; prints its ports, one line, when it
 * accepts. Listeners: plain, one with a gate (x-key: open) and 8 connections for each worker, TLS. SIGTERM drains it.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "net/server_h2o.h"

static struct server *_Atomic server; /* its workers run before it is known here */
static atomic_int waiting_count, cancelled_count, disposed_count, left_count;

/* ---- /echo: says what it was asked ---- */

static void put_member(struct text *text, const char *name, struct bytes value)
{
    text_put_json_name(text, bytes_of(name));
    if (bytes_present(value))
        text_put_json(text, value);
    else
        text_put(text, BYTES("null"));
}

static void answer_json(struct request *request, int status, struct bytes body)
{
    struct answer answer = {.status = status, .content_type = BYTES("application/json"), .body = body};
    answer_header(&answer, BYTES("cache-control"), BYTES("no-store"));
    request_answer(request, &answer);
}

static void echo_finish(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    struct text text;
    text_init(&text, &request->arena, 1024);
    text_put_char(&text, '{');
    put_member(&text, "method", request->method_name);
    put_member(&text, "path", request->path);
    put_member(&text, "query", request->query);
    put_member(&text, "segment", request->segment);
    put_member(&text, "body", request->body);
    put_member(&text, "id", request->id);
    put_member(&text, "trace_id", request->trace_id);
    put_member(&text, "peer_ip", request->peer_ip);
    put_member(&text, "host", request_header(request, "host"));
    put_member(&text, "x-a", request_header(request, "x-a"));
    text_put_json_name(&text, BYTES("x-a-count"));
    text_put_number(&text, (int64_t)request_header_count(request, "x-a"));
    text_put_format(&text, ",\"secure\":%s,\"from_proxy\":%s}", request->secure ? "true" : "false",
                    request->from_proxy ? "true" : "false");
    request->log.client = BYTES("tester");
    answer_json(request, 200, text_bytes(&text));
}

static void static_finish(struct flow *flow) { answer_json((struct request *)flow, 200, BYTES("{\"ok\":true}")); }

static void count_dispose(struct request *request)
{
    (void)request;
    atomic_fetch_add(&disposed_count, 1);
}

/* ---- /wait?ms: waits for a timer; on_late: what it does when the wait fails ---- */

struct waiter {
    struct request request;
    struct wait wait;
    struct timer timer;
};

static void waiter_on_timer(struct timer *timer)
{
    struct waiter *waiter = (struct waiter *)(void *)((char *)timer - offsetof(struct waiter, timer));
    atomic_fetch_sub(&waiting_count, 1);
    flow_wake(&waiter->request.flow);
}

static void waiter_cancel(struct wait *wait)
{
    struct waiter *waiter = (struct waiter *)(void *)((char *)wait - offsetof(struct waiter, wait));
    timer_stop(waiter->request.worker->loop, &waiter->timer);
    atomic_fetch_sub(&waiting_count, 1);
    atomic_fetch_add(&cancelled_count, 1);
}

static enum step_result waiter_wait(struct flow *flow)
{
    struct waiter *waiter = (struct waiter *)flow;
    uint64_t ms = 0;
    if (!bytes_to_number(waiter->request.query, 60000, &ms)) return STEP_NEXT;
    waiter->timer.run = waiter_on_timer;
    waiter->wait = (struct wait){"test: a timer", waiter_cancel};
    flow->waiting = &waiter->wait;
    atomic_fetch_add(&waiting_count, 1);
    timer_start(waiter->request.worker->loop, &waiter->timer, (int64_t)ms);
    return STEP_WAIT;
}

/* /farewell?ms: the connection's farewell begins, and takes a descriptor, long before its end */
static enum step_result farewell_wait(struct flow *flow)
{
    connection_will_linger(((struct request *)flow)->net->connection->socket);
    return waiter_wait(flow);
}

static const struct step farewell_steps[] = {{"wait", farewell_wait}, {"end", NULL}};
static const struct step waiter_steps[] = {{"wait", waiter_wait}, {"end", NULL}};

static void waiter_finish(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    if (flow->fault.kind == FAULT_LEFT) {
        atomic_fetch_add(&left_count, 1);
        return; /* nobody is there to be answered */
    }
    if (flow->fault.kind != FAULT_NONE)
        answer_json(request, 503, BYTES("{\"error\":\"temporarily_unavailable\"}"));
    else
        answer_json(request, 200, BYTES("{\"waited\":true}"));
}

/* ---- what an answer must not be ---- */

static void inject_finish(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    struct answer answer = {.status = 200, .content_type = BYTES("text/plain"), .body = BYTES("hello")};
    if (bytes_equal(request->query, BYTES("value")))
        answer_header(&answer, BYTES("x-b"), BYTES("b\r\nset-cookie: a=b"));
    if (bytes_equal(request->query, BYTES("lf"))) answer_header(&answer, BYTES("x-b"), BYTES("b\nc: d"));
    if (bytes_equal(request->query, BYTES("nul"))) answer_header(&answer, BYTES("x-b"), BYTES("b\0c"));
    if (bytes_equal(request->query, BYTES("name"))) answer_header(&answer, BYTES("x-b: c\r\nd"), BYTES("e"));
    if (bytes_equal(request->query, BYTES("type"))) answer.content_type = BYTES("a/b\r\nc: d");
    request_answer(request, &answer);
}

static void overflow_finish(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    answer_json(request, 200, (struct bytes){arena_take(&request->arena, REQUEST_ARENA_MAX), 100});
}

static void big_finish(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    char *at = arena_take(&request->arena, 1 << 20);
    memset(at, 'x', 1 << 20);
    answer_json(request, 200, (struct bytes){at, 1 << 20});
}

/* ---- /block: the worker does nothing else for a while ---- */

static void block_finish(struct flow *flow)
{
    nanosleep(&(struct timespec){.tv_nsec = 500 * 1000 * 1000}, NULL);
    static_finish(flow);
}

static void empty_finish(struct flow *flow) { request_answer((struct request *)flow, &(struct answer){.status = 204}); }

static enum step_result fail_away(struct flow *flow)
{
    fault_set(&flow->fault, FAULT_AWAY, "test: fail", "nobody is there");
    return STEP_END;
}
static const struct step fail_steps[] = {{"away", fail_away}, {"end", NULL}};

/* ---- /live ---- */

static void live_finish(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    struct text text;
    text_init(&text, &request->arena, 256);
    text_put_format(&text, "{\"open\":%d,\"waiting\":%d,\"cancelled\":%d,\"disposed\":%d,\"left\":%d}",
                    (int)server_open_requests(server), waiting_count, cancelled_count, disposed_count, left_count);
    answer_json(request, 200, text_bytes(&text));
}

/* ---- the program ---- */

static const struct step no_steps[] = {{NULL, NULL}};
enum { ANY = 255, SIZE = sizeof(struct request) };
static const struct route routes[] = {
    {"/echo", METHOD_GET | METHOD_POST, SIZE, no_steps, echo_finish, count_dispose, "echo", NULL, 0},
    {"/echo", METHOD_OPTIONS, SIZE, no_steps, empty_finish, NULL, "preflight", NULL, 0},
    {"/items/{}", METHOD_GET | METHOD_DELETE, SIZE, no_steps, echo_finish, NULL, "item", NULL, 0},
    {"/open/{}/...", ANY, SIZE, no_steps, echo_finish, NULL, "open", NULL, 0},
    {"/static", METHOD_GET, SIZE, no_steps, static_finish, NULL, "static", NULL, 0},
    {"/wait", METHOD_GET | METHOD_POST, sizeof(struct waiter), waiter_steps, waiter_finish, count_dispose, "wait", NULL,
     0},
    {"/farewell", METHOD_GET, sizeof(struct waiter), farewell_steps, waiter_finish, count_dispose, "farewell", NULL, 0},
    {"/inject", METHOD_GET, SIZE, no_steps, inject_finish, NULL, "inject", NULL, 0},
    {"/overflow", METHOD_GET, SIZE, no_steps, overflow_finish, NULL, "overflow", NULL, 0},
    {"/big", METHOD_GET, SIZE, no_steps, big_finish, NULL, "big", NULL, 0},
    {"/block", METHOD_GET, SIZE, no_steps, block_finish, NULL, "block", NULL, 0},
    {"/empty", METHOD_GET, SIZE, no_steps, empty_finish, NULL, "empty", NULL, 0},
    {"/fail", METHOD_GET, sizeof(struct waiter), fail_steps, waiter_finish, NULL, "fail", NULL, 0},
    {"/live", METHOD_GET, SIZE, no_steps, live_finish, NULL, "live", NULL, 0},
    {.path = NULL},
};

static bool gate(struct request *request, void *gate_data)
{
    (void)gate_data;
    if (bytes_equal(request_header(request, "x-key"), BYTES("open"))) return true;
    answer_json(request, 401, BYTES("{\"error\":\"invalid_token\"}"));
    return false;
}

static bool is_option(const char *argument, const char *name, const char **value)
{
    size_t len = strlen(name);
    if (strncmp(argument, name, len) != 0) return false;
    *value = argument + len;
    return true;
}

int main(int argc, char **argv)
{
    static const char *trusted[8];
    static struct listen_at listeners[] = {
        {.host = "127.0.0.1", .routes = routes, .name = "plain"},
        {.host = "127.0.0.1", .routes = routes, .name = "gated", .connections_max = 8, .gate = gate},
        {.host = "127.0.0.1", .routes = routes, .name = "tls"}};
    struct server_settings settings = {
        .worker_count = 2, .listeners = listeners, .listener_count = 2, .trusted_proxies = trusted};
    size_t trusted_count = 0;
    const char *value;
    for (int i = 1; i < argc; i++) {
        if (is_option(argv[i], "idle=", &value)) settings.idle_max_ms = strtol(value, NULL, 10);
        if (is_option(argv[i], "workers=", &value)) settings.worker_count = (unsigned)strtol(value, NULL, 10);
        if (is_option(argv[i], "port=", &value)) listeners[0].port = (uint16_t)strtol(value, NULL, 10);
        if (is_option(argv[i], "cert=", &listeners[2].tls_cert_file)) settings.listener_count = 3;
        is_option(argv[i], "key=", &listeners[2].tls_key_file);
        if (trusted_count < 7 && is_option(argv[i], "trust=", &trusted[trusted_count])) trusted_count++;
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    struct fault fault = {.kind = FAULT_NONE};
    server = server_create(&settings, &fault);
    if (server == NULL) {
        fprintf(stderr, "%s\n", fault.what);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < settings.listener_count; i++) printf("%u ", (unsigned)server_port(server, i));
    printf("\n");
    fflush(stdout);
    int signal_number;
    sigwait(&signals, &signal_number);
    server_drain(server);
    printf("waiting %d disposed %d\n", waiting_count, disposed_count);
    return EXIT_SUCCESS;
}
