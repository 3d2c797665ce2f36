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

static bool can_sign(struct keyring *ring, const struct policy *policy)
{
    for (size_t i = 0; i < policy->algorithm_count; i++)
        if (!keyring_can_sign(ring, policy->algorithms[i])) return false;
    return true;
}

/* absent: they are fine */
static struct bytes find_key_trouble(struct context *context)
{
    struct keyring *ring = key_seat_ring(&context->keys);
    if (keyring_age_ms(ring) > KEYS_VIEW_MAX_MS) return BYTES("{\"errors\":{\"keys\":\"were last read more than 5 minutes ago\"}}");
    return can_sign(ring, context->policy) ? BYTES_ABSENT : BYTES("{\"errors\":{\"keys\":\"an algorithm has no key that may sign\"}}");
}

void ready_finish(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    struct bytes trouble = find_key_trouble(context_of(request));
    request->log.reason = flow->fault.kind == FAULT_NONE ? BYTES_ABSENT : arena_copy(&request->arena, bytes_of(flow->fault.what));
    if (flow->fault.kind != FAULT_NONE) answer_json(request, 503, BYTES("{\"errors\":{\"database\":\"does not answer\"}}"));
    else if (bytes_present(trouble)) answer_json(request, 503, trouble);
    else answer_json(request, 200, BYTES("{\"status\":\"ok\"}"));
}
