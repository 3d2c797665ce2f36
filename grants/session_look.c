#include "grants/session_look.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "oauth/mapping.h"
#include "oauth/own_cookie.h"

enum {
    QUICK_MS = 1000,                /* who took longer is asked nothing more that can wait: the request has a deadline */
    EXTEND_LEFT_MIN_MS = 10 * 1000, /* Kratos revives what has expired: so much must be left that none expires while it is asked */
};

static struct session_look *look_of(struct flow *flow) { return grant_state(flow); }
static struct identity *identity_of(struct flow *flow) { return context_of((struct request *)flow)->identity; }
static struct arena *arena_of(struct flow *flow) { return &((struct request *)flow)->arena; }
static bool was_quick(const struct look *look) { return clock_steady_ms() - look->began_steady_ms < QUICK_MS; }

static bool goes_by_cookie(const struct session_look *x) { return bytes_present(x->own_cookie.credential); }

static void find_own_cookie(struct flow *flow)
{
    struct session_look *x = look_of(flow);
    struct bytes value;
    if (own_cookie_find((struct request *)flow, client_of(flow), &value) != OWN_COOKIE_FOUND || !credential_well_formed(CREDENTIAL_COOKIE, value)) return;
    x->own_cookie = (struct whoami_ask){.kind = CREDENTIAL_COOKIE, .credential = value};
}

static enum step_result ask_by_id(struct flow *flow)
{
    struct session_look *x = look_of(flow);
    return ask_session(flow, identity_of(flow), x->grant->kratos_session_id, arena_of(flow), &x->look);
}

enum step_result look_at_session(struct flow *flow)
{
    struct session_look *x = look_of(flow);
    if (!x->is_due) return STEP_NEXT;
    find_own_cookie(flow);
    return goes_by_cookie(x) ? ask_whoami(flow, identity_of(flow), &x->own_cookie, arena_of(flow), &x->look) : ask_by_id(flow);
}

/* Else the cookie says nothing about the grant: it is another session's, or of one that ended, or whoami wants more assurance than the grant has. */
static bool is_of_grant(const struct session_look *x, const struct look *look)
{
    return look->outcome == LOOK_LIVE && bytes_equal(look->session.id, x->grant->kratos_session_id);
}

enum step_result look_by_id(struct flow *flow)
{
    struct session_look *x = look_of(flow);
    if (!x->is_due || !goes_by_cookie(x) || is_of_grant(x, &x->look)) return STEP_NEXT;
    if (x->look.outcome == LOOK_AWAY && !was_quick(&x->look)) return STEP_NEXT;
    x->own_cookie.credential = BYTES_ABSENT;
    return ask_by_id(flow);
}

enum step_result look_at_identity(struct flow *flow)
{
    struct session_look *x = look_of(flow);
    if (!x->is_due || x->look.outcome != LOOK_ENDED || !x->outlives_session) return STEP_NEXT;
    return ask_identity(flow, identity_of(flow), x->grant->identity_id, arena_of(flow), &x->look);
}

static bool session_is_live(const struct session_look *x) { return x->is_due && x->look.outcome == LOOK_LIVE && bytes_present(x->look.session.id); }

/* ---- the extension ---- */

static bool is_time_to_extend(const struct session *session, const struct extend_policy *policy)
{
    int64_t now = clock_now_ms(), left_ms = session->expires_at_ms - now;
    if (left_ms >= policy->below_ms || left_ms < EXTEND_LEFT_MIN_MS) return false;
    return policy->max_age_ms == 0 || now - session->authenticated_at_ms < policy->max_age_ms;
}

static bool may_extend(const struct session_look *x, const struct extend_policy *policy)
{
    const struct session *session = &x->look.session;
    if (!policy->on_refresh || !session_is_live(x) || !was_quick(&x->look)) return false;
    if (!bytes_equal(session->identity_id, x->grant->identity_id) || session->aal < aal_of_acr(x->grant->acr)) return false; /* the refresh will be refused */
    return is_time_to_extend(session, policy);
}

enum step_result extend_session(struct flow *flow)
{
    struct session_look *x = look_of(flow);
    x->extends = may_extend(x, &context_of((struct request *)flow)->policy->extend);
    if (!x->extends) return STEP_NEXT;
    return ask_extend(flow, identity_of(flow), x->grant->kratos_session_id, arena_of(flow), &x->extension);
}

static void log_trouble(struct flow *flow, const struct look *look)
{
    struct log_line line;
    log_begin(&line, LOG_WARN, "extend_failed");
    log_text(&line, "id", ((struct request *)flow)->id);
    log_text(&line, "sid", look_of(flow)->grant->kratos_session_id);
    log_text(&line, "reason", bytes_of(look->reason));
    log_end(&line);
}

/* Done may have changed nothing, and the browser's cookie is renewed only for who asks with it: so it is looked at again, in the same way. */
enum step_result look_again(struct flow *flow)
{
    struct session_look *x = look_of(flow);
    if (!x->extends) return STEP_NEXT;
    x->extends = x->extension.outcome == LOOK_LIVE;
    if (!x->extends) {
        log_trouble(flow, &x->extension);
        return STEP_NEXT;
    }
    if (goes_by_cookie(x)) return ask_whoami_again(flow, identity_of(flow), &x->own_cookie, arena_of(flow), &x->again);
    return ask_session_again(flow, identity_of(flow), x->grant->kratos_session_id, arena_of(flow), &x->again);
}

/* whatever else the second look says, the first one found a live session */
enum step_result take_again(struct flow *flow)
{
    struct session_look *x = look_of(flow);
    if (!x->extends) return STEP_NEXT;
    if (!is_of_grant(x, &x->again)) {
        log_trouble(flow, &x->again);
        return STEP_NEXT;
    }
    if (!bytes_present(x->again.cookie)) x->again.cookie = x->look.cookie;
    x->look = x->again;
    return STEP_NEXT;
}

/* ---- the person ---- */

enum step_result ask_person(struct flow *flow)
{
    struct session_look *x = look_of(flow);
    return session_is_live(x) ? ask_admin_metadata(flow, &x->look.session, &x->person) : STEP_NEXT;
}

/* what the second look found is what the look found */
enum step_result take_person(struct flow *flow)
{
    struct session_look *x = look_of(flow);
    if (!session_is_live(x)) return STEP_NEXT;
    if (!bytes_equal(x->look.session.identity_id, x->grant->identity_id)) {
        x->look = (struct look){.outcome = LOOK_AWAY, .reason = "the session is said to be another identity's"};
        return STEP_NEXT;
    }
    take_admin_metadata(&x->look.session, &x->person);
    x->look.outcome = x->person.outcome;
    if (x->person.outcome != LOOK_LIVE) memcpy(x->look.reason, x->person.reason, sizeof x->look.reason);
    return STEP_NEXT;
}
