#include "oauth/token.h"

#include "oauth/cors.h"

static enum step_result choose_grant(struct flow *flow)
{
    struct token_request *r = token_request_of(flow);
    struct request *request = &r->client_request.oauth.request;
    struct bytes name = form_find(&r->client_request.form, BYTES("grant_type"));
    if (!bytes_present(name)) return refuse(flow, OAUTH_INVALID_REQUEST, "no grant_type");
    const struct grant_type *const *at = context_of(request)->grant_types;
    while (*at != NULL && !bytes_equal((*at)->name, name)) at++;
    if (*at == NULL) return refuse(flow, OAUTH_UNSUPPORTED_GRANT_TYPE, "unknown grant_type");
    r->state = arena_take(&request->arena, (*at)->state_size);
    if (r->state == NULL) return refuse(flow, OAUTH_SERVER_ERROR, "request arena is full");
    r->grant_type = *at;
    request->log.grant = (*at)->log_name;
    return r->grant_type->check == NULL ? STEP_NEXT : r->grant_type->check(flow);
}

static enum step_result enter_grant(struct flow *flow)
{
    struct token_request *r = token_request_of(flow);
    if (!(client_of(flow)->grant_types & r->grant_type->bit)) return refuse(flow, OAUTH_UNAUTHORIZED_CLIENT, "grant type not registered for the client");
    flow_enter(flow, r->grant_type->steps);
    return STEP_NEXT;
}

const struct step TOKEN_STEPS[] = {
    {"parse", parse_client_request},
    {"choose_grant", choose_grant},
    {"find_client", find_client}, /* may wait for storage */
    {"authenticate", authenticate_client}, /* may wait for a thread */
    {"judge_secret", judge_secret},
    {"enter_grant", enter_grant},
    {"finish", NULL},
};

enum step_result sign_token(struct flow *flow)
{
    struct token_request *r = token_request_of(flow);
    return ask_token_answer(flow, &r->answer, &r->writing);
}

enum step_result write_token(struct flow *flow)
{
    struct token_request *r = token_request_of(flow);
    return token_answer_end(&r->client_request, &r->answer, &r->writing, &r->body, &flow->fault) ? STEP_NEXT : STEP_END;
}

void token_finish(struct flow *flow)
{
    struct token_request *r = token_request_of(flow);
    struct answer answer = {.status = 200, .content_type = BYTES("application/json"), .body = r->body};
    if (flow->fault.kind == FAULT_NONE) {
        struct request_log *log = &r->client_request.oauth.request.log;
        if (!bytes_present(log->outcome)) log->outcome = BYTES("ok");
        answer_no_store(&answer); /* RFC 6749 5.1 */
        if (bytes_present(r->set_cookie)) answer_header(&answer, BYTES("set-cookie"), r->set_cookie);
    } else {
        oauth_error_answer(&r->client_request.oauth, &answer);
    }
    if (r->grant_type != NULL && r->grant_type->count != NULL) r->grant_type->count(flow);
    cors_for_client(&r->client_request, &answer);
    request_answer(&r->client_request.oauth.request, &answer);
}

void token_release(struct request *request)
{
    struct token_request *r = token_request_of(&request->flow);
    if (r->state != NULL && r->grant_type->release != NULL) r->grant_type->release(r->state);
    client_request_release(request);
}
