#include "companion/forward_auth.h"

#include <assert.h>

#include "base/clock.h"
#include "companion/forward_auth_login.h"
#include "companion/tally.h"
#include "oauth/session_cookie.h"

enum {
    LOOKS_MAX = 4,              /* of one request: each was forgotten while it was under way */
    SESSION_LEFT_MIN_MS = 1000, /* a session that ends sooner makes no token: exp would be now */
    HANDED_OUT_LEFT_MS = 5000,  /* what is handed out is good for that long at least, or for half its life */
};

static struct forward_auth_request *forward_of(struct flow *flow) { return (struct forward_auth_request *)flow; }
static const struct forward_auth *forward_auth_of(struct flow *flow) { return ((struct request *)flow)->route->data; }

/* ---- who asks, for which profile, with what ---- */

static enum step_result check_proxy(struct flow *flow)
{
    if (((struct request *)flow)->from_proxy) return STEP_NEXT;
    return refuse(flow, OAUTH_UNTRUSTED_PROXY, "the connection comes from no address in serve.trusted_proxies");
}

static enum step_result find_profile(struct flow *flow)
{
    const struct forward_auth_settings *settings = forward_auth_of(flow)->settings;
    struct request *request = (struct request *)flow;
    for (size_t i = 0; i < settings->profile_count; i++) {
        const struct forward_profile *profile = &settings->profiles[i];
        if (!bytes_equal(profile->name, request->segment)) continue;
        forward_of(flow)->profile = profile;
        request->log.client = profile->client_id;
        return STEP_NEXT;
    }
    return refuse(flow, OAUTH_UNKNOWN_PROFILE, "no such profile in forward_auth.profiles");
}

static enum step_result refuse_session(struct flow *flow, const char *reason)
{
    struct request *request = (struct request *)flow;
    struct text t;
    text_init(&t, &request->arena, 64);
    text_put(&t, BYTES("Bearer realm="));
    text_put_json(&t, context_of(request)->policy->issuer);
    oauth_request_of(flow)->refusal.challenge = text_bytes(&t); /* RFC 6750 3 */
    return refuse(flow, OAUTH_LOGIN_REQUIRED, reason);
}

/* RFC 6750 2.1, with a session token of Kratos'; absent: whatever else it is, it is nothing to us */
static struct bytes bearer_session_token(const struct request *request)
{
    static const struct bytes scheme = {"Bearer ", 7};
    struct bytes value = request_header(request, "authorization");
    if (value.len < scheme.len || !bytes_equal_nocase((struct bytes){value.at, scheme.len}, scheme))
        return BYTES_ABSENT;
    struct bytes token = {value.at + scheme.len, value.len - scheme.len};
    return bytes_start_with(token, BYTES("ory_st_")) ? token : BYTES_ABSENT;
}

/* Exactly one: of two, an upstream or a proxy could go by the other, and they need not be the same person's. */
static enum step_result take_credential(struct flow *flow)
{
    const struct request *request = (const struct request *)flow;
    struct forward_auth_request *r = forward_of(flow);
    struct bytes cookie = BYTES_ABSENT, token = request_header(request, "x-session-token"),
                 bearer = bearer_session_token(request);
    enum session_cookie cookies = session_cookie_find(request, context_of(request)->policy->cookie_name, &cookie);
    bool has_cookie = cookies == SESSION_COOKIE_ONE;
    if (cookies == SESSION_COOKIE_SEVERAL) return refuse_session(flow, "two session cookies");
    if (request_header_count(request, "x-session-token") > 1 || request_header_count(request, "authorization") > 1)
        return refuse_session(flow, "a header with a credential twice");
    if (has_cookie + bytes_present(token) + bytes_present(bearer) > 1)
        return refuse_session(flow, "more than one kind of credential");
    r->credential.kind = has_cookie ? CREDENTIAL_COOKIE : CREDENTIAL_TOKEN;
    r->credential.credential = has_cookie ? cookie : bytes_present(token) ? token : bearer;
    if (!bytes_present(r->credential.credential)) return refuse_session(flow, "no session cookie or session token");
    if (!credential_well_formed(r->credential.kind, r->credential.credential))
        return refuse_session(flow, "credential malformed");
    return STEP_NEXT;
}

/* ---- the memory ---- */

static const struct step *look_steps(void);

static enum step_result begin(struct flow *flow)
{
    struct forward_auth_request *r = forward_of(flow);
    const struct forward_auth *forward_auth = forward_auth_of(flow);
    session_tokens_key(forward_auth->tokens, (uint32_t)(r->profile - forward_auth->settings->profiles), &r->credential,
                       &r->find.key);
    flow_enter(flow, look_steps());
    return STEP_NEXT;
}

static enum step_result begin_again(struct flow *flow)
{
    if (++forward_of(flow)->look_count == LOOKS_MAX) {
        fault_set(&flow->fault, FAULT_AWAY, "forward_auth", "revoked again and again while it was looked at");
        return STEP_END;
    }
    flow_enter(flow, look_steps());
    return STEP_NEXT;
}

static enum step_result find_token(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    struct session_find *find = &forward_of(flow)->find;
    if (find->looks) return STEP_NEXT; /* still, after what it found was forgotten */
    find->loop = request->worker->loop;
    find->ring = key_seat_ring(&context_of(request)->keys);
    return ask_session_token(flow, forward_auth_of(flow)->tokens, find);
}

/* what another who looked was refused with refuses this one too */
static enum step_result take_outcome(struct flow *flow, const struct session_outcome *outcome)
{
    struct oauth_request *r = oauth_request_of(flow);
    if (bytes_present(outcome->authorization)) {
        r->request.log.outcome = BYTES("kept");
        metric_count(METRIC_FORWARD_AUTH, FORWARD_AUTH_KEPT);
        return STEP_END;
    }
    if (outcome->refusal.error == OAUTH_LOGIN_REQUIRED && outcome->refusal.refused)
        return refuse_session(flow, outcome->fault.what);
    r->refusal = outcome->refusal;
    r->request.log.reason = bytes_of(outcome->fault.what);
    flow->fault = outcome->fault;
    return STEP_END;
}

static enum step_result take_finding(struct flow *flow)
{
    const struct session_find *find = &forward_of(flow)->find;
    if (find->looks) return STEP_NEXT;
    return find->outcome != NULL ? take_outcome(flow, find->outcome) : begin_again(flow);
}

/* ---- what the profile asks for ---- */

static enum step_result find_profile_client(struct flow *flow)
{
    struct forward_auth_request *r = forward_of(flow);
    struct request *request = (struct request *)flow;
    client_let_go(&r->client.held);
    return ask_client(flow, context_of(request)->clients, r->profile->client_id, &request->arena, &r->client.held);
}

/* the operator's mistake, or a client that was deleted since: no one else can mend it, so no 503 */
static enum step_result fail_profile(struct flow *flow, const char *what)
{
    const struct forward_profile *profile = forward_of(flow)->profile;
    fault_set(&flow->fault, FAULT_BUG, "forward_auth", "profile %.*s: client %.*s: %s", BYTES_PRINT(profile->name),
              BYTES_PRINT(profile->client_id), what);
    return STEP_END;
}

static enum step_result check_profile_client(struct flow *flow)
{
    struct forward_auth_request *r = forward_of(flow);
    if (!client_settle(context_of((struct request *)flow)->clients, &r->client.held, &flow->fault)) return STEP_END;
    if (r->client.held.client == NULL) return fail_profile(flow, "there is none of that client_id");
    if (!(r->client.held.client->grant_types & GRANT_TOKEN_EXCHANGE))
        return fail_profile(flow, "its grant_types lack the token exchange");
    return STEP_NEXT;
}

static void put_parameter(struct form *form, struct bytes name, struct bytes value)
{
    if (bytes_present(value)) form->at[form->count++] = (struct form_parameter){name, value};
}

/* as if the client asked for what the profile says */
static enum step_result choose_targets(struct flow *flow)
{
    struct forward_auth_request *r = forward_of(flow);
    struct form *form = &r->client.form;
    struct target_refusal refusal;
    form->count = 0;
    put_parameter(form, BYTES("scope"), r->profile->scope);
    for (size_t i = 0; i < r->profile->audience.count; i++)
        put_parameter(form, BYTES("audience"), r->profile->audience.at[i]);
    return targets_choose(&r->client, &r->targets, &refusal) ? STEP_NEXT : fail_profile(flow, refusal.reason);
}

/* ---- Kratos ---- */

static enum step_result ask_kratos(struct flow *flow)
{
    struct forward_auth_request *r = forward_of(flow);
    struct request *request = (struct request *)flow;
    return ask_whoami(flow, context_of(request)->identity, &r->credential, &request->arena, &r->look);
}

static enum step_result refuse_step_up(struct flow *flow, const char *reason)
{
    oauth_request_of(flow)->refusal.redirect_to = forward_of(flow)->look.redirect_to;
    return refuse(flow, OAUTH_STEP_UP, reason);
}

static enum step_result check_session(struct flow *flow)
{
    const struct forward_auth_request *r = forward_of(flow);
    const struct policy *policy = context_of((struct request *)flow)->policy;
    const struct session *session = &r->look.session;
    switch (r->look.outcome) {
    case LOOK_AWAY: fault_set(&flow->fault, FAULT_AWAY, "identity: whoami", "%s", r->look.reason); return STEP_END;
    case LOOK_ENDED: return refuse_session(flow, "no live session");
    case LOOK_STEP_UP: return refuse_step_up(flow, "Kratos asks for more assurance");
    case LOOK_LIVE: break;
    }
    if (session->aal < policy->profiles[r->targets.profile].min_aal)
        return refuse_step_up(flow, "the resource asks for more assurance");
    if (!bytes_present(map_subject(policy, session)))
        return refuse(flow, OAUTH_NO_SUBJECT, "the identity has no external_id");
    if (session->expires_at_ms - clock_now_ms() < SESSION_LEFT_MIN_MS)
        return refuse_session(flow, "the session is about to end");
    return STEP_NEXT;
}

static enum step_result ask_person(struct flow *flow)
{
    struct forward_auth_request *r = forward_of(flow);
    return ask_admin_metadata(flow, &r->look.session, &r->person);
}

static enum step_result check_person(struct flow *flow)
{
    struct forward_auth_request *r = forward_of(flow);
    switch (r->person.outcome) {
    case LOOK_AWAY: fault_set(&flow->fault, FAULT_AWAY, "identity: identity", "%s", r->person.reason); return STEP_END;
    case LOOK_ENDED:
    case LOOK_STEP_UP: return refuse_session(flow, "the person is gone");
    case LOOK_LIVE: break;
    }
    take_admin_metadata(&r->look.session, &r->person);
    return STEP_NEXT;
}

/* ---- the token ---- */

static enum step_result sign_token(struct flow *flow)
{
    struct forward_auth_request *r = forward_of(flow);
    const struct session *session = &r->look.session;
    struct grant grant = {
        .client_id = r->client.held.client->client_id,
        .subject = map_subject(context_of((struct request *)flow)->policy, session),
        .kratos_session_id = session->id,
        .acr = session->aal_name,
        .amr = session->methods,
        .auth_time = session->authenticated_at_ms,
    };
    /* never past the session's end: it is no grant that outlives it */
    const struct token_answer answer = {
        .grant = &grant, .targets = &r->targets, .lifetime_max_ms = session->expires_at_ms - clock_now_ms()};
    if (!map_claims(&r->client, session, &r->targets, &grant.claims, &flow->fault)) return STEP_END;
    return ask_access_token(flow, &answer, &r->writing);
}

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t until_ms(struct flow *flow, const struct access_token *token)
{
    int64_t life_ms = token->expires_at_ms - clock_now_ms();
    int64_t good_until_ms = clock_steady_ms() + life_ms - smaller(HANDED_OUT_LEFT_MS, life_ms / 2);
    return smaller(forward_of(flow)->look.began_steady_ms + forward_auth_of(flow)->settings->keep_ms, good_until_ms);
}

static struct bytes write_authorization(struct arena *arena, const struct access_token *token)
{
    struct text t;
    text_init(&t, arena, token->jwt.len + 8);
    text_put(&t, BYTES("Bearer "));
    text_put(&t, token->jwt);
    return text_bytes(&t);
}

static enum step_result give_token(struct flow *flow)
{
    struct forward_auth_request *r = forward_of(flow);
    struct request *request = (struct request *)flow;
    struct access_token token;
    if (!access_token_take(&r->writing, &token, &flow->fault)) return STEP_END;
    struct session_outcome given = {.authorization = write_authorization(&request->arena, &token),
                                    .kid = token.kid,
                                    .began_steady_ms = r->look.began_steady_ms,
                                    .until_steady_ms = until_ms(flow, &token)};
    const struct session_subject subject = {r->look.session.id, r->look.session.identity_id, r->profile->client_id};
    if (!bytes_present(given.authorization)) return fail_profile(flow, "no room for its token");
    session_tokens_name(forward_auth_of(flow)->tokens, &subject, &given.names);
    if (!session_tokens_settle(&r->find, session_outcome_create(&given))) return begin_again(flow);
    request->log.outcome = BYTES("looked");
    metric_count(METRIC_FORWARD_AUTH, FORWARD_AUTH_LOOKED);
    return STEP_NEXT;
}

static const struct step LOOK_STEPS[] = {
    {"find_token", find_token}, /* waits for another who looks */
    {"take_finding", take_finding},
    {"find_client", find_profile_client}, /* waits for storage */
    {"check_client", check_profile_client},
    {"choose_targets", choose_targets},
    {"ask_kratos", ask_kratos}, /* waits for identity */
    {"check_session", check_session},
    {"ask_person", ask_person}, /* waits for identity, where claims are mapped from metadata_admin */
    {"check_person", check_person},
    {"sign_token", sign_token}, /* waits for a thread, where RSA signs */
    {"give_token", give_token}, /* from the first row again, where a revocation came between */
    {"finish", NULL},
};

static const struct step *look_steps(void) { return LOOK_STEPS; }

const struct step FORWARD_AUTH_STEPS[] = {
    {"check_proxy", check_proxy},
    {"find_profile", find_profile},
    {"take_credential", take_credential},
    {"begin", begin}, /* LOOK_STEPS follow */
    {"finish", NULL},
};

/* ---- the answer ---- */

/* Who waited is refused as this one is. When only this one's client has left, the next one looks
 * (forward_auth_release). */
static void refuse_others(struct flow *flow)
{
    struct forward_auth_request *r = forward_of(flow);
    if (!r->find.looks || flow->fault.kind == FAULT_LEFT) return;
    bool settled =
        session_tokens_settle(&r->find, session_outcome_create_refused(&flow->fault, &r->client.oauth.refusal));
    assert(settled); /* a refusal names nobody who could be forgotten */
}

/* where a browser can do something about it, it is sent there */
static void send_browser(struct flow *flow, struct answer *answer)
{
    struct forward_auth_request *r = forward_of(flow);
    struct request *request = (struct request *)flow;
    if (answer->status != 401 && answer->status != 403) return;
    bool is_step_up = r->client.oauth.refusal.error == OAUTH_STEP_UP;
    if (answer->status == 403 && !is_step_up) return;
    struct bytes page = forward_login_page(request, r->profile,
                                           is_step_up ? r->client.oauth.refusal.redirect_to : r->profile->login_url);
    if (!bytes_present(page)) return;
    answer_header(answer, BYTES("location"), page);
    if (forward_login_may_redirect(request)) answer->status = 302;
}

void forward_auth_finish(struct flow *flow)
{
    struct forward_auth_request *r = forward_of(flow);
    struct answer answer = {.status = 200};
    if (flow->fault.kind == FAULT_NONE) {
        answer_header(&answer, BYTES("authorization"), r->find.outcome->authorization);
        answer_header(&answer, BYTES("cache-control"), BYTES("no-store"));
    } else {
        refuse_others(flow);
        tally_forward_auth_refused(&r->client.oauth);
        oauth_error_answer(&r->client.oauth, &answer);
        send_browser(flow, &answer);
    }
    request_answer(&r->client.oauth.request, &answer);
}

void forward_auth_release(struct request *request)
{
    struct forward_auth_request *r = forward_of(&request->flow);
    session_find_release(&r->find);
    client_request_release(request);
}
