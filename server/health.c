#include "server/health.h"

#include "oauth/context.h"

static void answer_json(struct request *request, int status, struct bytes body)
{
    bool left = request->flow.fault.kind == FAULT_LEFT; /* 499 is for the log: nobody reads it */
    struct answer answer = {.status = left ? 499 : status, .content_type = BYTES("application/json"), .body = body};
    answer_header(&answer, BYTES("cache-control"), BYTES("no-store"));
    request_answer(request, &answer);
}

const struct step ALIVE_STEPS[] = {{"finish", NULL}};

void alive_finish(struct flow *flow) { answer_json((struct request *)flow, 200, BYTES("{\"status\":\"ok\"}")); }

void version_finish(struct flow *flow) { answer_json((struct request *)flow, 200, BYTES("{\"version\":\"" HYDRANT_VERSION "\"}")); }

static enum step_result pulse(struct flow *flow)
{
    struct ready_request *r = (struct ready_request *)flow;
    return ask_pulse(flow, context_of(&r->request)->store, &r->pulse);
}

const struct step READY_STEPS[] = {
    {"pulse", pulse}, /* waits for storage */
    {"finish", NULL},
};

static bool can_sign(const struct context *context)
{
    for (size_t i = 0; i < context->policy->algorithm_count; i++)
        if (!keyring_can_sign(context->keyring, context->policy->algorithms[i])) return false;
    return true;
}

void ready_finish(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    request->log.reason = flow->fault.kind == FAULT_NONE ? BYTES_ABSENT : arena_copy(&request->arena, bytes_of(flow->fault.what));
    if (flow->fault.kind != FAULT_NONE) answer_json(request, 503, BYTES("{\"errors\":{\"database\":\"does not answer\"}}"));
    else if (!can_sign(context_of(request))) answer_json(request, 503, BYTES("{\"errors\":{\"keys\":\"an algorithm has no key that may sign\"}}"));
    else answer_json(request, 200, BYTES("{\"status\":\"ok\"}"));
}
