#include "suite.h"
#include "unit/test.h"

enum { PRESENTED_MAC = 9, MADE_MAC = 7, MARGIN_MS = 700 };

/* a row's past, what is presented, and what must come of it; the explorer has every state, these are the rules by name
 */
static const struct rule_case {
    const char *sentence;
    int gen, base, low, skips;
    int64_t age_ms;
    uint32_t presented;
    enum rotate_outcome outcome;
    int answer;
    bool written;
} cases[] = {
    {"r1: a new grant's token rotates at once", 0, -1, -1, 0, 0, 0, ROTATE_ROTATED, 1, true},
    {"r1: the newest token rotates when it is older than coalesce", 5, 4, 3, 2, MINUTE, 5, ROTATE_ROTATED, 6, true},
    {"r1': the newest token, younger than coalesce, is answered again", 5, 4, 3, 0, MINUTE - MARGIN_MS, 5,
     ROTATE_SAME_AGAIN, 5, false},
    {"r1: a time of rotation in the future counts as long ago", 5, 4, 3, 0, -MINUTE, 5, ROTATE_ROTATED, 6, true},
    {"r2: the token before is answered with the newest within the grace", 5, 4, 3, 0, MARGIN_MS, 4, ROTATE_RETRIED, 5,
     false},
    {"r2: so is low_gen", 5, 4, 3, 0, MARGIN_MS, 3, ROTATE_RETRIED, 5, false},
    {"r2: so is a void generation between base_gen and gen", 7, 4, 4, 2, MARGIN_MS, 5, ROTATE_RETRIED, 7, false},
    {"r2: before half the grace a retry changes nothing", 5, 4, 3, 0, MINUTE / 2 - MARGIN_MS, 4, ROTATE_RETRIED, 5,
     false},
    {"r2: from half the grace on a retry moves its end", 5, 4, 3, 0, MINUTE / 2, 4, ROTATE_RETRIED, 5, true},
    {"r2: up to the end of the grace", 5, 4, 3, 0, MINUTE - MARGIN_MS, 3, ROTATE_RETRIED, 5, true},
    {"r3: base_gen after the grace makes one more generation", 5, 4, 3, 0, MINUTE, 4, ROTATE_SKIPPED, 6, true},
    {"r3: however late", 5, 4, 3, 4, 10 * DAY, 4, ROTATE_SKIPPED, 6, true},
    {"r3: a negative age is long ago", 5, 4, 3, 0, -MINUTE, 4, ROTATE_SKIPPED, 6, true},
    {"r3': at the limit of skips base_gen is answered and nothing is written", 9, 4, 4, 5, MINUTE, 4, ROTATE_HELD, 9,
     false},
    {"r4: below low_gen is reuse, within the grace too", 5, 4, 3, 0, MARGIN_MS, 2, ROTATE_REUSED, 5, true},
    {"r4: low_gen after the grace is reuse", 5, 4, 3, 0, MINUTE, 3, ROTATE_REUSED, 5, true},
    {"r4: a void generation after the grace is reuse", 7, 4, 4, 2, MINUTE, 5, ROTATE_REUSED, 7, true},
    {"r4: reuse is reuse at the limit of skips", 9, 4, 4, 5, MINUTE, 8, ROTATE_REUSED, 9, true},
    {"r5: one ahead goes on from there", 5, 4, 3, 3, 0, 6, ROTATE_AHEAD, 7, true},
    {"r5: up to ahead_max", 5, 4, 3, 0, MINUTE, 21, ROTATE_AHEAD, 22, true},
    {"r5: further ahead is refused, and nothing is written", 5, 4, 3, 0, MINUTE, 22, ROTATE_FAR_AHEAD, 5, false},
    {"r5: the largest number is far ahead of everything", 5, 4, 3, 0, MINUTE, UINT32_MAX, ROTATE_FAR_AHEAD, 5, false},
};

static const struct rule_case old = {.gen = 5, .base = 4, .low = 3, .age_ms = HOUR},
                              young = {.gen = 5, .base = 4, .low = 3};

static struct raw_row row_at(struct driver *d, const struct new_grant *grant, const struct rule_case *c)
{
    struct raw_row row = row_of(d, grant);
    int64_t now = raw_now(d->raw);
    row.state.gen = c->gen;
    row.state.base_gen = c->base;
    row.state.low_gen = c->low;
    row.state.skips = (uint32_t)c->skips;
    row.state.rotated_at = now - c->age_ms;
    row.state.idle_expires_at = now + DAY;
    return row;
}

static bool same_row(const struct raw_row *a, const struct raw_row *b)
{
    const struct rotation_state *s = &a->state, *t = &b->state;
    return s->gen == t->gen && s->base_gen == t->base_gen && s->low_gen == t->low_gen &&
           s->rotated_at == t->rotated_at && s->skips == t->skips && s->mac_kid == t->mac_kid &&
           s->idle_expires_at == t->idle_expires_at && s->expires_at == t->expires_at &&
           s->revoked_at == t->revoked_at && s->session_checked_at == t->session_checked_at &&
           s->session_expires_at == t->session_expires_at;
}

static void check_case(struct driver *d, const struct rule_case *c)
{
    struct new_grant grant = stored_grant(d);
    struct raw_row before = row_at(d, &grant, c);
    set_row(d, &before);
    struct rotation rotation = presenting(&grant, c->presented);
    struct rotated rotated = rotate(d, &rotation);
    struct raw_row after = row_of(d, &grant);
    bool advanced = after.state.gen != c->gen;
    CHECK(rotated.outcome == c->outcome);
    CHECK(rotated.gen == (uint32_t)c->answer && after.state.gen == c->answer);
    CHECK(rotated.mac_kid == (advanced ? PRESENTED_MAC : MADE_MAC) && after.state.mac_kid == rotated.mac_kid);
    CHECK(same_row(&before, &after) != c->written);
    CHECK(rotated.idle_expires_at == (advanced ? rotated.now + 14 * DAY : before.state.idle_expires_at));
    CHECK((after.state.revoked_at != 0) == (c->outcome == ROTATE_REUSED));
    CHECK(rotated.revoked_at == after.state.revoked_at);
}

static void test_rules(struct driver *d)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        TEST(cases[i].sentence) { check_case(d, &cases[i]); }
    }
    TEST("r4 is remembered with its reason, and everything after is r0'")
    {
        struct new_grant grant = stored_grant(d);
        struct raw_row row = row_at(d, &grant, &old);
        set_row(d, &row);
        CHECK(present(d, &grant, 3) == ROTATE_REUSED);
        CHECK(row_of(d, &grant).revoked_because[0] != '\0');
        CHECK(present(d, &grant, 5) == ROTATE_REVOKED);
        CHECK(present(d, &grant, 3) == ROTATE_REVOKED);
    }
}

static void test_strangers(struct driver *d)
{
    struct new_grant grant = stored_grant(d);
    struct raw_row before = row_at(d, &grant, &old);
    set_row(d, &before);
    TEST("r0: a grant that is not there is unknown")
    {
        struct new_grant never = new_grant(d);
        CHECK(present(d, &never, 0) == ROTATE_UNKNOWN);
    }
    TEST("r0: another secret is unknown, whatever the generation, and ends nothing")
    {
        struct new_grant stranger = grant;
        stranger.secret_hash[SECRET_HASH_LEN - 1] ^= 1;
        for (uint32_t gen = 0; gen < 8; gen++) CHECK(present(d, &stranger, gen) == ROTATE_UNKNOWN);
    }
    TEST("r0: another client is unknown, whatever the generation, and ends nothing")
    {
        struct new_grant stranger = grant;
        stranger.grant.client_id = new_name(d, "client");
        for (uint32_t gen = 0; gen < 8; gen++) CHECK(present(d, &stranger, gen) == ROTATE_UNKNOWN);
    }
    TEST("r0: a stranger learns nothing of a revoked grant")
    {
        struct raw_row after = row_of(d, &grant);
        CHECK(same_row(&before, &after));
        after.state.revoked_at = 1;
        set_row(d, &after);
        struct new_grant stranger = grant;
        stranger.secret_hash[0] ^= 1;
        CHECK(present(d, &stranger, 5) == ROTATE_UNKNOWN);
    }
}

static void check_end(struct driver *d, int64_t idle_ms, int64_t absolute_ms, enum rotate_outcome outcome)
{
    struct new_grant grant = stored_grant(d);
    struct raw_row row = row_at(d, &grant, &old);
    int64_t now = raw_now(d->raw);
    row.state.idle_expires_at = now + idle_ms;
    row.state.expires_at = now + absolute_ms;
    set_row(d, &row);
    CHECK(present(d, &grant, 5) == outcome);
    struct raw_row after = row_of(d, &grant);
    CHECK(outcome == ROTATE_ROTATED || same_row(&row, &after));
}

static void test_ends(struct driver *d)
{
    TEST("r0': a revoked grant says when and why, and is left as it is")
    {
        struct new_grant grant = stored_grant(d);
        struct raw_row row = row_at(d, &grant, &old);
        row.state.revoked_at = 1700000000001;
        snprintf(row.revoked_because, sizeof row.revoked_because, "session_ended");
        set_row(d, &row);
        struct rotation rotation = presenting(&grant, 5);
        struct rotated rotated = rotate(d, &rotation);
        struct raw_row after = row_of(d, &grant);
        CHECK(rotated.outcome == ROTATE_REVOKED && rotated.revoked_at == 1700000000001);
        CHECK_BYTES(rotated.revoked_because, BYTES("session_ended"));
        CHECK(same_row(&row, &after));
    }
    TEST("r0': a grant idle for too long is expired") { check_end(d, 0, DAY, ROTATE_EXPIRED); }
    TEST("r0': a grant at its last end is expired, used or not") { check_end(d, DAY, 0, ROTATE_EXPIRED); }
    TEST("a grant lives to its end") { check_end(d, MARGIN_MS, MARGIN_MS, ROTATE_ROTATED); }
    TEST("r0': an expired grant is no reuse")
    {
        struct new_grant grant = stored_grant(d);
        struct raw_row row = row_at(d, &grant, &old);
        row.state.idle_expires_at = raw_now(d->raw) - 1;
        set_row(d, &row);
        CHECK(present(d, &grant, 1) == ROTATE_EXPIRED);
        CHECK(row_of(d, &grant).state.revoked_at == 0);
    }
    TEST("renewing the idle time never passes the absolute one")
    {
        struct new_grant grant = stored_grant(d);
        struct raw_row row = row_at(d, &grant, &old);
        row.state.expires_at = raw_now(d->raw) + HOUR;
        set_row(d, &row);
        struct rotation rotation = presenting(&grant, 5);
        CHECK(rotate(d, &rotation).idle_expires_at == row.state.expires_at);
        CHECK(row_of(d, &grant).state.idle_expires_at == row.state.expires_at);
    }
}

static void test_policies(struct driver *d)
{
    struct new_grant grant = stored_grant(d);
    struct raw_row row = row_at(d, &grant, &young);
    struct rotation rotation = presenting(&grant, 5);
    TEST("coalesce 0: each use of the newest token rotates")
    {
        set_row(d, &row);
        rotation.policy.coalesce_ms = 0;
        CHECK(rotate(d, &rotation).outcome == ROTATE_ROTATED);
    }
    TEST("never: the same generation comes back at any age, only the idle time is renewed")
    {
        row.state.rotated_at = raw_now(d->raw) - DAY;
        set_row(d, &row);
        rotation.policy = default_policy();
        rotation.policy.never = true;
        struct rotated rotated = rotate(d, &rotation);
        struct raw_row after = row_of(d, &grant);
        CHECK(rotate_outcome_succeeds(rotated.outcome) && rotated.gen == 5 && rotated.mac_kid == MADE_MAC);
        CHECK(rotated.idle_expires_at == rotated.now + 14 * DAY &&
              after.state.idle_expires_at == rotated.idle_expires_at);
        after.state.idle_expires_at = row.state.idle_expires_at;
        CHECK(same_row(&row, &after));
    }
    TEST("never: generation 0 stays 0")
    {
        struct new_grant fresh = stored_grant(d);
        struct rotation first = presenting(&fresh, 0);
        first.policy.never = true;
        for (int i = 0; i < 3; i++) CHECK(rotate(d, &first).gen == 0);
        CHECK(row_of(d, &fresh).state.gen == 0);
    }
    TEST("a client's own limits are those that count")
    {
        set_row(d, &row);
        rotation = presenting(&grant, 7);
        rotation.policy.ahead_max = 1;
        CHECK(rotate(d, &rotation).outcome == ROTATE_FAR_AHEAD);
        rotation = presenting(&grant, 4);
        rotation.policy.grace_ms = 10 * SECOND;
        row.state.rotated_at = raw_now(d->raw) - 20 * SECOND;
        set_row(d, &row);
        rotation.policy.skip_limit = 0;
        CHECK(rotate(d, &rotation).outcome == ROTATE_HELD);
        rotation.policy.skip_limit = 1;
        CHECK(rotate(d, &rotation).outcome == ROTATE_SKIPPED);
    }
}

int suite_rotate(struct driver *d)
{
    test_rules(d);
    test_strangers(d);
    test_ends(d);
    test_policies(d);
    return TEST_END();
}
