/* The table of docs/refresh.md, row by row, and each of its times on both sides of its boundary. */
#include "storage/rotation.h"

#include "unit/test.h"

enum {
    NOW = 1000000000,
    GRACE = 60000,
    COALESCE = 30000,
    SKIP_LIMIT = 5,
    AHEAD_MAX = 16,
    IDLE = 3600000,
    LOOK_MAX_AGE = 120000,
    OLD_KID = 7,
    NEW_KID = 9,
};

static const struct rotation_policy usual = {.grace_ms = GRACE,
                                             .coalesce_ms = COALESCE,
                                             .skip_limit = SKIP_LIMIT,
                                             .ahead_max = AHEAD_MAX,
                                             .look_max_age_ms = LOOK_MAX_AGE};

/* gen 10, made from 8 (9 was skipped), before which 6 was proven received; rotated this long ago */
static struct rotation_state state_of_age(int64_t age_ms)
{
    return (struct rotation_state){.gen = 10,
                                   .base_gen = 8,
                                   .low_gen = 6,
                                   .rotated_at = NOW - age_ms,
                                   .skips = 1,
                                   .mac_kid = OLD_KID,
                                   .idle_ttl_ms = IDLE,
                                   .idle_expires_at = NOW + 1000,
                                   .expires_at = NOW + 10 * IDLE,
                                   .session_checked_at = NOW - 1000,
                                   .session_expires_at = NOW + IDLE};
}

static struct rotation_change change;

static enum rotate_outcome present_under(const struct rotation_policy *policy, const struct rotation_state *state,
                                         int64_t gen)
{
    const struct rotation_presented presented = {.gen = gen, .mac_kid = NEW_KID};
    return rotation_decide(policy, state, &presented, NOW, &change);
}

static enum rotate_outcome present(struct rotation_state state, int64_t gen)
{
    return present_under(&usual, &state, gen);
}

static enum rotate_outcome present_looked(struct rotation_state state, int64_t gen)
{
    const struct rotation_presented presented = {
        .gen = gen, .mac_kid = NEW_KID, .looked = true, .looked_at = NOW - 50, .session_expires_at = NOW + 777};
    return rotation_decide(&usual, &state, &presented, NOW, &change);
}

static bool same_state(const struct rotation_state *a, const struct rotation_state *b)
{
    return a->gen == b->gen && a->base_gen == b->base_gen && a->low_gen == b->low_gen &&
           a->rotated_at == b->rotated_at && a->skips == b->skips && a->mac_kid == b->mac_kid &&
           a->idle_ttl_ms == b->idle_ttl_ms && a->idle_expires_at == b->idle_expires_at &&
           a->expires_at == b->expires_at && a->revoked_at == b->revoked_at &&
           a->session_checked_at == b->session_checked_at && a->session_expires_at == b->session_expires_at;
}

static bool nothing_is_written(struct rotation_state before)
{
    return !change.write && !change.revoke && same_state(&change.next, &before);
}

/* the generations afterwards, a new one by the new secret, the idle time renewed */
static bool moved_to(int64_t gen, int64_t base_gen, int64_t low_gen, uint32_t skips)
{
    const struct rotation_state *s = &change.next;
    return change.write && !change.revoke && s->gen == gen && s->base_gen == base_gen && s->low_gen == low_gen &&
           s->skips == skips && s->rotated_at == NOW && s->mac_kid == NEW_KID && s->idle_expires_at == NOW + IDLE &&
           s->revoked_at == 0;
}

static void check_refusals(void)
{
    struct rotation_state s = state_of_age(GRACE);

    TEST("r0': a revoked grant is refused, whatever is presented, and nothing is written")
    {
        s.revoked_at = NOW - 1;
        for (int64_t gen = 0; gen < 40; gen++) CHECK(present(s, gen) == ROTATE_REVOKED && nothing_is_written(s));
    }
    TEST("r0': a revoked grant that is past its time as well is revoked")
    {
        s.idle_expires_at = NOW - 1;
        CHECK(present(s, 10) == ROTATE_REVOKED);
    }
    TEST("r0': from idle_expires_at on a grant is expired, a millisecond before it isn't")
    {
        s = state_of_age(GRACE);
        s.idle_expires_at = NOW;
        for (int64_t gen = 0; gen < 40; gen++) CHECK(present(s, gen) == ROTATE_EXPIRED && nothing_is_written(s));
        s.idle_expires_at = NOW + 1;
        CHECK(present(s, 10) == ROTATE_ROTATED);
    }
    TEST("r0': from expires_at on a grant is expired, a millisecond before it isn't")
    {
        s = state_of_age(GRACE);
        s.expires_at = NOW;
        CHECK(present(s, 10) == ROTATE_EXPIRED && nothing_is_written(s));
        s.expires_at = NOW + 1;
        CHECK(present(s, 10) == ROTATE_ROTATED);
    }
}

static void check_reuse(void)
{
    struct rotation_state s = state_of_age(GRACE);

    TEST("r4: past the grace every older generation but base_gen revokes the family")
    {
        for (int64_t gen = 0; gen < 10; gen++) {
            if (gen == 8) continue;
            CHECK(present(s, gen) == ROTATE_REUSED);
            CHECK(change.write && change.revoke && change.next.revoked_at == NOW);
            CHECK(change.next.gen == 10 && change.next.idle_expires_at == s.idle_expires_at);
        }
    }
    TEST("r4: within the grace only what is older than low_gen revokes the family")
    {
        s = state_of_age(0);
        CHECK(present(s, 5) == ROTATE_REUSED && change.revoke && change.next.revoked_at == NOW);
        CHECK(present(s, 6) == ROTATE_RETRIED && !change.revoke);
    }
    TEST("r4 is decided before a look at the session, due or made")
    {
        s.session_checked_at = 0;
        CHECK(present(s, 5) == ROTATE_REUSED && change.revoke);
        CHECK(present_looked(s, 5) == ROTATE_REUSED && change.revoke);
        CHECK(change.next.session_checked_at == 0);
    }
}

static void check_newest(void)
{
    struct rotation_state s = state_of_age(COALESCE - 1);

    TEST("r1': the newest generation is said again while it is younger than coalesce, without a write")
    {
        CHECK(present(s, 10) == ROTATE_SAME_AGAIN && nothing_is_written(s));
        s = state_of_age(0);
        CHECK(present(s, 10) == ROTATE_SAME_AGAIN && nothing_is_written(s));
    }
    TEST("r1: at the age of coalesce the newest generation rotates: its receipt is proven")
    {
        CHECK(present(state_of_age(COALESCE), 10) == ROTATE_ROTATED && moved_to(11, 10, 8, 0));
    }
    TEST("r1: a negative age is old")
    {
        CHECK(present(state_of_age(-1), 10) == ROTATE_ROTATED && moved_to(11, 10, 8, 0));
    }
    TEST("r1: generation 0 rotates at once: it was never handed out twice")
    {
        s = state_of_age(0);
        s.gen = 0;
        s.base_gen = s.low_gen = -1;
        CHECK(present(s, 0) == ROTATE_ROTATED && moved_to(1, 0, -1, 0));
    }
    TEST("r1: with coalesce 0 each presentation of the newest generation rotates")
    {
        struct rotation_policy none = usual;
        none.coalesce_ms = 0;
        s = state_of_age(0);
        CHECK(present_under(&none, &s, 10) == ROTATE_ROTATED && moved_to(11, 10, 8, 0));
    }
    TEST("the idle time never reaches past expires_at")
    {
        s = state_of_age(COALESCE);
        s.expires_at = NOW + IDLE - 1;
        CHECK(present(s, 10) == ROTATE_ROTATED && change.next.idle_expires_at == NOW + IDLE - 1);
        s.idle_ttl_ms = INT64_MAX;
        CHECK(present(s, 10) == ROTATE_ROTATED && change.next.idle_expires_at == NOW + IDLE - 1);
    }
}

static void check_retries(void)
{
    struct rotation_state s = state_of_age(GRACE / 2 - 1);

    TEST("r2: from low_gen on an older generation gets the newest again, by the secret that made it, without a write")
    {
        for (int64_t gen = 6; gen < 10; gen++) CHECK(present(s, gen) == ROTATE_RETRIED && nothing_is_written(s));
        CHECK(change.next.gen == 10 && change.next.mac_kid == OLD_KID);
    }
    TEST("r2: from half the grace on rotated_at moves, and nothing else")
    {
        s = state_of_age(GRACE / 2);
        CHECK(present(s, 8) == ROTATE_RETRIED && change.write && !change.revoke && change.next.rotated_at == NOW);
        s.rotated_at = NOW;
        CHECK(same_state(&change.next, &s));
        CHECK(present(state_of_age(GRACE - 1), 6) == ROTATE_RETRIED && change.next.rotated_at == NOW);
    }
    TEST("r2: half of an odd grace is not rounded down")
    {
        struct rotation_policy odd = usual;
        odd.grace_ms = 5;
        s = state_of_age(2);
        CHECK(present_under(&odd, &s, 8) == ROTATE_RETRIED && !change.write);
        s = state_of_age(3);
        CHECK(present_under(&odd, &s, 8) == ROTATE_RETRIED && change.write);
    }
    TEST("r3: at the end of the grace base_gen gets a new generation, those between are void")
    {
        CHECK(present(state_of_age(GRACE), 8) == ROTATE_SKIPPED && moved_to(11, 8, 8, 2));
    }
    TEST("r3: a negative age is past the grace")
    {
        CHECK(present(state_of_age(-1), 8) == ROTATE_SKIPPED && moved_to(11, 8, 8, 2));
        CHECK(present(state_of_age(-1), 9) == ROTATE_REUSED);
    }
    TEST("r3': at skip_limit base_gen gets the newest again, without a write")
    {
        s = state_of_age(GRACE);
        s.skips = SKIP_LIMIT - 1;
        CHECK(present(s, 8) == ROTATE_SKIPPED && change.next.skips == SKIP_LIMIT);
        s.skips = SKIP_LIMIT;
        CHECK(present(s, 8) == ROTATE_HELD && nothing_is_written(s));
        s.skips = SKIP_LIMIT + 1;
        CHECK(present(s, 8) == ROTATE_HELD && nothing_is_written(s));
    }
}

static void check_ahead(void)
{
    struct rotation_state s = state_of_age(0);

    TEST("r5: a generation ahead by at most ahead_max is proven received, at any age")
    {
        CHECK(present(s, 11) == ROTATE_AHEAD && moved_to(12, 11, 8, 0));
        CHECK(present(state_of_age(GRACE), 10 + AHEAD_MAX) == ROTATE_AHEAD &&
              moved_to(11 + AHEAD_MAX, 10 + AHEAD_MAX, 8, 0));
    }
    TEST("r5: further ahead nothing is written")
    {
        CHECK(present(s, 11 + AHEAD_MAX) == ROTATE_FAR_AHEAD && nothing_is_written(s));
        CHECK(present(s, UINT32_MAX) == ROTATE_FAR_AHEAD && nothing_is_written(s));
    }
}

static void check_never(void)
{
    struct rotation_policy never = usual;
    never.never = true;
    struct rotation_state s = state_of_age(GRACE);

    TEST("rotation never: the newest generation stays, at any age, and only the idle time is renewed")
    {
        const int64_t ages[] = {-1, 0, COALESCE, 10 * GRACE};
        for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
            s = state_of_age(ages[i]);
            CHECK(present_under(&never, &s, 10) == ROTATE_SAME_AGAIN && change.write);
            s.idle_expires_at = NOW + IDLE;
            CHECK(same_state(&change.next, &s));
        }
    }
    TEST("rotation never: what a time of rotation left behind is decided by the same rules")
    {
        s = state_of_age(0);
        CHECK(present_under(&never, &s, 9) == ROTATE_RETRIED);
        CHECK(present_under(&never, &s, 5) == ROTATE_REUSED);
        CHECK(present_under(&never, &s, 11) == ROTATE_AHEAD && moved_to(12, 11, 8, 0));
    }
}

struct success {
    int64_t gen, age;
    enum rotate_outcome outcome;
};
static const struct success successes[] = {
    {10, COALESCE, ROTATE_ROTATED}, {10, 0, ROTATE_SAME_AGAIN}, {9, 0, ROTATE_RETRIED},
    {8, GRACE, ROTATE_SKIPPED},     {11, 0, ROTATE_AHEAD},
};
enum { SUCCESS_COUNT = sizeof successes / sizeof successes[0] };

static void check_look_due(void)
{
    struct rotation_state s;

    TEST("a look is due when the last one is older than look_max_age: whatever would be answered, nothing is written")
    {
        for (size_t i = 0; i < SUCCESS_COUNT; i++) {
            s = state_of_age(successes[i].age);
            s.session_checked_at = NOW - LOOK_MAX_AGE;
            CHECK(present(s, successes[i].gen) == successes[i].outcome);
            s.session_checked_at = NOW - LOOK_MAX_AGE - 1;
            CHECK(present(s, successes[i].gen) == ROTATE_LOOK_DUE && nothing_is_written(s));
        }
    }
    TEST("a look is due from session_expires_at on")
    {
        s = state_of_age(COALESCE);
        s.session_expires_at = NOW + 1;
        CHECK(present(s, 10) == ROTATE_ROTATED);
        s.session_expires_at = NOW;
        CHECK(present(s, 10) == ROTATE_LOOK_DUE && nothing_is_written(s));
    }
    TEST("a grant that isn't bound to its session, and no limit on a look's age: no look is ever due")
    {
        struct rotation_policy unlimited = usual;
        unlimited.look_max_age_ms = INT64_MAX;
        s = state_of_age(COALESCE);
        s.session_expires_at = s.session_checked_at = 0;
        CHECK(present_under(&unlimited, &s, 10) == ROTATE_ROTATED);
    }
    TEST("a held token and one that never rotates need their look too")
    {
        struct rotation_policy never = usual;
        never.never = true;
        s = state_of_age(GRACE);
        s.skips = SKIP_LIMIT;
        s.session_checked_at = 0;
        CHECK(present(s, 8) == ROTATE_LOOK_DUE && nothing_is_written(s));
        CHECK(present_under(&never, &s, 10) == ROTATE_LOOK_DUE && nothing_is_written(s));
    }
    TEST("what is refused anyway needs no look")
    {
        s = state_of_age(GRACE);
        s.session_checked_at = 0;
        CHECK(present(s, 11 + AHEAD_MAX) == ROTATE_FAR_AHEAD);
        s.idle_expires_at = NOW;
        CHECK(present(s, 10) == ROTATE_EXPIRED);
        s.revoked_at = 1;
        CHECK(present(s, 10) == ROTATE_REVOKED);
    }
}

static bool look_is_written(void)
{
    return change.write && change.next.session_checked_at == NOW - 50 && change.next.session_expires_at == NOW + 777;
}

static void check_looked(void)
{
    struct rotation_state s;

    TEST("a look that was made is written with every success")
    {
        for (size_t i = 0; i < SUCCESS_COUNT; i++) {
            s = state_of_age(successes[i].age);
            s.session_checked_at = 0;
            s.session_expires_at = 1;
            CHECK(present_looked(s, successes[i].gen) == successes[i].outcome && look_is_written());
        }
    }
    TEST("a look alone moves neither the generation nor rotated_at nor the idle time")
    {
        s = state_of_age(1);
        CHECK(present_looked(s, 10) == ROTATE_SAME_AGAIN && look_is_written());
        CHECK(change.next.rotated_at == NOW - 1 && change.next.gen == 10);
        CHECK(change.next.idle_expires_at == s.idle_expires_at);
        CHECK(present_looked(s, 9) == ROTATE_RETRIED && look_is_written() && change.next.rotated_at == NOW - 1);
        s = state_of_age(GRACE);
        s.skips = SKIP_LIMIT;
        CHECK(present_looked(s, 8) == ROTATE_HELD && look_is_written() && change.next.rotated_at == NOW - GRACE);
    }
    TEST("a look is not written with a refusal")
    {
        s = state_of_age(0);
        CHECK(present_looked(s, 11 + AHEAD_MAX) == ROTATE_FAR_AHEAD && nothing_is_written(s));
        s.revoked_at = 1;
        CHECK(present_looked(s, 10) == ROTATE_REVOKED && nothing_is_written(s));
    }
}

static void check_names(void)
{
    TEST("every outcome has its own name, and says whether a token is answered")
    {
        int succeed = 0;
        for (int a = ROTATE_ROTATED; a <= ROTATE_FAR_AHEAD; a++) {
            succeed += rotate_outcome_succeeds((enum rotate_outcome)a) ? 1 : 0;
            for (int b = ROTATE_ROTATED; b < a; b++)
                CHECK(strcmp(rotate_outcome_name((enum rotate_outcome)a),
                             rotate_outcome_name((enum rotate_outcome)b)) != 0);
        }
        CHECK(succeed == 6);
        CHECK(rotate_outcome_succeeds(ROTATE_AHEAD) && !rotate_outcome_succeeds(ROTATE_LOOK_DUE));
    }
}

int main(void)
{
    check_refusals();
    check_reuse();
    check_newest();
    check_retries();
    check_ahead();
    check_never();
    check_look_due();
    check_looked();
    check_names();
    return TEST_END();
}
