#include "oauth/cors.h"

#include "oauth/client_origin.h"

static const struct bytes ALLOW_HEADERS = {"DPoP, Authorization, Content-Type, Idempotency-Key", 50};
static const struct bytes EXPOSE_HEADERS = {"DPoP-Nonce, WWW-Authenticate, Retry-After, X-Request-Id", 55};
static const struct bytes MAX_AGE_S = {"600", 3};

void cors_open(struct answer *answer) { answer_header(answer, BYTES("access-control-allow-origin"), BYTES("*")); }

static void allow_origin(struct answer *answer, struct bytes origin)
{
    answer_header(answer, BYTES("access-control-allow-origin"), origin);
    answer_header(answer, BYTES("access-control-allow-credentials"), BYTES("true"));
}

void cors_for_client(struct client_request *r, struct answer *answer)
{
    struct bytes origin = request_header(&r->oauth.request, "origin");
    answer_header(answer, BYTES("vary"), BYTES("Origin"));
    if (!bytes_present(origin)) return;
    const struct client *client = r->held.client;
    struct bytes client_id = bytes_present(r->credentials.client_id) ? r->credentials.client_id : form_find(&r->form, BYTES("client_id"));
    if (client == NULL && bytes_present(client_id)) client = client_remembered(context_of(&r->oauth.request)->clients, client_id);
    if (client == NULL || !client_allows_origin(client, origin)) return;
    allow_origin(answer, origin);
    answer_header(answer, BYTES("access-control-expose-headers"), EXPOSE_HEADERS);
}

static bool static_clients_allow(const struct policy *policy, struct bytes origin)
{
    for (size_t i = 0; i < policy->static_client_count; i++)
        if (client_allows_origin(policy->static_clients[i], origin)) return true;
    return false;
}

static enum step_result find_origin(struct flow *flow)
{
    struct cors_preflight *p = (struct cors_preflight *)flow;
    struct context *context = context_of(&p->oauth.request);
    struct bytes origin = request_header(&p->oauth.request, "origin");
    if (!origin_well_formed(origin)) return STEP_END;
    p->allowed = static_clients_allow(context->policy, origin);
    if (p->allowed) return STEP_END;
    return ask_find_origin(flow, context->store, origin, &p->allowed);
}

const struct step CORS_PREFLIGHT_STEPS[] = {
    {"find_origin", find_origin}, /* may wait for storage */
    {"finish", NULL},
};

void cors_preflight_finish(struct flow *flow)
{
    struct cors_preflight *p = (struct cors_preflight *)flow;
    struct answer answer = {.status = 204};
    if (flow->fault.kind != FAULT_NONE) {
        oauth_error_answer(&p->oauth, &answer);
        request_answer(&p->oauth.request, &answer);
        return;
    }
    answer_header(&answer, BYTES("vary"), BYTES("Origin"));
    if (p->allowed) {
        allow_origin(&answer, request_header(&p->oauth.request, "origin"));
        answer_header(&answer, BYTES("access-control-allow-methods"), BYTES("POST"));
        answer_header(&answer, BYTES("access-control-allow-headers"), ALLOW_HEADERS);
        answer_header(&answer, BYTES("access-control-max-age"), MAX_AGE_S);
    }
    p->oauth.request.log.outcome = p->allowed ? BYTES("allowed") : BYTES("not_allowed");
    request_answer(&p->oauth.request, &answer);
}
