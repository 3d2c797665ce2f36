#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "unit/test.h"

/* an address as it is written again, or what can't be read */
static const char *again(const char *text)
{
    static char written[ADDRESS_TEXT_LEN];
    struct address address;
    if (!address_parse(bytes_of(text), &address)) return "unreadable";
    address_write(&address, written);
    return written;
}

static bool contained(const char *network, const char *text)
{
    const char *texts[] = {"192.0.2.1", network, NULL};
    struct networks networks;
    struct address address;
    if (!networks_init(&networks, texts, NULL) || !address_parse(bytes_of(text), &address)) abort();
    bool contains = networks_contain(&networks, &address);
    networks_release(&networks);
    return contains;
}

static void test_addresses(void)
{
    TEST("addresses are read with and without brackets and ports, and written in one way")
    {
        CHECK(strcmp(again("10.0.0.1"), "10.0.0.1") == 0);
        CHECK(strcmp(again("10.0.0.1:8080"), "10.0.0.1") == 0);
        CHECK(strcmp(again("2001:DB8:0::1"), "2001:db8::1") == 0);
        CHECK(strcmp(again("[2001:db8::1]"), "2001:db8::1") == 0);
        CHECK(strcmp(again("[2001:db8::1]:8080"), "2001:db8::1") == 0);
        CHECK(strcmp(again("::ffff:10.0.0.1"), "10.0.0.1") == 0);
    }
    TEST("what isn't an address is not read")
    {
        const char *wrong[] = {"",
                               "unknown",
                               "10.0.0",
                               "10.0.0.256",
                               "10.0.0.1 ",
                               "[::1",
                               "[::1]x",
                               "[]",
                               "::1::",
                               "localhost",
                               "0x7f.1",
                               "1:2:3:4:5:6:7:8:9",
                               "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111"};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) CHECK(strcmp(again(wrong[i]), "unreadable") == 0);
    }
    TEST("a socket's IPv4 address, and the same seen by an IPv6 socket, are one")
    {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001)};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        struct sockaddr neither = {.sa_family = AF_UNIX};
        struct address a, b;
        CHECK(inet_pton(AF_INET6, "::ffff:10.0.0.1", &v6.sin6_addr) == 1);
        CHECK(address_of_socket((struct sockaddr *)&v4, &a) && address_of_socket((struct sockaddr *)&v6, &b));
        CHECK(memcmp(&a, &b, sizeof a) == 0);
        CHECK(!address_of_socket(&neither, &a));
    }
}

static void test_networks(void)
{
    TEST("a block contains its addresses up to the last bit of its prefix")
    {
        CHECK(contained("10.0.0.0/8", "10.255.1.2") && !contained("10.0.0.0/8", "11.0.0.0"));
        CHECK(contained("10.1.2.128/25", "10.1.2.129") && !contained("10.1.2.128/25", "10.1.2.127"));
        CHECK(contained("10.1.2.3/32", "10.1.2.3") && !contained("10.1.2.3/32", "10.1.2.2"));
        CHECK(contained("2001:db8::/33", "2001:db8:7fff::1") && !contained("2001:db8::/33", "2001:db8:8000::1"));
        CHECK(contained("2001:db8::1", "2001:db8::1") && !contained("2001:db8::1", "2001:db8::2"));
    }
    TEST("a block whose address has bits behind the prefix is the block they are in")
    {
        CHECK(contained("10.1.2.3/8", "10.200.0.1"));
    }
    TEST("all of IPv4 is not all of IPv6, but all of IPv6 is everything")
    {
        CHECK(contained("0.0.0.0/0", "8.8.8.8") && !contained("0.0.0.0/0", "2001:db8::1"));
        CHECK(contained("::/0", "2001:db8::1") && contained("::/0", "8.8.8.8"));
        CHECK(contained("::ffff:10.0.0.0/104", "10.1.2.3"));
    }
    TEST("a wrong block is refused by its name")
    {
        const char *wrong[] = {"10.0.0.0/33",   "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "::/129",
                               "proxy.example", "",          "[::1]/128"};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            const char *texts[] = {"10.0.0.0/8", wrong[i], NULL};
            struct networks networks;
            struct fault fault = {.kind = FAULT_NONE};
            CHECK(!networks_init(&networks, texts, &fault));
            CHECK(fault.kind == FAULT_INPUT && strstr(fault.what, wrong[i]) != NULL);
        }
    }
    TEST("no list trusts nobody")
    {
        struct networks networks;
        struct address address = {{0}};
        CHECK(networks_init(&networks, NULL, NULL) && !networks_contain(&networks, &address));
        networks_release(&networks);
    }
}

int main(void)
{
    test_addresses();
    test_networks();
    return TEST_END();
}
