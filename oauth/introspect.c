#include "oauth/introspect.h"

#include "base/clock.h"
#include "oauth/accept.h"

#define JWT_TYPE "token-introspection+jwt"

static struct introspect_request *introspect_request_of(struct flow *flow) { return (struct introspect_request *)flow; }

/* RFC 7662 2.1: who asks must have authenticated; a public client can't */
static enum step_result require_secret(struct flow *flow)
{
    if (client_request_of(flow)->credentials.method != AUTH_NONE) return STEP_NEXT;
    return refuse(flow, OAUTH_INVALID_CLIENT, "a public client may not introspect");
}

static bool have_string(const struct json *audience, struct bytes name)
{
    for (const struct json *item = json_is(audience, JSON_ARRAY) ? audience->first : NULL; item != NULL; item = item->next)
        if (bytes_equal(json_string(item), name)) return true;
    return false;
}

/* RFC 7662 4: a token that is not meant for who asks tells him nothing */
static bool may_see(const struct introspect_request *r, const struct json *payload)
{
    struct bytes client_id = r->client_request.held.client->client_id;
    if (have_string(json_find(payload, "aud"), client_id)) return true;
    /* RFC 9701 5: signed, it is for the token's audience alone */
    return !r->as_jwt && bytes_equal(json_string(json_find(payload, "client_id")), client_id);
}

static void read_access_token(struct introspect_request *r, struct bytes text)
{
    struct introspection *in = &r->introspection;
    introspection_read_access(in, &r->client_request.oauth.request, text);
    if (in->reason == NULL && !may_see(r, in->payload)) in->reason = "an access token that is not for this client";
}

/* RFC 7662 2.1: token_type_hint is only a hint; the two kinds can't be taken for one another, so it isn't needed */
static enum step_result read_token(struct flow *flow)
{
    struct introspect_request *r = introspect_request_of(flow);
    struct bytes text = form_find(&r->client_request.form, BYTES("token"));
    r->as_jwt = accept_names(request_header((struct request *)flow, "accept"), BYTES("application/" JWT_TYPE)); /* RFC 9701 4 */
    if (!bytes_present(text)) return refuse(flow, OAUTH_INVALID_REQUEST, "no token");
    if (refresh_token_looks_like(text))
        introspection_read_refresh(&r->introspection, context_of((struct request *)flow)->policy, client_of(flow)->client_id, text);
    else
        read_access_token(r, text);
    return STEP_NEXT;
}

static enum step_result find_grant(struct flow *flow) { return introspection_find_grant(&introspect_request_of(flow)->introspection, flow); }

static enum step_result judge(struct flow *flow)
{
    struct introspection *in = &introspect_request_of(flow)->introspection;
    introspection_judge_grant(in);
    if (in->payload == NULL) introspection_judge_refresh(in, client_of(flow));
    return STEP_NEXT;
}

/* ---- the answer ---- */

static enum step_result write_answer(struct flow *flow)
{
    struct introspect_request *r = introspect_request_of(flow);
    struct request *request = (struct request *)flow;
    struct text plain;
    text_init(&plain, &request->arena, 1024);
    introspection_write(&r->introspection, context_of(request)->policy, &plain);
    r->body = text_bytes(&plain);
    return bytes_present(r->body) ? STEP_NEXT : refuse(flow, OAUTH_SERVER_ERROR, "request arena is full");
}

/* RFC 9701 5: neither sub nor exp at the top: it must not pass for an access token */
static enum step_result sign(struct flow *flow)
{
    struct introspect_request *r = introspect_request_of(flow);
    struct request *request = (struct request *)flow;
    const struct policy *policy = context_of(request)->policy;
    struct text payload;
    if (!r->as_jwt) return STEP_NEXT;
    text_init(&payload, &request->arena, r->body.len + 512);
    text_put(&payload, BYTES("{\"iss\":"));
    text_put_json(&payload, policy->issuer);
    text_put(&payload, BYTES(",\"aud\":"));
    text_put_json(&payload, client_of(flow)->client_id);
    text_put(&payload, BYTES(",\"iat\":"));
    text_put_number(&payload, clock_now_ms() / 1000);
    text_put(&payload, BYTES(",\"token_introspection\":"));
    text_put(&payload, r->body);
    text_put_char(&payload, '}');
    text_init(&r->jwt.text, &request->arena, payload.len * 2 + 512);
    return ask_sign(flow, &(struct signing){policy->profiles[0].algorithm, BYTES(JWT_TYPE), text_bytes(&payload)}, &r->jwt);
}

static enum step_result take_jwt(struct flow *flow)
{
    struct introspect_request *r = introspect_request_of(flow);
    if (r->as_jwt) r->body = text_bytes(&r->jwt.text);
    return STEP_NEXT;
}

const struct step INTROSPECT_STEPS[] = {
    {"parse", parse_client_request},
    {"require_secret", require_secret},
    {"find_client", find_client}, /* may wait for storage */
    {"authenticate", authenticate_client}, /* may wait for a thread */
    {"judge_secret", judge_secret},
    {"read_token", read_token},
    {"find_grant", find_grant}, /* waits for storage, where the token has a grant */
    {"judge", judge},
    {"answer", write_answer},
    {"sign", sign}, /* waits for a thread, where the answer is a JWT and RSA signs */
    {"take_jwt", take_jwt},
    {"finish", NULL},
};

void introspect_finish(struct flow *flow)
{
    struct introspect_request *r = introspect_request_of(flow);
    struct request_log *log = &r->client_request.oauth.request.log;
    struct answer answer = {.status = 200, .content_type = r->as_jwt ? BYTES("application/" JWT_TYPE) : BYTES("application/json"), .body = r->body};
    if (flow->fault.kind == FAULT_NONE) {
        log->outcome = r->introspection.reason == NULL ? BYTES("active") : BYTES("inactive");
        log->reason = bytes_of(r->introspection.reason);
        answer_no_store(&answer);
    } else {
        oauth_error_answer(&r->client_request.oauth, &answer);
    }
    request_answer(&r->client_request.oauth.request, &answer);
}

void introspect_release(struct request *request)
{
    introspection_release(&introspect_request_of(&request->flow)->introspection);
    client_request_release(request);
}
