/* token_exchange: a Kratos session in, an access token and, where the client may, a refresh token out (RFC 8693, docs/exchange.md). */
#include "grants/grants.h"

#include <string.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/random.h"
#include "grants/tally.h"
#include "oauth/mapping.h"
#include "oauth/own_cookie.h"

#define TYPE_KRATOS_SESSION BYTES("urn:hydrant:token-type:kratos-session")
#define TYPE_KRATOS_COOKIE BYTES("urn:hydrant:token-type:kratos-cookie")
#define TYPE_ACCESS_TOKEN BYTES("urn:ietf:params:oauth:token-type:access_token")
#define TYPE_JWT BYTES("urn:ietf:params:oauth:token-type:jwt")

enum { SESSION_LEFT_MIN_MS = 1000 }; /* a session that ends sooner makes no token: exp would be now */

struct exchange {
    struct whoami_ask subject;
    bool own_cookie;             /* subject_token=cookie: the one that came with this request */
    enum metric_subject counted_as;
    struct bytes issued_token_type;
    struct targets targets;
    struct look look, person;    /* person: for metadata_admin, where claims are mapped from it */
    struct refresh_token token;  /* of the new grant, with a refresh token */
    struct new_grant new_grant;
    struct stored_grant stored;
};

static struct exchange *exchange_of(struct flow *flow) { return grant_state(flow); }

static bool gives_refresh_token(struct flow *flow)
{
    const struct client *client = client_of(flow);
    if (!(client->grant_types & GRANT_REFRESH_TOKEN)) return false;
    return !exchange_of(flow)->own_cookie || client->refresh_token_with_cookie;
}

static bool is_offline(struct flow *flow) { return bytes_have_word(exchange_of(flow)->targets.scope, BYTES("offline_access")); }

/* ---- before anyone is asked ---- */

static enum step_result check_subject_type(struct flow *flow, struct bytes type)
{
    struct exchange *x = exchange_of(flow);
    if (bytes_equal(type, TYPE_KRATOS_SESSION)) {
        x->subject.kind = CREDENTIAL_TOKEN;
        x->counted_as = SUBJECT_SESSION;
        return STEP_NEXT;
    }
    if (!bytes_equal(type, TYPE_KRATOS_COOKIE)) return refuse(flow, OAUTH_SUBJECT_TOKEN, "subject_token_type not supported");
    x->subject.kind = CREDENTIAL_COOKIE;
    x->own_cookie = bytes_equal(x->subject.credential, BYTES("cookie"));
    x->counted_as = x->own_cookie ? SUBJECT_OWN_COOKIE : SUBJECT_COOKIE;
    return STEP_NEXT;
}

static enum step_result check_request(struct flow *flow)
{
    const struct form *form = &client_request_of(flow)->form;
    struct exchange *x = exchange_of(flow);
    struct bytes type = form_find(form, BYTES("subject_token_type")), requested = form_find(form, BYTES("requested_token_type"));
    x->subject.credential = form_find(form, BYTES("subject_token"));
    if (!bytes_present(x->subject.credential)) return refuse(flow, OAUTH_INVALID_REQUEST, "no subject_token"); /* RFC 8693 2.1 */
    if (!bytes_present(type)) return refuse(flow, OAUTH_INVALID_REQUEST, "no subject_token_type");
    if (bytes_present(form_find(form, BYTES("actor_token_type"))) != bytes_present(form_find(form, BYTES("actor_token"))))
        return refuse(flow, OAUTH_INVALID_REQUEST, "actor_token and actor_token_type come together"); /* RFC 8693 2.1 */
    if (bytes_present(form_find(form, BYTES("actor_token")))) return refuse(flow, OAUTH_INVALID_REQUEST, "nobody may act for a Kratos session");
    x->issued_token_type = bytes_present(requested) ? requested : TYPE_ACCESS_TOKEN;
    if (!bytes_equal(x->issued_token_type, TYPE_ACCESS_TOKEN) && !bytes_equal(x->issued_token_type, TYPE_JWT))
        return refuse(flow, OAUTH_INVALID_REQUEST, "requested_token_type not supported");
    return check_subject_type(flow, type);
}

static enum step_result take_own_cookie(struct flow *flow)
{
    struct exchange *x = exchange_of(flow);
    if (!x->own_cookie) return STEP_NEXT;
    switch (own_cookie_find((const struct request *)flow, client_of(flow), &x->subject.credential)) {
    case OWN_COOKIE_FOUND: return STEP_NEXT;
    case OWN_COOKIE_ORIGIN: return refuse(flow, OAUTH_ACCESS_DENIED, "origin not allowed for the client");
    case OWN_COOKIE_CROSS_SITE: return refuse(flow, OAUTH_ACCESS_DENIED, "cross-site request");
    case OWN_COOKIE_NONE: return refuse(flow, OAUTH_SUBJECT_TOKEN, "no session cookie came with the request");
    case OWN_COOKIE_TWO: return refuse(flow, OAUTH_SUBJECT_TOKEN, "two session cookies");
    }
    return STEP_NEXT;
}

static enum step_result check_credential(struct flow *flow)
{
    const struct whoami_ask *subject = &exchange_of(flow)->subject;
    if (credential_well_formed(subject->kind, subject->credential)) return STEP_NEXT;
    return refuse(flow, OAUTH_SUBJECT_TOKEN, "subject token malformed");
}

static enum step_result choose_targets(struct flow *flow)
{
    struct target_refusal refusal;
    if (targets_choose(client_request_of(flow), &exchange_of(flow)->targets, &refusal)) return STEP_NEXT;
    return refuse(flow, refusal.error, refusal.reason);
}

/* ---- Kratos ---- */

static enum step_result ask_kratos(struct flow *flow)
{
    struct exchange *x = exchange_of(flow);
    struct request *request = (struct request *)flow;
    return ask_whoami(flow, context_of(request)->identity, &x->subject, &request->arena, &x->look);
}

static enum step_result refuse_step_up(struct flow *flow, const char *reason)
{
    oauth_request_of(flow)->refusal.redirect_to = exchange_of(flow)->look.redirect_to;
    return refuse(flow, OAUTH_STEP_UP, reason);
}

static enum step_result check_session(struct flow *flow)
{
    const struct exchange *x = exchange_of(flow);
    const struct policy *policy = context_of((struct request *)flow)->policy;
    const struct session *session = &x->look.session;
    switch (x->look.outcome) {
    case LOOK_AWAY: fault_set(&flow->fault, FAULT_AWAY, "identity: whoami", "%s", x->look.reason); return STEP_END;
    case LOOK_ENDED: return refuse(flow, OAUTH_SUBJECT_TOKEN, "no live session");
    case LOOK_STEP_UP: return refuse_step_up(flow, "Kratos asks for more assurance");
    case LOOK_LIVE: break;
    }
    if (session->aal < policy->profiles[x->targets.profile].min_aal) return refuse_step_up(flow, "the resource asks for more assurance");
    if (!bytes_present(map_subject(policy, session))) return refuse(flow, OAUTH_SUBJECT_TOKEN, "the identity has no external_id");
    if (session->expires_at_ms - clock_now_ms() < SESSION_LEFT_MIN_MS) return refuse(flow, OAUTH_SUBJECT_TOKEN, "the session is about to end");
    return STEP_NEXT;
}

static enum step_result ask_person(struct flow *flow)
{
    struct exchange *x = exchange_of(flow);
    return ask_admin_metadata(flow, &x->look.session, &x->person);
}

static enum step_result check_person(struct flow *flow)
{
    struct exchange *x = exchange_of(flow);
    switch (x->person.outcome) {
    case LOOK_AWAY: fault_set(&flow->fault, FAULT_AWAY, "identity: identity", "%s", x->person.reason); return STEP_END;
    case LOOK_ENDED:
    case LOOK_STEP_UP: return refuse(flow, OAUTH_SUBJECT_TOKEN, "the person is gone");
    case LOOK_LIVE: break;
    }
    take_admin_metadata(&x->look.session, &x->person);
    return STEP_NEXT;
}

/* ---- the grant ---- */

static enum step_result describe_grant(struct flow *flow)
{
    struct exchange *x = exchange_of(flow);
    struct client_request *r = client_request_of(flow);
    const struct session *session = &x->look.session;
    x->new_grant.grant = (struct grant){
        .client_id = client_of(flow)->client_id,
        .subject = map_subject(context_of(&r->oauth.request)->policy, session),
        .kratos_session_id = session->id,
        .identity_id = session->identity_id,
        .scope = x->targets.scope,
        .audience = write_audience(r, &x->targets.audience),
        .acr = session->aal_name,
        .amr = session->methods,
        .auth_time = session->authenticated_at_ms,
    };
    return map_claims(r, session, &x->targets, &x->new_grant.grant.claims, &flow->fault) ? STEP_NEXT : STEP_END;
}

static void make_token(struct exchange *x, const struct policy *policy)
{
    uuid_make(x->token.grant_id);
    random_fill(x->token.secret, sizeof x->token.secret);
    x->token.mac_kid = policy->secrets.at[0].kid;
    memcpy(x->new_grant.grant.id, x->token.grant_id, GRANT_ID_LEN);
    refresh_token_hash(&x->token, x->new_grant.secret_hash);
    x->new_grant.mac_kid = x->token.mac_kid;
}

static enum step_result store_grant(struct flow *flow)
{
    struct exchange *x = exchange_of(flow);
    struct context *context = context_of((struct request *)flow);
    const struct client *client = client_of(flow);
    if (!gives_refresh_token(flow)) return STEP_NEXT;
    x->new_grant.idle_ttl_ms = client->refresh.idle_ttl_ms;
    x->new_grant.absolute_ttl_ms = client->refresh.absolute_ttl_ms;
    x->new_grant.session_expires_at = is_offline(flow) ? 0 : x->look.session.expires_at_ms;
    x->new_grant.look_began_steady_ms = x->look.began_steady_ms;
    x->new_grant.session_grants_max = context->policy->session_grants_max;
    return ask_store_grant(flow, context->store, &x->new_grant, &x->stored);
}

static int64_t session_left_ms(struct flow *flow)
{
    return is_offline(flow) && gives_refresh_token(flow) ? INT64_MAX : exchange_of(flow)->look.session.expires_at_ms - clock_now_ms();
}

static enum step_result answer_token(struct flow *flow)
{
    struct exchange *x = exchange_of(flow);
    struct token_request *r = token_request_of(flow);
    bool with_refresh_token = gives_refresh_token(flow);
    int64_t left_ms = session_left_ms(flow);
    if (with_refresh_token) make_token(x, context_of((struct request *)flow)->policy);
    if (with_refresh_token) left_ms = clock_earlier(left_ms, client_of(flow)->refresh.absolute_ttl_ms);
    r->answer = (struct token_answer){
        .grant = &x->new_grant.grant,
        .has_grant = with_refresh_token,
        .targets = &x->targets,
        .lifetime_max_ms = left_ms, /* the expiration draft: never past the authorization's end */
        .issued_token_type = x->issued_token_type, /* RFC 8693 2.2.1 */
        .refresh_token = with_refresh_token ? &x->token : NULL,
    };
    if (x->own_cookie) r->set_cookie = x->look.cookie;
    return STEP_NEXT;
}

static enum step_result check_stored(struct flow *flow)
{
    const struct exchange *x = exchange_of(flow);
    struct token_answer *answer = &token_request_of(flow)->answer;
    if (!gives_refresh_token(flow)) return STEP_NEXT;
    if (x->stored.outcome == GRANT_ENDED_MEANWHILE) return refuse(flow, OAUTH_SUBJECT_TOKEN, "the session ended meanwhile");
    answer->absolute_left_ms = clock_earlier(session_left_ms(flow), x->stored.expires_at - x->stored.now);
    answer->idle_left_ms = clock_earlier(x->stored.idle_expires_at - x->stored.now, answer->absolute_left_ms);
    return STEP_NEXT;
}

static const struct step STEPS[] = {
    {"take_own_cookie", take_own_cookie},
    {"check_credential", check_credential},
    {"choose_targets", choose_targets},
    {"ask_kratos", ask_kratos}, /* waits for identity */
    {"check_session", check_session},
    {"ask_person", ask_person}, /* waits for identity, where claims are mapped from metadata_admin */
    {"check_person", check_person},
    {"describe_grant", describe_grant},
    {"answer", answer_token},
    {"sign", sign_token}, /* waits for a thread, where RSA signs; before the grant is stored, which may end an older one */
    {"store_grant", store_grant}, /* waits for storage, where a refresh token is given */
    {"check_stored", check_stored},
    {"write", write_token},
    {"finish", NULL},
};

static void release(void *state) { refresh_token_wipe(&((struct exchange *)state)->token); }

static void count(const struct flow *flow)
{
    const struct exchange *x = ((const struct token_request *)flow)->state;
    tally_exchange(flow, x->counted_as);
}

const struct grant_type TOKEN_EXCHANGE_GRANT = {
    .name = {"urn:ietf:params:oauth:grant-type:token-exchange", 47},
    .log_name = {"token_exchange", 14},
    .bit = GRANT_TOKEN_EXCHANGE,
    .state_size = sizeof(struct exchange),
    .check = check_request,
    .steps = STEPS,
    .release = release,
    .count = count,
};
