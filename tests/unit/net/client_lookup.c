#include "net/client_lookup.h"
#include "unit/net/odd_upstream.h"

struct found {
    int count;
    struct addresses addresses;
    char why[128];
};

static void on_found(void *data, const struct addresses *addresses, const char *why)
{
    struct found *found = data;
    found->count++;
    found->addresses = *addresses;
    if (why != NULL) snprintf(found->why, sizeof found->why, "%s", why);
}

static struct found find(const char *host)
{
    struct found found = {0};
    lookup_start(loop, host, "4433", on_found, &found);
    CHECK(found.count == 0);
    while (found.count == 0) loop_run(loop, 100);
    return found;
}

static void test_found(void)
{
    TEST("a name's addresses come in the resolver's order, with the port")
    {
        struct found found = find("two.example.test");
        CHECK(found.count == 1 && found.why[0] == '\0' && found.addresses.count == 3);
        CHECK(found.addresses.at[0].at.any.sa_family == AF_INET);
        CHECK(found.addresses.at[0].at.v4.sin_addr.s_addr == htonl(0x7f000002));
        CHECK(found.addresses.at[1].at.any.sa_family == AF_INET6);
        CHECK(found.addresses.at[2].at.v4.sin_port == htons(4433));
    }
    TEST("an address is its own")
    {
        struct found found = find("127.0.0.9");
        CHECK(found.addresses.count == 1 && found.addresses.at[0].at.v4.sin_addr.s_addr == htonl(0x7f000009));
    }
    TEST("a name that doesn't resolve says so")
    {
        struct found found = find("unknown.example.test");
        CHECK(found.count == 1 && found.addresses.count == 0 && found.why[0] != '\0');
    }
}

static void test_cancelled(void)
{
    struct found found = {0};
    TEST("a cancelled lookup says nothing, whether it is slow or has its answer already")
    {
        lookup_cancel(lookup_start(loop, "slow.example.test", "1", on_found, &found));
        struct lookup *answered = lookup_start(loop, "name.example.test", "1", on_found, &found);
        usleep(50 * 1000);
        lookup_cancel(answered);
        run_for(50);
        CHECK(found.count == 0);
    }
    TEST("a loop may go while a lookup of it is still under way, and while its answer waits")
    {
        struct loop *short_lived = loop_create();
        lookup_cancel(lookup_start(short_lived, "slow.example.test", "1", on_found, &found));
        struct lookup *answered = lookup_start(short_lived, "name.example.test", "1", on_found, &found);
        usleep(50 * 1000);
        lookup_cancel(answered);
        loop_destroy(short_lived);
        slow_name_free = true;
        usleep(50 * 1000);
        CHECK(found.count == 0);
    }
}

int main(void)
{
    loop = loop_create();
    test_found();
    test_cancelled();
    loop_destroy(loop);
    return TEST_END();
}
