#include "server/admin_call.h"

#include <stdlib.h>

#include "base/text.h"

static const char ENDPOINT[] = "http://127.0.0.1:4478";

struct waiting {
    struct flow flow;
    struct upstream *upstream;
    struct call call;
    struct arena *arena;
    struct call_answer answer;
};

static enum step_result ask(struct flow *flow)
{
    struct waiting *w = (struct waiting *)flow;
    return ask_call(flow, w->upstream, &w->call, w->arena, &w->answer);
}

static const struct step STEPS[] = {
    {"ask", ask}, /* waits for the admin API */
    {"finish", NULL},
};

static void finish(struct flow *flow) { (void)flow; }

static void put_header(struct call *call, struct bytes name, struct bytes value)
{
    call->headers[call->header_count++] = (struct call_header){name, value};
}

static void fill_call(struct call *out, const struct admin_call *call, struct arena *arena)
{
    const char *token = getenv("HYDRANT_ADMIN_TOKEN");
    struct text bearer;
    *out = (struct call){.method = call->method, .path = call->path, .body = call->body};
    put_header(out, BYTES("accept"), BYTES("application/json"));
    if (bytes_present(call->body)) put_header(out, BYTES("content-type"), BYTES("application/json"));
    if (token == NULL || *token == 0) return;
    text_init(&bearer, arena, 64);
    text_put(&bearer, BYTES("Bearer "));
    text_put(&bearer, bytes_of(token));
    put_header(out, BYTES("authorization"), text_bytes(&bearer));
}

static const char *endpoint_of(const struct admin_call *call)
{
    const char *from_environment = getenv("HYDRANT_ADMIN_ENDPOINT");
    if (call->endpoint != NULL) return call->endpoint;
    return from_environment != NULL && *from_environment != 0 ? from_environment : ENDPOINT;
}

bool admin_call(const struct admin_call *call, struct arena *arena, struct admin_result *result, struct fault *fault)
{
    struct loop *loop = loop_create();
    struct waiting w = {.arena = arena};
    fill_call(&w.call, call, arena);
    w.upstream = upstream_create(loop, bytes_of(endpoint_of(call)), ADMIN_CALL_MAX_MS, NULL, fault);
    bool answered = false;
    if (w.upstream != NULL) {
        flow_init(&w.flow, STEPS, finish);
        flow_drive(&w.flow);
        while (!w.flow.finished) loop_run(loop, 100);
        answered = w.flow.fault.kind == FAULT_NONE;
        if (!answered) fault_set(fault, FAULT_AWAY, "admin API", "%s did not answer (%s): is the server running, and is --endpoint right?", endpoint_of(call), w.flow.fault.what);
        upstream_destroy(w.upstream);
    }
    *result = (struct admin_result){w.answer.status, w.answer.body};
    loop_destroy(loop);
    return answered;
}
