/* refresh_token: a refresh token in, a new access token and the grant's newest refresh token out (RFC 6749 6, docs/refresh.md). */
#include "grants/grants.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "grants/session_look.h"
#include "grants/tally.h"
#include "oauth/mapping.h"

enum { TOKEN_LEFT_MIN_MS = 1000 }; /* what would end sooner makes no token: exp would be now */
enum { LOOK_ALWAYS_DUE = -1 }; /* ms: makes the storage's answer "look due", with the row and without a write */

struct refresh {
    struct session_look session; /* first: grants/session_look.h */
    struct refresh_token token; /* as presented; then the one to answer with */
    struct targets targets;
    struct rotation rotation;
    struct rotated rotated;
    struct revocation end;      /* when the session is over */
    struct revoked ended;
};

static struct refresh *refresh_of(struct flow *flow) { return grant_state(flow); }

/* ---- before anyone is asked ---- */

/* The tag is checked before the database: forged tokens, and tokens of another client, cost no query. */
static enum step_result open_token(struct flow *flow)
{
    struct client_request *r = client_request_of(flow);
    struct refresh *x = refresh_of(flow);
    const struct policy *policy = context_of(&r->oauth.request)->policy;
    const struct token_binding binding = {policy->issuer, r->credentials.client_id};
    struct bytes text = form_find(&r->form, BYTES("refresh_token"));
    if (!bytes_present(text)) return refuse(flow, OAUTH_INVALID_REQUEST, "no refresh_token");
    if (refresh_token_open(&policy->secrets, &binding, text, &x->token)) return STEP_NEXT;
    return refuse(flow, OAUTH_INVALID_GRANT, "not a token of ours for this client");
}

static enum step_result read_targets(struct flow *flow)
{
    struct target_refusal refusal;
    if (targets_read(client_request_of(flow), &refresh_of(flow)->targets, &refusal)) return STEP_NEXT;
    return refuse(flow, refusal.error, refusal.reason);
}

/* What a grant has may be refused by settings that are newer than its last look: so that this is found before anything is consumed, the first refresh
 * after a start looks. (A record of the database never changes under its grants: interface.md, Admin API.) */
static int64_t look_max_age_ms(const struct policy *policy)
{
    return clock_earlier(policy->revalidate_after_ms, clock_steady_ms() - policy->in_force_since_steady_ms);
}

static enum step_result prepare_rotation(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    const struct client *client = client_of(flow);
    const struct policy *policy = context_of((struct request *)flow)->policy;
    x->rotation = (struct rotation){
        .client_id = client->client_id,
        .gen = x->token.gen,
        .mac_kid = policy->secrets.at[0].kid,
        .policy = client_rotation_policy(client, look_max_age_ms(policy)),
    };
    memcpy(x->rotation.grant_id, x->token.grant_id, GRANT_ID_LEN);
    refresh_token_hash(&x->token, x->rotation.secret_hash);
    return STEP_NEXT;
}

/* ---- what the storage says ---- */

static enum step_result ask_storage(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    struct request *request = (struct request *)flow;
    return ask_rotate(flow, context_of(request)->store, &x->rotation, &request->arena, &x->rotated);
}

static void log_reuse(struct flow *flow)
{
    const struct request *request = (const struct request *)flow;
    struct log_line line;
    log_begin(&line, LOG_WARN, "reuse");
    log_text(&line, "id", request->id);
    log_text(&line, "client", client_of(flow)->client_id);
    log_text(&line, "subject", refresh_of(flow)->rotated.grant.subject);
    log_text(&line, "sid", refresh_of(flow)->rotated.grant.kratos_session_id);
    log_end(&line);
}

static enum step_result judge(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    if (x->rotated.outcome != ROTATE_UNKNOWN && !client_owns(client_of(flow), &x->rotated.grant)) return refuse(flow, OAUTH_INVALID_GRANT, "older than its client");
    ((struct request *)flow)->log.outcome = bytes_of(rotate_outcome_name(x->rotated.outcome));
    x->session.is_due = false;
    switch (x->rotated.outcome) {
    case ROTATE_ROTATED:
    case ROTATE_SAME_AGAIN:
    case ROTATE_RETRIED:
    case ROTATE_SKIPPED:
    case ROTATE_HELD:
    case ROTATE_AHEAD: return STEP_NEXT;
    case ROTATE_LOOK_DUE: x->session.is_due = true; return STEP_NEXT;
    case ROTATE_UNKNOWN: return refuse(flow, OAUTH_INVALID_GRANT, "unknown grant");
    case ROTATE_REVOKED: return refuse(flow, OAUTH_INVALID_GRANT, "revoked");
    case ROTATE_EXPIRED: return refuse(flow, OAUTH_INVALID_GRANT, "expired");
    case ROTATE_FAR_AHEAD: return refuse(flow, OAUTH_INVALID_GRANT, "too far ahead of the database");
    case ROTATE_REUSED: log_reuse(flow); return refuse(flow, OAUTH_INVALID_GRANT, "reuse");
    }
    return STEP_NEXT;
}

/* A request that names a scope or target is held against the grant before anything is consumed (refresh.md, order of work). */
static enum step_result read_grant(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    if (!x->targets.asked) return STEP_NEXT;
    int64_t look_max_age_ms = x->rotation.policy.look_max_age_ms;
    x->rotation.policy.look_max_age_ms = LOOK_ALWAYS_DUE;
    enum step_result asked = ask_storage(flow);
    x->rotation.policy.look_max_age_ms = look_max_age_ms; /* what was asked has its own copy */
    return asked;
}

static enum step_result narrow(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    const struct policy *policy = context_of((struct request *)flow)->policy;
    struct target_refusal refusal;
    if (!targets_narrow(client_request_of(flow), &x->rotated.grant, &x->targets, &refusal)) return refuse(flow, refusal.error, refusal.reason);
    if (aal_of_acr(x->rotated.grant.acr) >= policy->profiles[x->targets.profile].min_aal) return STEP_NEXT;
    return refuse(flow, OAUTH_STEP_UP, "the resource asks for more assurance than the grant has"); /* refresh.md: more assurance is a new exchange */
}

static enum step_result check_narrowing(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    if (!x->targets.asked) return STEP_NEXT;
    enum step_result judged = judge(flow);
    return judged == STEP_NEXT ? narrow(flow) : judged;
}

/* ---- the session's life ---- */

/* offline_access: the grant outlives its session, not its person; for as long as the client may have that */
static bool outlives_session(struct flow *flow)
{
    return refresh_of(flow)->rotated.session_expires_at == 0 && bytes_have_word(client_of(flow)->scope, BYTES("offline_access"));
}

static enum step_result prepare_look(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    x->session.grant = &x->rotated.grant;
    x->session.outlives_session = outlives_session(flow);
    return STEP_NEXT;
}

static void plan_end(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    x->end = (struct revocation){.by = REVOKE_GRANT, .because = outlives_session(flow) ? BYTES("identity_ended") : BYTES("session_ended")};
    memcpy(x->end.grant_id, x->token.grant_id, GRANT_ID_LEN);
}

/* For all that the grant has, since they stay with it: a request that is narrowed must not leave its own behind. */
static enum step_result map_claims_anew(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    struct client_request *r = client_request_of(flow);
    struct targets whole;
    struct target_refusal refusal;
    struct bytes claims;
    if (!targets_of_grant(r, &x->rotated.grant, &whole, &refusal)) return refuse(flow, refusal.error, refusal.reason);
    if (!map_claims(r, &x->session.look.session, &whole, &claims, &flow->fault)) return STEP_END;
    if (!bytes_equal(claims, x->rotated.grant.claims)) x->rotation.claims = claims;
    return STEP_NEXT;
}

static enum step_result take_look(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    const struct session *session = &x->session.look.session;
    x->rotation.looked = true;
    x->rotation.look_began_steady_ms = x->session.look.began_steady_ms;
    x->rotation.session_expires_at = outlives_session(flow) ? 0 : session->expires_at_ms;
    if (!bytes_present(session->id)) return STEP_NEXT; /* only the identity was looked at: session claims stay as they were */
    if (session->aal < aal_of_acr(x->rotated.grant.acr)) return refuse(flow, OAUTH_INVALID_GRANT, "assurance lower than the grant's");
    return map_claims_anew(flow);
}

/* Kratos can't be asked: the last good look serves for stale_if_error after the tokens that it allowed have ended */
static enum step_result use_last_look(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    const struct policy *policy = context_of((struct request *)flow)->policy;
    x->rotation.policy.look_max_age_ms = policy->stale_if_error_ms + access_token_ttl_ms(client_of(flow), &policy->profiles[x->targets.profile]);
    return STEP_NEXT;
}

static enum step_result judge_look(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    if (!x->session.is_due) return STEP_NEXT;
    if (!x->targets.asked) {
        enum step_result narrowed = narrow(flow);
        if (narrowed != STEP_NEXT) return narrowed;
    }
    switch (x->session.look.outcome) {
    case LOOK_AWAY: return use_last_look(flow);
    case LOOK_LIVE: return take_look(flow);
    case LOOK_ENDED:
    case LOOK_STEP_UP: plan_end(flow); return STEP_NEXT; /* only whoami asks for a step-up; by id there is none */
    }
    return STEP_NEXT;
}

static enum step_result end_grant(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    if (!bytes_present(x->end.because)) return STEP_NEXT;
    return ask_revoke(flow, context_of((struct request *)flow)->store, &x->end, &x->ended);
}

static enum step_result rotate_after_look(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    if (bytes_present(x->end.because)) return refuse(flow, OAUTH_INVALID_GRANT, x->end.because.at);
    return x->session.is_due ? ask_storage(flow) : STEP_NEXT;
}

static enum step_result judge_after_look(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    if (!x->session.is_due) return STEP_NEXT;
    enum step_result judged = judge(flow);
    if (judged != STEP_NEXT || !x->session.is_due) return judged;
    fault_set(&flow->fault, FAULT_AWAY, "identity: session", "%s, and the last look is too old", x->session.look.reason);
    return STEP_END;
}

/* ---- the answer ---- */

static enum step_result answer_token(struct flow *flow)
{
    struct refresh *x = refresh_of(flow);
    struct token_request *r = token_request_of(flow);
    const struct rotated *now = &x->rotated;
    enum step_result narrowed = x->targets.asked ? STEP_NEXT : narrow(flow);
    if (narrowed != STEP_NEXT) return narrowed;
    x->token.gen = now->gen;
    x->token.mac_kid = now->mac_kid;
    int64_t session_left_ms = now->session_expires_at == 0 ? INT64_MAX : now->session_expires_at - now->now;
    int64_t grant_left_ms = clock_earlier(now->expires_at - now->now, session_left_ms);
    if (grant_left_ms < TOKEN_LEFT_MIN_MS) return refuse(flow, OAUTH_INVALID_GRANT, "about to end");
    r->answer = (struct token_answer){
        .grant = &now->grant,
        .has_grant = true,
        .targets = &x->targets,
        .lifetime_max_ms = grant_left_ms, /* the expiration draft: never past the authorization's end */
        .refresh_token = &x->token,
        .idle_left_ms = clock_earlier(now->idle_expires_at - now->now, grant_left_ms),
        .absolute_left_ms = grant_left_ms,
    };
    r->set_cookie = x->session.look.cookie;
    return STEP_NEXT;
}

static const struct step STEPS[] = {
    {"read_targets", read_targets},
    {"prepare_rotation", prepare_rotation},
    {"read_grant", read_grant}, /* waits for storage, where the request names a scope or target */
    {"check_narrowing", check_narrowing},
    {"rotate", ask_storage}, /* waits for storage */
    {"judge", judge},
    {"prepare_look", prepare_look},
    {"look_at_session", look_at_session}, /* these wait for identity, when a look is due: session_look.h says which of them when */
    {"look_by_id", look_by_id},
    {"look_at_identity", look_at_identity},
    {"extend_session", extend_session},
    {"look_again", look_again},
    {"take_again", take_again},
    {"ask_person", ask_person},
    {"take_person", take_person},
    {"judge_look", judge_look},
    {"end_grant", end_grant}, /* waits for storage, when the session is over */
    {"rotate_after_look", rotate_after_look}, /* waits for storage, after a look */
    {"judge_after_look", judge_after_look},
    {"answer", answer_token},
    {"sign", sign_token}, /* waits for a thread, where RSA signs */
    {"write", write_token},
    {"finish", NULL},
};

static void release(void *state)
{
    struct refresh *x = state;
    refresh_token_wipe(&x->token);
}

static void count(const struct flow *flow)
{
    const struct refresh *x = ((const struct token_request *)flow)->state;
    tally_refresh(flow, x->rotated.outcome, bytes_present(x->end.because));
}

const struct grant_type REFRESH_TOKEN_GRANT = {
    .name = {"refresh_token", 13},
    .log_name = {"refresh_token", 13},
    .bit = GRANT_REFRESH_TOKEN,
    .state_size = sizeof(struct refresh),
    .check = open_token,
    .steps = STEPS,
    .release = release,
    .count = count,
};
