#include "server/one_call.h"

#include "net/loop.h"

struct waiting {
    struct flow flow;
    struct upstream *upstream;
    const struct call *call;
    struct arena *arena;
    struct call_answer *answer;
};

static enum step_result ask(struct flow *flow)
{
    struct waiting *w = (struct waiting *)flow;
    return ask_call(flow, w->upstream, w->call, w->arena, w->answer);
}

static const struct step STEPS[] = {
    {"ask", ask}, /* waits for the server */
    {"finish", NULL},
};

static void finish(struct flow *flow) { (void)flow; }

bool one_call(const struct one_call *call, struct arena *arena, struct call_answer *answer, struct fault *fault)
{
    struct loop *loop = loop_create();
    struct waiting w = {.call = &call->call, .arena = arena, .answer = answer};
    bool answered = false;
    w.upstream = upstream_create(loop, call->base_url, call->timeout_ms, NULL, fault);
    if (w.upstream != NULL) {
        flow_init(&w.flow, STEPS, finish);
        flow_drive(&w.flow);
        while (!w.flow.finished) loop_run(loop, 100);
        answered = w.flow.fault.kind == FAULT_NONE;
        if (!answered) *fault = w.flow.fault;
        upstream_destroy(w.upstream);
    }
    loop_destroy(loop);
    return answered;
}
