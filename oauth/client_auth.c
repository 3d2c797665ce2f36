#include "oauth/client_auth.h"

#include "base/encoding.h"
#include "base/log.h"
#include "base/metrics.h"
#include "oauth/lockout.h"

static const struct bytes BASIC = {"Basic ", 6};
enum { BASIC_MAX = 2048 }; /* bytes of decoded credentials */

static struct bytes challenge(struct client_request *r)
{
    struct text t;
    text_init(&t, &r->oauth.request.arena, 64);
    text_put(&t, BYTES("Basic realm="));
    text_put_json(&t, context_of(&r->oauth.request)->policy->issuer);
    return text_bytes(&t);
}

static enum step_result refuse_client(struct flow *flow, enum metric_client_failure failure, const char *reason)
{
    metric_count(METRIC_CLIENT_FAILURES, failure);
    struct client_request *r = client_request_of(flow);
    bool tried_header = bytes_present(request_header(&r->oauth.request, "authorization"));
    if (tried_header) r->oauth.refusal.challenge = challenge(r); /* RFC 6749 5.2 */
    return refuse(flow, OAUTH_INVALID_CLIENT, reason);
}

/* RFC 6749 2.3.1: both parts are form-encoded, then joined by a colon, then base64 */
static bool parse_basic(struct client_request *r, struct bytes header)
{
    struct arena *arena = &r->oauth.request.arena;
    if (header.len < BASIC.len || !bytes_equal_nocase((struct bytes){header.at, BASIC.len}, BASIC)) return false;
    char *plain = arena_take(arena, BASIC_MAX);
    size_t len;
    struct bytes encoded = bytes_trim((struct bytes){header.at + BASIC.len, header.len - BASIC.len});
    if (plain == NULL || !base64_decode(encoded, plain, BASIC_MAX, &len)) return false;
    size_t colon = bytes_find((struct bytes){plain, len}, ':');
    if (colon == len) return false;
    struct client_credentials *c = &r->credentials;
    if (!form_decode(arena, (struct bytes){plain, colon}, &c->client_id)) return false;
    if (!form_decode(arena, (struct bytes){plain + colon + 1, len - colon - 1}, &c->secret)) return false;
    c->method = AUTH_BASIC;
    return client_id_well_formed(c->client_id);
}

static enum step_result parse_credentials(struct flow *flow)
{
    struct client_request *r = client_request_of(flow);
    struct bytes header = request_header(&r->oauth.request, "authorization");
    struct bytes body_id = form_find(&r->form, BYTES("client_id")), body_secret = form_find(&r->form, BYTES("client_secret"));
    if (request_header_count(&r->oauth.request, "authorization") > 1) return refuse(flow, OAUTH_INVALID_REQUEST, "two authorization headers");
    if (!bytes_present(header)) {
        if (!bytes_present(body_id)) return refuse_client(flow, CLIENT_MALFORMED, "no client_id");
        if (!client_id_well_formed(body_id)) return refuse_client(flow, CLIENT_MALFORMED, "client_id malformed");
        r->credentials = (struct client_credentials){body_id, body_secret, bytes_present(body_secret) ? AUTH_POST : AUTH_NONE};
        return STEP_NEXT;
    }
    if (bytes_present(body_secret)) return refuse(flow, OAUTH_INVALID_REQUEST, "two ways of authentication"); /* RFC 6749 2.3 */
    if (!parse_basic(r, header)) return refuse_client(flow, CLIENT_MALFORMED, "authorization header not understood");
    if (bytes_present(body_id) && !bytes_equal(body_id, r->credentials.client_id))
        return refuse(flow, OAUTH_INVALID_REQUEST, "client_id differs from the header's");
    return STEP_NEXT;
}

enum step_result parse_client_request(struct flow *flow)
{
    struct client_request *r = client_request_of(flow);
    switch (form_parse(&r->form, &r->oauth.request)) {
    case FORM_NOT_A_FORM: return refuse(flow, OAUTH_NOT_A_FORM, "not a form");
    case FORM_MALFORMED: return refuse(flow, OAUTH_INVALID_REQUEST, "form malformed");
    case FORM_REPEATS: return refuse(flow, OAUTH_INVALID_REQUEST, "a parameter twice");
    case FORM_READ: break;
    }
    enum step_result parsed = parse_credentials(flow);
    if (parsed == STEP_NEXT) r->oauth.request.log.client = r->credentials.client_id;
    return parsed;
}

/* public clients never are: they have no secret to guess */
static bool is_locked_out(struct client_request *r)
{
    if (r->credentials.method == AUTH_NONE) return false;
    int wait_s = lockout_wait_s(context_of(&r->oauth.request)->lockout, r->credentials.client_id, r->oauth.request.peer_ip);
    r->oauth.refusal.retry_after_s = wait_s;
    return wait_s > 0;
}

static enum step_result refuse_locked_out(struct flow *flow)
{
    metric_count(METRIC_CLIENT_FAILURES, CLIENT_LOCKED_OUT);
    return refuse(flow, OAUTH_TOO_MANY_FAILURES, "locked out");
}

enum step_result find_client(struct flow *flow)
{
    struct client_request *r = client_request_of(flow);
    struct context *context = context_of(&r->oauth.request);
    if (is_locked_out(r)) return refuse_locked_out(flow);
    return ask_client(flow, context->clients, r->credentials.client_id, &r->oauth.request.arena, &r->held);
}

static void count_failure(struct client_request *r)
{
    struct request *request = &r->oauth.request;
    if (!lockout_count(context_of(request)->lockout, r->credentials.client_id, request->peer_ip)) return;
    metric_count(METRIC_LOCKOUTS);
    struct log_line line;
    log_begin(&line, LOG_WARN, "client_locked");
    log_text(&line, "id", request->id);
    log_text(&line, "client", r->credentials.client_id);
    log_text(&line, "peer", request->peer_ip);
    log_end(&line);
}

enum step_result authenticate_client(struct flow *flow)
{
    struct client_request *r = client_request_of(flow);
    if (!client_settle(context_of(&r->oauth.request)->clients, &r->held, &flow->fault)) return STEP_END;
    const struct client *client = r->held.client;
    if (client == NULL) return refuse_client(flow, CLIENT_UNKNOWN, "unknown client");
    if (client->auth_method != r->credentials.method) return refuse_client(flow, CLIENT_WRONG_METHOD, "not the registered authentication method");
    if (client->auth_method == AUTH_NONE) return STEP_NEXT;
    if (is_locked_out(r)) return refuse_locked_out(flow); /* by those who waited beside it */
    const struct secret_ask ask = {client->client_id, client->secret_hash, r->credentials.secret};
    return ask_secret(flow, &context_of(&r->oauth.request)->secrets, &ask, &r->secret);
}

enum step_result judge_secret(struct flow *flow)
{
    struct client_request *r = client_request_of(flow);
    if (r->secret.waited && is_locked_out(r)) return refuse_locked_out(flow); /* else guesses that wait together would be heard together */
    switch (r->secret.verdict) {
    case SECRET_NOT_ASKED: return STEP_NEXT;
    case SECRET_RIGHT: secret_desk_keep(&context_of(&r->oauth.request)->secrets, &r->secret); return STEP_NEXT;
    case SECRET_WRONG: break;
    }
    count_failure(r);
    return refuse_client(flow, CLIENT_WRONG_SECRET, "wrong secret");
}

void client_request_release(struct request *request) { client_let_go(&client_request_of(&request->flow)->held); }
