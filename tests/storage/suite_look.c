/* The look at the Kratos session: when it is due, and what it leaves behind. */
#include "suite.h"
#include "unit/test.h"

/* a grant at generation 5, base 4, low 3, of that age, whose session was looked at so long ago */
static struct new_grant grant_at(struct driver *d, int64_t age_ms, int64_t looked_ago_ms, int64_t session_ends_in_ms)
{
    struct new_grant grant = stored_grant(d);
    struct raw_row row = row_of(d, &grant);
    int64_t now = raw_now(d->raw);
    row.state.gen = 5;
    row.state.base_gen = 4;
    row.state.low_gen = 3;
    row.state.rotated_at = now - age_ms;
    row.state.session_checked_at = now - looked_ago_ms;
    row.state.session_expires_at = session_ends_in_ms == INT64_MAX ? 0 : now + session_ends_in_ms;
    set_row(d, &row);
    return grant;
}

static struct rotated present_with_age(struct driver *d, const struct new_grant *grant, uint32_t gen,
                                       int64_t look_max_age_ms)
{
    struct rotation rotation = presenting(grant, gen);
    rotation.policy.look_max_age_ms = look_max_age_ms;
    return rotate(d, &rotation);
}

static const struct {
    const char *sentence;
    int64_t age_ms;
    uint32_t gen, skip_limit;
    enum rotate_outcome outcome; /* once looked */
} due[] = {
    {"a look is due before a rotation", HOUR, 5, 5, ROTATE_ROTATED},
    {"a look is due before the same again", 0, 5, 5, ROTATE_SAME_AGAIN},
    {"a look is due before a retry", 0, 4, 5, ROTATE_RETRIED},
    {"a look is due before a retry that moves the grace's end", 40 * SECOND, 4, 5, ROTATE_RETRIED},
    {"a look is due before a late retry", HOUR, 4, 5, ROTATE_SKIPPED},
    {"a look is due before a held retry", HOUR, 4, 0, ROTATE_HELD},
    {"a look is due before a token ahead goes on", HOUR, 7, 5, ROTATE_AHEAD},
};

static void check_due(struct driver *d, size_t i, int64_t looked_ago_ms, int64_t session_ends_in_ms)
{
    struct new_grant grant = grant_at(d, due[i].age_ms, looked_ago_ms, session_ends_in_ms);
    struct raw_row before = row_of(d, &grant);
    struct rotation rotation = presenting(&grant, due[i].gen);
    rotation.policy.look_max_age_ms = MINUTE;
    rotation.policy.skip_limit = due[i].skip_limit;
    struct rotated rotated = rotate(d, &rotation);
    struct raw_row after = row_of(d, &grant);
    CHECK(rotated.outcome == ROTATE_LOOK_DUE);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    CHECK_BYTES(rotated.grant.kratos_session_id, grant.grant.kratos_session_id);
    CHECK(rotated.session_checked_at == before.state.session_checked_at);
    CHECK(rotated.session_expires_at == before.state.session_expires_at);
    rotation.looked = true;
    rotation.look_began_steady_ms = clock_steady_ms() - 500;
    rotation.session_expires_at = session_ends_in_ms == INT64_MAX ? 0 : before.state.session_expires_at + DAY;
    rotated = rotate(d, &rotation);
    after = row_of(d, &grant);
    CHECK(rotated.outcome == due[i].outcome);
    CHECK(rotated.session_checked_at <= rotated.now - 500 && rotated.session_checked_at > rotated.now - 2500);
    CHECK(rotated.session_expires_at == rotation.session_expires_at);
    CHECK(after.state.session_checked_at == rotated.session_checked_at);
    CHECK(after.state.session_expires_at == rotated.session_expires_at);
}

static void test_due(struct driver *d)
{
    for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
        TEST(due[i].sentence)
        {
            check_due(d, i, MINUTE + SECOND, INT64_MAX);
            check_due(d, i, 0, 0);
        }
    }
    TEST("a look that is young enough serves, and one of INT64_MAX never grows old")
    {
        struct new_grant grant = grant_at(d, HOUR, 50 * SECOND, HOUR);
        CHECK(present_with_age(d, &grant, 5, MINUTE).outcome == ROTATE_ROTATED);
        grant = grant_at(d, HOUR, 20 * DAY, HOUR);
        CHECK(present_with_age(d, &grant, 5, INT64_MAX).outcome == ROTATE_ROTATED);
    }
    TEST("r4 is decided before a look: a thief learns nothing from Kratos being away")
    {
        struct new_grant grant = grant_at(d, HOUR, HOUR, 0);
        CHECK(present_with_age(d, &grant, 3, MINUTE).outcome == ROTATE_REUSED);
    }
    TEST("no look is due for a grant that is revoked, expired, unknown or far ahead")
    {
        struct new_grant grant = grant_at(d, HOUR, HOUR, 0);
        CHECK(present_with_age(d, &grant, 100, MINUTE).outcome == ROTATE_FAR_AHEAD);
        struct new_grant stranger = grant;
        stranger.secret_hash[0] ^= 1;
        CHECK(present_with_age(d, &stranger, 5, MINUTE).outcome == ROTATE_UNKNOWN);
        struct raw_row row = row_of(d, &grant);
        row.state.idle_expires_at = raw_now(d->raw);
        set_row(d, &row);
        CHECK(present_with_age(d, &grant, 5, MINUTE).outcome == ROTATE_EXPIRED);
        row.state.revoked_at = 1;
        set_row(d, &row);
        CHECK(present_with_age(d, &grant, 5, MINUTE).outcome == ROTATE_REVOKED);
    }
    TEST("a look that was made is not asked for again, though the session is over: what that means is the asker's to "
         "say")
    {
        struct new_grant grant = grant_at(d, HOUR, HOUR, 0);
        struct rotation rotation = presenting(&grant, 5);
        rotation.policy.look_max_age_ms = 0;
        rotation.looked = true;
        rotation.look_began_steady_ms = clock_steady_ms() - MINUTE;
        rotation.session_expires_at = raw_now(d->raw) - SECOND;
        CHECK(rotate(d, &rotation).outcome == ROTATE_ROTATED);
    }
}

static void test_claims(struct driver *d)
{
    static const struct bytes changed = BYTES("{\"name\":\"Ann \\u0000 B.\",  \"n\":1.0}");
    struct new_grant grant = grant_at(d, HOUR, HOUR, HOUR);
    struct rotation rotation = presenting(&grant, 5);
    rotation.looked = true;
    rotation.look_began_steady_ms = clock_steady_ms();
    TEST("a look that brings no claims leaves them")
    {
        struct rotated rotated = rotate(d, &rotation);
        CHECK(rotated.outcome == ROTATE_ROTATED);
        CHECK_BYTES(rotated.grant.claims, grant.grant.claims);
    }
    TEST("a look's claims are answered at once, and stay")
    {
        rotation.claims = changed;
        struct rotated rotated = rotate(d, &rotation); /* r2 */
        CHECK(rotated.outcome == ROTATE_RETRIED);
        CHECK_BYTES(rotated.grant.claims, changed);
        rotation = presenting(&grant, 6);
        CHECK_BYTES(rotate(d, &rotation).grant.claims, changed);
    }
    TEST("a rotation writes them as well")
    {
        grant = grant_at(d, HOUR, HOUR, HOUR);
        rotation = presenting(&grant, 5);
        rotation.looked = true;
        rotation.look_began_steady_ms = clock_steady_ms();
        rotation.claims = changed;
        struct rotated rotated = rotate(d, &rotation);
        CHECK(rotated.outcome == ROTATE_ROTATED);
        CHECK_BYTES(rotated.grant.claims, changed);
        rotation = presenting(&grant, 6);
        CHECK_BYTES(rotate(d, &rotation).grant.claims, changed);
    }
    TEST("a refused presentation writes no claims and no look")
    {
        struct raw_row before = row_of(d, &grant);
        rotation = presenting(&grant, 100);
        rotation.looked = true;
        rotation.look_began_steady_ms = clock_steady_ms();
        rotation.claims = BYTES("{}");
        CHECK(rotate(d, &rotation).outcome == ROTATE_FAR_AHEAD);
        struct raw_row after = row_of(d, &grant);
        CHECK(memcmp(&before, &after, sizeof before) == 0);
        rotation = presenting(&grant, 6);
        CHECK_BYTES(rotate(d, &rotation).grant.claims, changed);
    }
}

static void test_never(struct driver *d)
{
    TEST("never: a look is written as for any other")
    {
        struct new_grant grant = grant_at(d, HOUR, HOUR, 0);
        struct rotation rotation = presenting(&grant, 5);
        rotation.policy.never = true;
        CHECK(rotate(d, &rotation).outcome == ROTATE_LOOK_DUE);
        rotation.looked = true;
        rotation.look_began_steady_ms = clock_steady_ms();
        rotation.session_expires_at = raw_now(d->raw) + HOUR;
        rotation.claims = BYTES("{\"a\":1}");
        struct rotated rotated = rotate(d, &rotation);
        CHECK(rotate_outcome_succeeds(rotated.outcome) && rotated.gen == 5);
        CHECK(row_of(d, &grant).state.session_expires_at == rotation.session_expires_at);
        rotation = presenting(&grant, 5);
        CHECK_BYTES(rotate(d, &rotation).grant.claims, BYTES("{\"a\":1}"));
    }
}

int suite_look(struct driver *d)
{
    test_due(d);
    test_claims(d);
    test_never(d);
    return TEST_END();
}
