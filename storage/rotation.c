#include "storage/rotation.h"

const char *rotate_outcome_name(enum rotate_outcome outcome)
{
    switch (outcome) {
    case ROTATE_ROTATED: return "rotated";
    case ROTATE_SAME_AGAIN: return "same_again";
    case ROTATE_RETRIED: return "retried";
    case ROTATE_SKIPPED: return "skipped";
    case ROTATE_HELD: return "held";
    case ROTATE_AHEAD: return "ahead";
    case ROTATE_LOOK_DUE: return "look_due";
    case ROTATE_UNKNOWN: return "unknown";
    case ROTATE_REVOKED: return "revoked";
    case ROTATE_EXPIRED: return "expired";
    case ROTATE_REUSED: return "reused";
    case ROTATE_FAR_AHEAD: return "far_ahead";
    }
    return "invalid";
}

bool rotate_outcome_succeeds(enum rotate_outcome outcome)
{
    switch (outcome) {
    case ROTATE_ROTATED:
    case ROTATE_SAME_AGAIN:
    case ROTATE_RETRIED:
    case ROTATE_SKIPPED:
    case ROTATE_HELD:
    case ROTATE_AHEAD: return true;
    case ROTATE_LOOK_DUE:
    case ROTATE_UNKNOWN:
    case ROTATE_REVOKED:
    case ROTATE_EXPIRED:
    case ROTATE_REUSED:
    case ROTATE_FAR_AHEAD: return false;
    }
    return false;
}

/* a negative age counts as old: the clock went back, or another database's is behind */
static bool is_younger(const struct rotation_state *s, int64_t now, int64_t limit_ms)
{
    return now >= s->rotated_at && now - s->rotated_at < limit_ms;
}

/* which row of the table in docs/refresh.md holds, in the table's order; the look at the session is left out here */
static enum rotate_outcome find_rule(const struct rotation_policy *p, const struct rotation_state *s, int64_t g,
                                     int64_t now)
{
    if (s->revoked_at != 0) return ROTATE_REVOKED;
    if (s->idle_expires_at <= now || s->expires_at <= now) return ROTATE_EXPIRED;
    if (g > s->gen) return g - s->gen <= p->ahead_max ? ROTATE_AHEAD : ROTATE_FAR_AHEAD;
    if (g == s->gen) {
        bool same = p->never || (s->gen > 0 && is_younger(s, now, p->coalesce_ms));
        return same ? ROTATE_SAME_AGAIN : ROTATE_ROTATED;
    }
    if (is_younger(s, now, p->grace_ms)) return g >= s->low_gen ? ROTATE_RETRIED : ROTATE_REUSED;
    if (g != s->base_gen) return ROTATE_REUSED;
    return s->skips < p->skip_limit ? ROTATE_SKIPPED : ROTATE_HELD;
}

static bool is_look_due(const struct rotation_policy *p, const struct rotation_state *s, int64_t now)
{
    return now - s->session_checked_at > p->look_max_age_ms ||
           (s->session_expires_at != 0 && s->session_expires_at <= now);
}

static void renew_idle(struct rotation_change *change, int64_t now)
{
    struct rotation_state *s = &change->next;
    s->idle_expires_at = s->idle_ttl_ms < s->expires_at - now ? now + s->idle_ttl_ms : s->expires_at;
    change->write = true;
}

/* a new generation, made by the secret that makes new tokens now */
static void advance(struct rotation_change *change, const struct rotation_presented *presented, int64_t gen,
                    int64_t now)
{
    struct rotation_state *s = &change->next;
    s->low_gen = s->base_gen;
    s->gen = gen;
    s->mac_kid = presented->mac_kid;
    s->rotated_at = now;
    renew_idle(change, now);
}

static void prove_received(struct rotation_change *change, const struct rotation_presented *presented, int64_t now)
{
    advance(change, presented, presented->gen + 1, now);
    change->next.base_gen = presented->gen;
    change->next.skips = 0;
}

static void revoke(struct rotation_change *change, int64_t now)
{
    change->next.revoked_at = now;
    change->revoke = true;
    change->write = true;
}

/* of two retries on either side of the grace's end the later one must not void what the earlier was just given */
static void touch(struct rotation_change *change, const struct rotation_policy *p, int64_t now)
{
    if (2 * (now - change->next.rotated_at) < p->grace_ms) return;
    change->next.rotated_at = now;
    change->write = true;
}

static void apply_rule(enum rotate_outcome rule, const struct rotation_policy *p,
                       const struct rotation_presented *presented, int64_t now, struct rotation_change *change)
{
    switch (rule) {
    case ROTATE_ROTATED:
    case ROTATE_AHEAD: prove_received(change, presented, now); return;
    case ROTATE_SKIPPED:
        advance(change, presented, change->next.gen + 1, now);
        change->next.skips++;
        return;
    case ROTATE_SAME_AGAIN:
        if (p->never) renew_idle(change, now);
        return;
    case ROTATE_RETRIED: touch(change, p, now); return;
    case ROTATE_REUSED: revoke(change, now); return;
    case ROTATE_HELD:
    case ROTATE_LOOK_DUE:
    case ROTATE_UNKNOWN:
    case ROTATE_REVOKED:
    case ROTATE_EXPIRED:
    case ROTATE_FAR_AHEAD: return;
    }
}

enum rotate_outcome rotation_decide(const struct rotation_policy *policy, const struct rotation_state *state,
                                    const struct rotation_presented *presented, int64_t now,
                                    struct rotation_change *change)
{
    *change = (struct rotation_change){.next = *state};
    enum rotate_outcome rule = find_rule(policy, state, presented->gen, now);
    bool succeeds = rotate_outcome_succeeds(rule);
    if (succeeds && !presented->looked && is_look_due(policy, state, now)) return ROTATE_LOOK_DUE;
    apply_rule(rule, policy, presented, now, change);
    if (succeeds && presented->looked) {
        change->next.session_checked_at = presented->looked_at;
        change->next.session_expires_at = presented->session_expires_at;
        change->write = true;
    }
    return rule;
}
