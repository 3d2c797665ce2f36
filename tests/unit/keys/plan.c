/* The plans of what is done by itself; of what is ordered: plan_order.c. */
#include "keys/plan.h"

#include "unit/keys/plan_world.h"

/* ---- what is done by itself ---- */

static void check_first_start(void)
{
    world_begin(&w);
    w.algorithms = world_two;
    w.algorithm_count = 2;
    CHECK(world_tend(&w) == 4 && w.count == 4);
    for (int i = 0; i < 2; i++) {
        struct key_material *signing = world_the(&w, world_two[i], KEY_ACTIVE),
                            *next = world_the(&w, world_two[i], KEY_PENDING);
        CHECK(signing->epoch == 0 && next->epoch == 1 && signing->activate_at == w.now);
        CHECK(signing->retire_at == w.now + DAYS(30) && next->activate_at == signing->retire_at);
        CHECK(signing->remove_at == signing->retire_at + w.times.keep_after_ms && next->remove_at == 0);
        CHECK(next->retire_at == next->activate_at + DAYS(30));
    }
}

static void check_succession(void)
{
    begin();
    struct bytes first = active()->kid, second = pending()->kid;
    w.now += DAYS(30) - 1;
    CHECK_BYTES(active()->kid, first);
    w.now += 1;
    CHECK_BYTES(active()->kid, second);
    CHECK(world_find(&w, first)->sealed_private.len > 0);
    world_tend(&w);
    CHECK_BYTES(active()->kid, second);
    CHECK(pending()->epoch == 2 && pending()->activate_at == w.now + DAYS(30));
    CHECK(!bytes_present(world_find(&w, first)->sealed_private));
    w.now = world_find(&w, first)->remove_at;
    CHECK(world_count(&w, KEY_ES256, KEY_REMOVED) == 1);
    w.now += DAYS(KEYS_ROW_KEPT_DAYS) - 1;
    world_tend(&w);
    CHECK(world_find(&w, first) != NULL);
    w.now += 1;
    w.even_for_ms =
        KEYS_WANTED_MAX_MS - 1; /* a clock that jumped may come back, and the key may be due to be published then */
    world_tend(&w);
    CHECK(world_find(&w, first) != NULL);
    w.even_for_ms += 1;
    world_tend(&w);
    CHECK(world_find(&w, first) == NULL);
}

/* a server that was stopped for long */
static void check_long_sleep(void)
{
    begin();
    struct bytes second = pending()->kid;
    w.now += DAYS(300);
    CHECK_BYTES(active()->kid, second);
    world_tend(&w);
    CHECK_BYTES(active()->kid, second);
    CHECK(active()->retire_at == w.now + HOURS(24) && active()->remove_at == w.now + HOURS(24) + w.times.keep_after_ms);
    CHECK(pending()->activate_at == w.now + HOURS(24));
}

static void check_half_written(void)
{
    begin();
    struct bytes broken = pending()->kid;
    pending()->sealed_private = BYTES_ABSENT;
    w.now += 1;
    CHECK(world_tend(&w) > 0 && world_count(&w, KEY_ES256, KEY_PENDING) == 2);
    w.now += DAYS(31);
    CHECK(!bytes_equal(active()->kid, broken) && bytes_present(active()->sealed_private));
    world_tend(&w);
    CHECK(world_find(&w, broken)->remove_at != 0);
    begin();
    active()->retire_at = active()->remove_at = pending()->retire_at = 0;
    world_tend(&w);
    CHECK(active()->retire_at == w.now + DAYS(30) && active()->remove_at > active()->retire_at &&
          pending()->retire_at > 0);
    begin();
    pending()->activate_at = 0;
    world_tend(&w);
    CHECK(pending()->activate_at == active()->retire_at);
    begin();
    active()->sealed_private = BYTES_ABSENT;
    struct bytes next = pending()->kid;
    world_tend(&w);
    CHECK_BYTES(active()->kid, next);
}

/* ---- the clock jumps ---- */

static void check_forward(void)
{
    begin();
    struct bytes first = active()->kid, second = pending()->kid;
    w.now += DAYS(40);
    world_tend(&w);
    CHECK_BYTES(active()->kid, second);
    struct bytes third = pending()->kid;
    CHECK(times_published(world_find(&w, first), w.now));
    w.now -= DAYS(40);
    CHECK(world_tend(&w) > 0);
    CHECK_BYTES(active()->kid, second);
    CHECK_BYTES(pending()->kid, third);
    CHECK(times_published(world_find(&w, first), w.now));
    CHECK(pending()->activate_at >= w.now + w.times.publish_before_ms);
}

static void check_unseen(int64_t passed_ms)
{
    begin();
    struct bytes first = active()->kid;
    w.now += passed_ms;
    world_tend(&w);
    CHECK(world_find(&w, first)->remove_at == w.now + w.times.keep_after_ms);
    CHECK(!bytes_present(world_find(&w, first)->sealed_private));
    w.now += w.times.keep_after_ms;
    CHECK(times_removed(world_find(&w, first), w.now));
    w.now += DAYS(30);
    world_tend(&w);
    CHECK(world_find(&w, first) == NULL);
}

static void check_back(void)
{
    begin();
    w.now += DAYS(30);
    world_tend(&w);
    struct bytes signing = active()->kid, next = pending()->kid;
    w.now -= DAYS(7);
    size_t made = w.made;
    world_tend(&w);
    CHECK(w.made == made);
    CHECK_BYTES(active()->kid, signing);
    CHECK_BYTES(pending()->kid, next);
}

/* ---- settings that change, and that differ ---- */

static void check_settings(void)
{
    begin();
    w.now += DAYS(5);
    w.times.rotate_every_ms = DAYS(7);
    world_tend(&w);
    CHECK(pending()->activate_at == w.now + DAYS(2) && active()->retire_at == w.now + DAYS(2));
    CHECK(pending()->retire_at == pending()->activate_at + DAYS(7));
    w.times.rotate_every_ms = DAYS(90);
    CHECK(world_tend(&w) == 0);
    begin();
    w.now += DAYS(20);
    w.times.rotate_every_ms = DAYS(7);
    world_tend(&w);
    CHECK(active()->epoch == 1 && active()->activate_at == w.now);
    begin();
    w.times.rotate_every_ms = HOURS(2);
    w.now += 1;
    world_tend(&w);
    CHECK(pending()->activate_at == pending()->created_at + HOURS(24));
    begin();
    w.times.keep_after_ms *= 2;
    world_tend(&w);
    CHECK(active()->remove_at == active()->retire_at + w.times.keep_after_ms);
    w.times.keep_after_ms /= 2;
    CHECK(world_tend(&w) == 0);
}

static void check_unwanted(void)
{
    begin();
    struct bytes first = active()->kid, next = pending()->kid;
    w.algorithms = &world_two[1];
    w.now += KEYS_WANTED_MAX_MS - 1;
    CHECK(world_tend(&w) == 2 && world_the(&w, KEY_RS256, KEY_ACTIVE) != NULL);
    CHECK_BYTES(active()->kid, first);
    w.now += 1;
    CHECK(world_tend(&w) == 2);
    CHECK(active() == NULL && pending() == NULL && times_removed(world_find(&w, next), w.now));
    struct key_material *gone = world_find(&w, first);
    CHECK(gone->retire_at == w.now && gone->remove_at == w.now + w.times.keep_after_ms &&
          !bytes_present(gone->sealed_private));
    CHECK(times_published(gone, w.now));
    w.now = gone->remove_at;
    world_tend(&w);
    CHECK(times_removed(world_find(&w, first), w.now));
    w.algorithms = world_one;
    world_tend(&w);
    CHECK(active()->epoch == 2 && pending()->epoch == 3);
}

/* what the other said of what it wants looks old, its keys look over, and it has not yet had the time to say more */
static void check_jump_beside_another(int64_t jump_ms)
{
    world_begin(&w);
    w.algorithms = world_two;
    w.algorithm_count = 2;
    world_tend(&w);
    struct bytes signing = world_the(&w, KEY_RS256, KEY_ACTIVE)->kid, next = world_the(&w, KEY_RS256, KEY_PENDING)->kid;
    w.now += jump_ms;
    w.algorithm_count = 1;
    for (int i = 0; i < 2; i++) {
        w.even_for_ms = i == 0 ? 0 : KEYS_WANTED_MAX_MS - 1;
        world_tend(&w);
        CHECK(bytes_present(world_find(&w, signing)->sealed_private) &&
              bytes_present(world_find(&w, next)->sealed_private));
    }
    w.algorithm_count = 2;
    world_tend(&w);
    CHECK(times_published(world_find(&w, signing), w.now) && times_published(world_find(&w, next), w.now));
    struct bytes signs = world_the(&w, KEY_RS256, KEY_ACTIVE)->kid;
    CHECK(bytes_equal(signs, signing) || bytes_equal(signs, next));
    w.even_for_ms = KEYS_WANTED_MAX_MS;
    w.algorithm_count = 1;
    w.now += KEYS_WANTED_MAX_MS;
    world_tend(&w);
    CHECK(world_the(&w, KEY_RS256, KEY_ACTIVE) == NULL);
}

/* one has ES256 alone, the other RS256 too; each polls once an hour */
static void check_two_replicas(void)
{
    begin();
    for (int hour = 0; hour < 24 * 100; hour++) {
        w.now += HOURS(1);
        w.algorithm_count = 1;
        world_tend(&w);
        w.algorithms = world_two;
        w.algorithm_count = 2;
        world_tend(&w);
        CHECK(active() != NULL && pending() != NULL);
        CHECK(world_the(&w, KEY_RS256, KEY_ACTIVE) != NULL && world_the(&w, KEY_RS256, KEY_PENDING) != NULL);
    }
    CHECK(w.made == 2 * 5); /* in 100 days each was rotated three times, whoever did it */
}

static void check_inequalities(void)
{
    CHECK(keys_publish_before_least_ms(MINUTES(15)) == MINUTES(15 + 15 + 1 + 5));
    CHECK(keys_keep_after_least_ms(MINUTES(15), HOURS(24)) == HOURS(24) + MINUTES(5 + 15 + 15));
    CHECK(keys_rotate_every_least_ms(HOURS(24)) == HOURS(48));
}

int main(void)
{
    TEST("an empty table gets an active and a pending key for each algorithm, one after the other") check_first_start();
    TEST("the pending key signs as its time comes; another is made, the old one's private part goes, then it goes, "
         "then its row")
    check_succession();
    TEST("after long, the last key goes on until a new one has been published for long enough") check_long_sleep();
    TEST("a half-written row never signs and never stops the rest: what it lacks is made or set") check_half_written();
    TEST("the clock runs ahead and comes back: nobody signs with a key that is not published, nor is a new one made")
    check_forward();
    TEST("a key whose end nobody saw in time stays from then on for its last token, then goes")
    {
        check_unseen(DAYS(30) + HOURS(1));
        check_unseen(DAYS(40));
        check_unseen(DAYS(7300));
    }
    TEST("the clock goes back: the key that signed goes on signing") check_back();
    TEST("other settings: what is to come may come sooner, and stay longer, and never the other way") check_settings();
    TEST("an algorithm that nobody wants any more is let go: published for its tokens, then removed") check_unwanted();
    TEST("after a jump of the clock nobody takes away what others may want, until he has watched for long enough")
    {
        check_jump_beside_another(HOURS(4));
        check_jump_beside_another(DAYS(90));
    }
    TEST("two replicas with different settings: neither takes away what the other made") check_two_replicas();
    TEST("docs/keys.md's inequalities") check_inequalities();
    return TEST_END();
}
