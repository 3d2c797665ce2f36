/* The plans of what is ordered: a rotation, a revocation, sealing anew. */
#include "keys/plan.h"

#include "keys/seal.h"
#include "unit/keys/fixture.h"
#include "unit/keys/plan_world.h"

static struct planned_key plan[WORLD_ROWS_MAX + 64];

/* ---- rotating and revoking ---- */

static struct planned_rotation rotate(struct key_rotation rotation)
{
    struct key_situation situation = world_situation(&w);
    struct planned_rotation planned = keys_plan_rotate(&situation, &rotation, plan);
    world_apply(&w, plan, planned.count);
    return planned;
}

static void check_rotate(void)
{
    begin();
    struct bytes first = active()->kid, second = pending()->kid;
    struct planned_rotation planned = rotate((struct key_rotation){.one = false});
    CHECK(planned.outcome == KEYS_ROTATE_TOO_YOUNG && planned.algorithm == KEY_ES256 &&
          planned.until == w.now + HOURS(24));
    CHECK(planned.count == 0 && bytes_equal(active()->kid, first));
    w.now += HOURS(24);
    CHECK(rotate((struct key_rotation){.one = false}).outcome == KEYS_ROTATE_PLANNED);
    CHECK_BYTES(active()->kid, second);
    CHECK(active()->activate_at == w.now && active()->retire_at == w.now + DAYS(30) &&
          pending()->activate_at == active()->retire_at);
    struct key_material *old = world_find(&w, first);
    CHECK(old->retire_at == w.now && old->remove_at == w.now + w.times.keep_after_ms &&
          !bytes_present(old->sealed_private));
    CHECK(world_tend(&w) == 0);
    CHECK(rotate((struct key_rotation){.one = true, .algorithm = KEY_RS256, .force = true}).outcome ==
          KEYS_ROTATE_NOT_CONFIGURED);
    CHECK(rotate((struct key_rotation){.one = true, .algorithm = KEY_ES256, .force = true}).outcome ==
          KEYS_ROTATE_PLANNED);
    CHECK(active()->epoch == 2);
}

static void check_rotate_one_of_two(void)
{
    world_begin(&w);
    w.algorithms = world_two;
    w.algorithm_count = 2;
    world_tend(&w);
    w.now += DAYS(2);
    CHECK(rotate((struct key_rotation){.one = true, .algorithm = KEY_RS256}).outcome == KEYS_ROTATE_PLANNED);
    CHECK(world_the(&w, KEY_RS256, KEY_ACTIVE)->epoch == 1 && active()->epoch == 0);
    CHECK(rotate((struct key_rotation){.one = false}).algorithm == KEY_RS256); /* too young; and so neither was */
    CHECK(active()->epoch == 0);
}

static void check_rotate_unopenable(void)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct system_secrets secrets = fixture_secrets(), fewer = secrets;
    fewer.at[0] = secrets.at[1];
    fewer.count = 1;
    world_begin(&w);
    struct key_material rows[] = {fixture_key(KEY_ES256, 0, w.now - DAYS(2), &arena),
                                  fixture_key(KEY_ES256, 1, w.now + DAYS(1), &arena)};
    for (size_t i = 0; i < 2; i++) rows[i].created_at = rows[i].wanted_at = w.now - DAYS(2);
    const struct key_situation s = {rows, 2, world_one, 1, &w.times, w.now, 0};
    CHECK(keys_plan_rotate(&s, &(struct key_rotation){.secrets = &secrets}, plan).outcome == KEYS_ROTATE_PLANNED);
    struct planned_rotation planned = keys_plan_rotate(&s, &(struct key_rotation){.secrets = &fewer}, plan);
    CHECK(planned.outcome == KEYS_ROTATE_UNOPENABLE && planned.count == 0);
    CHECK_BYTES(planned.kid, rows[1].kid);
    rows[1].created_at = w.now; /* too young is not said: who forced it for that would not know */
    CHECK(keys_plan_rotate(&s, &(struct key_rotation){.secrets = &fewer}, plan).outcome == KEYS_ROTATE_UNOPENABLE);
    CHECK(keys_plan_rotate(&s, &(struct key_rotation){.secrets = &secrets}, plan).outcome == KEYS_ROTATE_TOO_YOUNG);
    CHECK(keys_plan_rotate(&s, &(struct key_rotation){.secrets = &fewer, .force = true}, plan).outcome ==
          KEYS_ROTATE_PLANNED);
    CHECK(keys_plan_rotate(&s, &(struct key_rotation){.secrets = &fewer, .fresh = true}, plan).outcome ==
          KEYS_ROTATE_PLANNED);
    arena_release(&arena);
}

static void check_fresh(void)
{
    begin();
    struct bytes first = active()->kid, second = pending()->kid;
    w.now += 1;
    CHECK(rotate((struct key_rotation){.fresh = true}).outcome == KEYS_ROTATE_PLANNED);
    CHECK(times_removed(world_find(&w, first), w.now) && times_removed(world_find(&w, second), w.now));
    CHECK(active()->epoch == 2 && pending()->epoch == 3 && active()->activate_at == w.now);
    CHECK(!bytes_present(world_find(&w, first)->sealed_private) &&
          !bytes_present(world_find(&w, second)->sealed_private));
}

/* one that is retiring, and two of an algorithm that was taken out of the settings */
static void check_fresh_removes_all(void)
{
    world_begin(&w);
    w.algorithms = world_two;
    w.algorithm_count = 2;
    world_tend(&w);
    CHECK(rotate((struct key_rotation){.force = true}).outcome == KEYS_ROTATE_PLANNED);
    w.now += 1;
    size_t before = w.count;
    struct world start = w;
    CHECK(rotate((struct key_rotation){.one = true, .algorithm = KEY_RS256, .fresh = true}).outcome ==
          KEYS_ROTATE_PLANNED);
    CHECK(world_count(&w, KEY_RS256, KEY_REMOVED) == 3 && world_count(&w, KEY_ES256, KEY_REMOVED) == 0);
    w = start;
    w.algorithm_count = 1;
    CHECK(rotate((struct key_rotation){.fresh = true}).outcome == KEYS_ROTATE_PLANNED);
    for (size_t i = 0; i < before; i++) {
        const struct key_material *key = world_find(&w, start.rows[i].kid);
        CHECK(times_removed(key, w.now) && !bytes_present(key->sealed_private));
    }
    CHECK(w.count == before + 2 && active() != NULL && pending() != NULL && world_tend(&w) == 0);
}

static void check_goes(void)
{
    const struct key_material was = {.remove_at = 50}, unset = {.remove_at = 0};
    CHECK(planned_key_goes(&(struct planned_key){.was = &was, .becomes = {.remove_at = 40}}, 40));
    CHECK(planned_key_goes(&(struct planned_key){.was = &unset, .becomes = {.remove_at = 40}}, 40));
    CHECK(!planned_key_goes(&(struct planned_key){.was = &was, .becomes = {.remove_at = 41}}, 40));
    CHECK(!planned_key_goes(&(struct planned_key){.was = &was, .becomes = {.remove_at = 50}}, 50));
    CHECK(!planned_key_goes(&(struct planned_key){.was = NULL, .becomes = {.remove_at = 40}}, 40));
}

static struct planned_revocation revoke(struct bytes kid)
{
    struct key_situation situation = world_situation(&w);
    struct planned_revocation planned = keys_plan_revoke(&situation, kid, plan);
    world_apply(&w, plan, planned.count);
    return planned;
}

static void check_revoke_active(void)
{
    begin();
    int64_t began = w.now;
    struct bytes first = active()->kid, second = pending()->kid;
    w.now += HOURS(1);
    struct planned_revocation planned = revoke(first);
    CHECK(planned.outcome == KEYS_REVOKE_PLANNED && planned.state == KEY_ACTIVE);
    CHECK(planned.signed_from == began && planned.signed_until == w.now + KEYS_VIEW_MAX_MS);
    CHECK(times_removed(world_find(&w, first), w.now) && !bytes_present(world_find(&w, first)->sealed_private));
    CHECK_BYTES(active()->kid, second);
    CHECK(active()->activate_at == w.now && pending()->epoch == 2);
    CHECK(revoke(first).outcome == KEYS_REVOKE_GONE && revoke(BYTES("none")).outcome == KEYS_REVOKE_UNKNOWN);
    CHECK(world_tend(&w) == 0);
}

static void check_revoke_pending(void)
{
    begin();
    struct bytes first = active()->kid;
    w.now += DAYS(30) - HOURS(1);
    struct planned_revocation planned = revoke(pending()->kid);
    CHECK(planned.state == KEY_PENDING && planned.signed_from == 0 && planned.signed_until == 0);
    CHECK_BYTES(active()->kid, first);
    /* the new one is published for long enough, and the one that signs goes on until then */
    CHECK(pending()->activate_at == w.now + HOURS(24) && active()->retire_at == w.now + HOURS(24));
}

static void check_revoke_retiring(void)
{
    begin();
    int64_t began = w.now;
    struct bytes first = active()->kid, second = pending()->kid;
    w.now += DAYS(30) + HOURS(1);
    world_tend(&w);
    struct planned_revocation planned = revoke(first);
    /* it was seen an hour late that its time was over, and whoever can't read that signs for 5 minutes more */
    CHECK(planned.state == KEY_RETIRING && planned.signed_from == began);
    CHECK(planned.signed_until == w.now + KEYS_VIEW_MAX_MS);
    CHECK(times_removed(world_find(&w, first), w.now) && bytes_equal(active()->kid, second));
    begin();
    began = w.now;
    first = active()->kid;
    w.now += DAYS(30);
    world_tend(&w);
    w.now += HOURS(1);
    CHECK(revoke(first).signed_until == began + DAYS(30) + KEYS_VIEW_MAX_MS);
}

/* ---- sealing anew ---- */

static void check_reseal(void)
{
    struct arena arena;
    struct fault fault;
    size_t count;
    arena_init(&arena, 1 << 20);
    struct key_material rows[2] = {fixture_key(KEY_ES256, 0, 1, &arena), fixture_key(KEY_ES256, 1, 2, &arena)};
    struct system_secrets secrets = fixture_secrets(), turned = secrets;
    turned.at[0] = secrets.at[1];
    turned.at[1] = secrets.at[0];
    struct key_situation s = {rows, 2, world_one, 1, &w.times, 10, 0};
    rows[0].sealed_private = BYTES_ABSENT;
    CHECK(keys_plan_reseal(&s, &(struct resealing){&secrets, &arena}, plan, &count, &fault) && count == 0);
    CHECK(keys_plan_reseal(&s, &(struct resealing){&turned, &arena}, plan, &count, &fault) && count == 1);
    CHECK(plan[0].was == &rows[1] && seal_is_first(&turned, plan[0].becomes.sealed_private));
    struct secret a, b;
    CHECK(seal_open(&secrets, rows[1].kid, rows[1].sealed_private, &a) == SEAL_OPEN);
    CHECK(seal_open(&turned, rows[1].kid, plan[0].becomes.sealed_private, &b) == SEAL_OPEN);
    CHECK(secret_equals(&a, secret_expose(&b)));
    secret_release(&a);
    secret_release(&b);
    turned.count = 1;
    CHECK(!keys_plan_reseal(&s, &(struct resealing){&turned, &arena}, plan, &count, &fault));
    CHECK(fault.kind == FAULT_INPUT && bytes_contain(bytes_of(fault.what), rows[1].kid) &&
          strstr(fault.what, "revoke") != NULL);
    arena_release(&arena);
}

int main(void)
{
    TEST("a rotation promotes the pending key, not before it has been published for long enough, unless forced")
    check_rotate();
    TEST("a rotation of one algorithm leaves the others; one that is too young holds all back")
    check_rotate_one_of_two();
    TEST("a pending key that can't be opened is not promoted, unless forced; nor told to be too young")
    check_rotate_unopenable();
    TEST("a fresh rotation takes both keys out at once") check_fresh();
    TEST("and every other that there was, also of an algorithm that is not configured; of one algorithm: its own")
    check_fresh_removes_all();
    TEST("a plan says which keys it takes out of the key set before their time") check_goes();
    TEST("the active key revoked: the pending one takes over at once, however young") check_revoke_active();
    TEST("the pending key revoked: it has signed nothing; the next is published for long enough")
    check_revoke_pending();
    TEST("a retiring key revoked: the tokens of its time die") check_revoke_retiring();
    TEST("resealing touches what is not under the first secret, and names what it can't open") check_reseal();
    return TEST_END();
}
