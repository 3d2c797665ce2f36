/* The table of docs/refresh.md as a table: the first row whose condition holds says what happens. */
#include "explorer.h"

struct question {
    const struct rotation_policy *policy;
    const struct rotation_state *is;
    int64_t gen, now;
    uint8_t mac_kid;
};

static bool in_grace(const struct question *q, int64_t limit_ms)
{
    int64_t age = q->now - q->is->rotated_at;
    return age >= 0 && age < limit_ms;
}

static bool is_revoked(const struct question *q) { return q->is->revoked_at != 0; }
static bool is_expired(const struct question *q)
{
    return q->now >= q->is->idle_expires_at || q->now >= q->is->expires_at;
}
static bool is_far_ahead(const struct question *q) { return q->gen - q->is->gen > q->policy->ahead_max; }
static bool is_ahead(const struct question *q) { return q->gen > q->is->gen; }
static bool is_newest(const struct question *q) { return q->gen == q->is->gen; }
static bool is_same_again(const struct question *q)
{
    return is_newest(q) && q->is->gen > 0 && in_grace(q, q->policy->coalesce_ms);
}
static bool is_young_retry(const struct question *q)
{
    return q->gen >= q->is->low_gen && in_grace(q, q->policy->grace_ms) && in_grace(q, q->policy->grace_ms / 2);
}
static bool is_retry(const struct question *q) { return q->gen >= q->is->low_gen && in_grace(q, q->policy->grace_ms); }
static bool is_late_retry(const struct question *q)
{
    return q->gen == q->is->base_gen && q->is->skips < q->policy->skip_limit;
}
static bool is_held(const struct question *q) { return q->gen == q->is->base_gen; }
static bool is_left(const struct question *q) { return q->gen >= 0; }

static void keep(const struct question *q, struct rotation_state *next)
{
    (void)q;
    (void)next;
}
static void touch(const struct question *q, struct rotation_state *next) { next->rotated_at = q->now; }
static void revoke(const struct question *q, struct rotation_state *next) { next->revoked_at = q->now; }
static void renew(const struct question *q, struct rotation_state *next)
{
    next->rotated_at = q->now;
    next->mac_kid = q->mac_kid;
    next->low_gen = q->is->base_gen;
    int64_t idle = q->now + q->is->idle_ttl_ms;
    next->idle_expires_at = idle < q->is->expires_at ? idle : q->is->expires_at;
}
static void succeed(const struct question *q, struct rotation_state *next)
{
    renew(q, next);
    next->base_gen = q->gen;
    next->gen = q->gen + 1;
    next->skips = 0;
}
static void skip(const struct question *q, struct rotation_state *next)
{
    renew(q, next);
    next->gen = q->is->gen + 1;
    next->skips = q->is->skips + 1;
}

static const struct rule {
    enum rotate_outcome outcome;
    bool (*when)(const struct question *q);
    void (*then)(const struct question *q, struct rotation_state *next);
} rules[] = {
    {ROTATE_REVOKED, is_revoked, keep},       {ROTATE_EXPIRED, is_expired, keep},
    {ROTATE_FAR_AHEAD, is_far_ahead, keep},   {ROTATE_AHEAD, is_ahead, succeed},
    {ROTATE_SAME_AGAIN, is_same_again, keep}, {ROTATE_ROTATED, is_newest, succeed},
    {ROTATE_RETRIED, is_young_retry, keep},   {ROTATE_RETRIED, is_retry, touch},
    {ROTATE_SKIPPED, is_late_retry, skip},    {ROTATE_HELD, is_held, keep},
    {ROTATE_REUSED, is_left, revoke},
};

struct expectation rules_expect(const struct rotation_policy *policy, const struct rotation_state *state, int64_t gen,
                                uint8_t mac_kid, int64_t now)
{
    struct question q = {policy, state, gen, now, mac_kid};
    const struct rule *rule = rules;
    while (!rule->when(&q)) rule++;
    struct expectation e = {rule->outcome, *state};
    rule->then(&q, &e.next);
    return e;
}
