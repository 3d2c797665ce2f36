#include "keys/times.h"

#include "unit/test.h"

int main(void)
{
    struct key_material key = {.created_at = 10, .activate_at = 20, .retire_at = 30, .remove_at = 40};
    struct key_material endless = {.epoch = 1, .created_at = 10, .activate_at = 20};
    TEST("a key is published from when it is there until it is removed, also when the clock went back")
    {
        CHECK(times_published(&key, 9) && times_published(&key, 10));
        CHECK(times_published(&key, 39) && !times_published(&key, 40));
        CHECK(times_published(&endless, INT64_MAX));
    }
    TEST("a key waits until it is active")
    {
        CHECK(times_waiting(&key, 9) && times_waiting(&key, 10));
        CHECK(times_waiting(&key, 19) && !times_waiting(&key, 20));
        CHECK(times_waiting(&(struct key_material){.created_at = 10}, 1000));
    }
    TEST("a key may sign from when it is active, as long as it is published")
    {
        CHECK(!times_may_sign(&key, 19) && times_may_sign(&key, 20));
        CHECK(times_may_sign(&key, 39) && !times_may_sign(&key, 40));
        CHECK(times_removed(&key, 40) && !times_removed(&key, 39) && !times_removed(&endless, INT64_MAX));
    }
    TEST("one within its window goes before a younger one past it")
    {
        struct key_material younger = {.created_at = 10, .activate_at = 25, .retire_at = 28};
        CHECK(times_better(&key, &younger, 29) && !times_better(&younger, &key, 29));
    }
    TEST("the younger of two goes before the other, and one before none")
    {
        struct key_material younger = {.created_at = 10, .activate_at = 25};
        CHECK(times_better(&younger, &key, 26) && !times_better(&key, &younger, 26));
        CHECK(times_better(&younger, &key, 35) && !times_better(&key, &younger, 35));
        CHECK(times_better(&endless, &key, 25) && !times_better(&key, &endless, 25));
        CHECK(times_better(&key, NULL, 25));
    }
    return TEST_END();
}
