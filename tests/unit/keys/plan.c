#include "keys/keys.h"

#include "unit/keys/fixture.h"
#include "unit/test.h"

static const enum key_algorithm both[] = {KEY_ES256, KEY_RS256};
static const struct key_times times = {30LL * DAY_MS, DAY_MS, 3600 * 1000};
static const int64_t now = 1000LL * DAY_MS;
static struct key_material rows[16];

static size_t plan(const struct key_material *present, size_t count, int64_t at)
{
    const struct key_plan_ask ask = {present, count, both, 1, &times, at};
    return keys_plan(&ask, rows);
}

static size_t plan_both(const struct key_material *present, size_t count, int64_t at, struct key_material *out)
{
    const struct key_plan_ask ask = {present, count, both, 2, &times, at};
    return keys_plan(&ask, out);
}

static void check_first_start(void)
{
    CHECK(plan_both(NULL, 0, now, rows) == 4);
    for (size_t i = 0; i < 4; i++) {
        CHECK(rows[i].algorithm == both[i / 2] && rows[i].epoch == (int64_t)i % 2 && rows[i].created_at == now);
        CHECK(rows[i].retire_at == rows[i].activate_at + times.rotate_every_ms);
    }
    CHECK(rows[0].activate_at == now && rows[1].activate_at == rows[0].retire_at);
}

static void check_again(void)
{
    struct key_material present[4];
    CHECK(plan_both(NULL, 0, now, present) == 4);
    CHECK(plan_both(present, 4, now, rows) == 0);
    CHECK(plan_both(present, 4, now + 29LL * DAY_MS, rows) == 0);
}

int main(void)
{
    struct key_material present[2];
    TEST("an empty table gets an active and a pending key for each algorithm, one after the other") check_first_start();
    TEST("a second start adds nothing, nor does one within the rotation") check_again();
    TEST("only a key that another follows has a time at which it is removed")
    {
        CHECK(plan(NULL, 0, now) == 2);
        CHECK(rows[0].remove_at == rows[0].retire_at + times.keep_after_ms && rows[1].remove_at == 0);
    }
    CHECK(plan(NULL, 0, now) == 2);
    present[0] = rows[0];
    present[1] = rows[1];
    TEST("when the pending key has become active, another is added that begins as it ends")
    {
        CHECK(plan(present, 2, now + 31LL * DAY_MS) == 1);
        CHECK(rows[0].epoch == 2 && rows[0].activate_at == present[1].retire_at && rows[0].remove_at == 0);
    }
    TEST("after long, the last key goes on until a new one has been published for long enough")
    {
        int64_t later = now + 300LL * DAY_MS;
        CHECK(plan(present, 2, later) == 1);
        CHECK(rows[0].created_at == later && rows[0].activate_at == later + times.publish_before_ms);
    }
    TEST("a key that will be removed is followed before its last token outlives it")
    {
        present[0].retire_at = now + 3600 * 1000;
        present[0].remove_at = present[0].retire_at + times.keep_after_ms;
        CHECK(plan(present, 1, now) == 1 && rows[0].activate_at == present[0].retire_at);
        CHECK(plan(present, 1, present[0].retire_at + 1) == 1 && rows[0].activate_at == present[0].retire_at + 1);
    }
    TEST("a key without end is followed after the usual time")
    {
        struct key_material endless = {.created_at = now, .activate_at = now};
        CHECK(plan(&endless, 1, now) == 1 && rows[0].activate_at == now + times.rotate_every_ms);
        CHECK(plan(&endless, 1, now + 90LL * DAY_MS) == 1 && rows[0].activate_at == now + 91LL * DAY_MS);
    }
    TEST("when only a pending key is there, an active one signs until then")
    {
        CHECK(plan(&present[1], 1, now + DAY_MS) == 1);
        CHECK(rows[0].activate_at == now + DAY_MS && rows[0].retire_at == present[1].activate_at && rows[0].epoch == 2);
        CHECK(rows[0].remove_at == rows[0].retire_at + times.keep_after_ms);
    }
    TEST("removed keys count for nothing but their epoch")
    {
        present[0].remove_at = now;
        CHECK(plan(present, 1, now + 1) == 2 && rows[0].epoch == 1 && rows[1].epoch == 2);
    }
    TEST("another algorithm's keys count for nothing")
    {
        present[1].algorithm = KEY_RS256;
        CHECK(plan(&present[1], 1, now) == 2 && rows[0].epoch == 0);
    }
    return TEST_END();
}
