#include "admin/introspect.h"

#include "admin/answer.h"

static struct introspect_admin *admin_of(struct flow *flow) { return (struct introspect_admin *)flow; }
static struct context *admin_context(struct flow *flow) { return context_of((struct request *)flow); }
static bool is_refresh(const struct introspect_admin *a) { return a->introspection.payload == NULL; }

static enum step_result refuse_admin(struct flow *flow, int status, struct bytes words)
{
    struct introspect_admin *a = admin_of(flow);
    a->status = status;
    a->words = words;
    a->request.log.reason = words;
    fault_set(&flow->fault, FAULT_REFUSED, "admin: introspect", "refused");
    return STEP_END;
}

static enum step_result parse(struct flow *flow)
{
    struct introspect_admin *a = admin_of(flow);
    switch (form_parse(&a->form, &a->request)) {
    case FORM_NOT_A_FORM: return refuse_admin(flow, 415, BYTES("The body must be application/x-www-form-urlencoded."));
    case FORM_MALFORMED: return refuse_admin(flow, 400, BYTES("The form is malformed."));
    case FORM_REPEATS: return refuse_admin(flow, 400, BYTES("A parameter came twice."));
    case FORM_READ: break;
    }
    a->token = form_find(&a->form, BYTES("token"));
    return bytes_present(a->token) ? STEP_NEXT : refuse_admin(flow, 400, BYTES("The parameter token is missing."));
}

static enum step_result read_token(struct flow *flow)
{
    struct introspect_admin *a = admin_of(flow);
    if (refresh_token_looks_like(a->token)) introspection_read_label(&a->introspection, a->token);
    else introspection_read_access(&a->introspection, &a->request, a->token);
    return STEP_NEXT;
}

static enum step_result find_grant(struct flow *flow) { return introspection_find_grant(&admin_of(flow)->introspection, flow); }

static enum step_result judge_grant(struct flow *flow)
{
    struct introspect_admin *a = admin_of(flow);
    introspection_judge_grant(&a->introspection);
    if (is_refresh(a)) introspection_open_refresh(&a->introspection, admin_context(flow)->policy, a->token);
    return STEP_NEXT;
}

/* by its rules a refresh token is judged */
static enum step_result find_client(struct flow *flow)
{
    struct introspect_admin *a = admin_of(flow);
    if (!is_refresh(a) || a->introspection.reason != NULL) return STEP_NEXT;
    return ask_client(flow, admin_context(flow)->clients, a->introspection.found.grant.client_id, &a->request.arena, &a->held);
}

static enum step_result judge_refresh(struct flow *flow)
{
    struct introspect_admin *a = admin_of(flow);
    if (!client_settle(admin_context(flow)->clients, &a->held, &flow->fault)) return STEP_END;
    if (is_refresh(a)) introspection_judge_refresh(&a->introspection, a->held.client);
    return STEP_NEXT;
}

static bool has_scope(const struct introspect_admin *a)
{
    struct bytes wanted = form_find(&a->form, BYTES("scope")), has = introspection_scope(&a->introspection), word;
    while (bytes_take_word(&wanted, ' ', &word))
        if (!bytes_have_word(has, word)) return false;
    return true;
}

static enum step_result write_answer(struct flow *flow)
{
    struct introspect_admin *a = admin_of(flow);
    struct introspection *in = &a->introspection;
    struct text t;
    if (in->reason == NULL && !has_scope(a)) in->reason = "lacks a scope that was asked for";
    text_init(&t, &a->request.arena, 1024);
    introspection_write(in, admin_context(flow)->policy, &t);
    a->body = text_bytes(&t);
    return bytes_present(a->body) ? STEP_NEXT : refuse_admin(flow, 500, BYTES("The answer is too long."));
}

const struct step INTROSPECT_ADMIN_STEPS[] = {
    {"parse", parse},
    {"read_token", read_token},
    {"find_grant", find_grant}, /* waits for storage, where the token has a grant */
    {"judge_grant", judge_grant},
    {"find_client", find_client}, /* may wait for storage, for a refresh token */
    {"judge_refresh", judge_refresh},
    {"answer", write_answer},
    {"finish", NULL},
};

void introspect_admin_finish(struct flow *flow)
{
    struct introspect_admin *a = admin_of(flow);
    if (flow->fault.kind == FAULT_REFUSED) {
        admin_error(&a->request, a->status, a->status == 500 ? BYTES("server_error") : BYTES("invalid_request"), a->words);
        return;
    }
    if (flow->fault.kind != FAULT_NONE) {
        admin_fault(&a->request);
        return;
    }
    a->request.log.outcome = a->introspection.reason == NULL ? BYTES("active") : BYTES("inactive");
    a->request.log.reason = bytes_of(a->introspection.reason);
    admin_json(&a->request, 200, a->body);
}

void introspect_admin_release(struct request *request)
{
    struct introspect_admin *a = admin_of(&request->flow);
    introspection_release(&a->introspection);
    client_let_go(&a->held);
}
