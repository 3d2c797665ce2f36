#include "oauth/lockout.h"

#include "unit/test.h"

static const struct bytes CLIENT = {"backend", 7}, HERE = {"192.0.2.7", 9};

static void fail_times(struct lockout *lockout, struct bytes client, struct bytes ip, int times)
{
    for (int i = 0; i < times; i++) lockout_count(lockout, client, ip);
}

int main(void)
{
    TEST("nine failures leave a pair open, the tenth closes it and says so once")
    {
        struct lockout *lockout = lockout_create();
        for (int i = 1; i < LOCKOUT_FAILURES_MAX; i++) CHECK(!lockout_count(lockout, CLIENT, HERE));
        CHECK(lockout_wait_s(lockout, CLIENT, HERE) == 0);
        CHECK(lockout_count(lockout, CLIENT, HERE));
        int wait_s = lockout_wait_s(lockout, CLIENT, HERE);
        CHECK(wait_s >= 59 && wait_s <= 60);
        CHECK(!lockout_count(lockout, CLIENT, HERE));
        lockout_destroy(lockout);
    }
    TEST("a stranger in another network, and another client, are not locked out with it")
    {
        struct lockout *lockout = lockout_create();
        fail_times(lockout, CLIENT, HERE, LOCKOUT_FAILURES_MAX);
        CHECK(lockout_wait_s(lockout, CLIENT, BYTES("192.0.3.7")) == 0);
        CHECK(lockout_wait_s(lockout, BYTES("other"), HERE) == 0);
        lockout_destroy(lockout);
    }
    TEST("neighbours in a /24 and in a /64 count as one")
    {
        struct lockout *lockout = lockout_create();
        fail_times(lockout, CLIENT, HERE, LOCKOUT_FAILURES_MAX);
        CHECK(lockout_wait_s(lockout, CLIENT, BYTES("192.0.2.200")) > 0);
        CHECK(lockout_wait_s(lockout, CLIENT, BYTES("::ffff:192.0.2.9")) > 0);
        fail_times(lockout, CLIENT, BYTES("2001:db8:1:2:3:4:5:6"), LOCKOUT_FAILURES_MAX);
        CHECK(lockout_wait_s(lockout, CLIENT, BYTES("2001:db8:1:2:ffff::1")) > 0);
        CHECK(lockout_wait_s(lockout, CLIENT, BYTES("2001:db8:1:3::1")) == 0);
        lockout_destroy(lockout);
    }
    TEST("many thousand pairs are counted in a bounded table")
    {
        struct lockout *lockout = lockout_create();
        char name[32];
        for (int i = 0; i < 3 * LOCKOUT_PAIRS_MAX; i++) {
            int len = snprintf(name, sizeof name, "client-%d", i);
            lockout_count(lockout, (struct bytes){name, (size_t)len}, HERE);
        }
        fail_times(lockout, CLIENT, HERE, LOCKOUT_FAILURES_MAX);
        CHECK(lockout_wait_s(lockout, CLIENT, HERE) > 0);
        lockout_destroy(lockout);
    }
    return TEST_END();
}
