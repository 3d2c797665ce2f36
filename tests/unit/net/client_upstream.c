#include "net/client.h"
#include "unit/net/odd_upstream.h"

/* ---- base URLs ---- */

static bool is_taken(const char *url)
{
    struct fault fault = {0};
    struct upstream *upstream = upstream_create(loop, bytes_of(url), 1000, NULL, &fault);
    if (upstream != NULL) upstream_destroy(upstream);
    CHECK((upstream == NULL) == (fault.kind == FAULT_INPUT));
    CHECK(strstr(fault.what, "secret") == NULL);
    return upstream != NULL;
}

static void test_base_urls(void)
{
    static const char *const good[] = {
        "http://kratos",          "https://kratos",      "HTTP://kratos:4433/", "https://a-b.c_d.example:1/x/y/",
        "http://127.0.0.1:65535", "http://[::1]:4433/a", "https://[::1]",
    };
    static const char *const bad[] = {
        "",
        "kratos",
        "kratos:4433",
        "ftp://kratos",
        "http:/kratos",
        "http://",
        "http:///a",
        "http://:80",
        "http://a:",
        "http://a:0",
        "http://a:65536",
        "http://a:8o",
        "http://a:80:80",
        "http://user:secret@a",
        "http://a?secret",
        "http://a/?secret",
        "http://a/#b",
        "http://a b",
        "http://a/ b",
        "http://a\r\nb",
        "http://a/\r\nb: c",
        "http://[::1",
        "http://[::1]x",
        "http://[a]",
        "http://[127.0.0.1]",
        "http://::1",
        "http://\xc3\xa9",
        "httpss://a",
        "http://[]",
    };
    TEST("http and https with a host, a port and a path are base URLs")
    {
        for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) CHECK(is_taken(good[i]));
    }
    TEST("anything else is refused as input, in words that don't show it")
    {
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            if (is_taken(bad[i])) fprintf(stderr, "taken: %s\n", bad[i]);
            CHECK(!is_taken(bad[i]));
        }
    }
    TEST("a base URL or host that is too long is refused")
    {
        char url[3000] = "http://a/";
        memset(url + 9, 'x', 2900);
        CHECK(!is_taken(url));
        memset(url + 7, 'x', 254);
        url[7 + 254] = '\0';
        CHECK(!is_taken(url));
        url[7 + 253] = '\0';
        CHECK(is_taken(url));
    }
    TEST("a file of roots that is none is refused, and named")
    {
        struct fault fault = {0};
        CHECK(upstream_create(loop, BYTES("https://kratos"), 1000, "/nonexistent/ca.pem", &fault) == NULL);
        CHECK(fault.kind == FAULT_INPUT && strstr(fault.what, "/nonexistent/ca.pem") != NULL);
    }
}

/* ---- who is believed to be the host, under both versions of TLS ---- */

static struct outcome call_tls(const char *host, const char *certificate, const char *version)
{
    char port[32];
    snprintf(port, sizeof port, "%s-%s", certificate, version);
    struct upstream *upstream = odd_upstream("https", host, port, 3000);
    struct call call = call_to("/hi");
    struct outcome outcome = run_call(upstream, &call);
    upstream_destroy(upstream);
    run_for(5);
    return outcome;
}

static void check_trusted(const char *host, const char *certificate)
{
    static const char *const versions[] = {"1.2", "1.3"};
    for (size_t i = 0; i < 2; i++) {
        struct outcome outcome = call_tls(host, certificate, versions[i]);
        if (outcome.status != 200)
            fprintf(stderr, "%s %s %s: %s\n", host, certificate, versions[i], outcome.fault.what);
        CHECK(outcome.status == 200);
        CHECK_BYTES(outcome.answer.body, BYTES("hi"));
        arena_release(&outcome.arena);
    }
}

static void check_refused(const char *host, const char *certificate, const char *why)
{
    static const char *const versions[] = {"1.2", "1.3"};
    for (size_t i = 0; i < 2; i++) {
        struct outcome outcome = call_tls(host, certificate, versions[i]);
        if (strstr(outcome.fault.what, why) == NULL)
            fprintf(stderr, "%s %s: %s\n", certificate, versions[i], outcome.fault.what);
        CHECK(outcome.fault.kind == FAULT_AWAY && outcome.status == 0);
        CHECK(strstr(outcome.fault.what, why) != NULL);
    }
}

static void test_trusted(void)
{
    TEST("a certificate of the host's name, a whole-label wildcard or the host's address is believed")
    {
        check_trusted("name.example.test", "right");
        check_trusted("name.example.test", "star");
        check_trusted("127.0.0.1", "address");
    }
    TEST("a certificate of another name is refused, under TLS 1.3 too")
    {
        check_refused("name.example.test", "wrong", "ostname mismatch");
        check_refused("other.example.test", "right", "ostname mismatch");
    }
    TEST("a certificate of a name says nothing about the address, nor the other way round")
    {
        check_refused("127.0.0.1", "right", "IP address mismatch");
        check_refused("name.example.test", "address", "ostname mismatch");
    }
    TEST("part of a label as a wildcard, and a name in the subject only, are refused (RFC 9525 6.3)")
    {
        check_refused("name.example.test", "partial", "ostname mismatch");
        check_refused("name.example.test", "subject", "ostname mismatch");
    }
    TEST("an expired certificate and one that nobody signed are refused")
    {
        check_refused("name.example.test", "expired", "expired");
        check_refused("name.example.test", "own", "self");
    }
}

static struct bytes ask_server_name(const char *host, const char *port, struct arena *arena)
{
    struct upstream *upstream = odd_upstream("https", host, port, 3000);
    struct call call = call_to("/server-name");
    struct outcome outcome = run_call(upstream, &call);
    struct bytes name = arena_copy(arena, outcome.answer.body);
    arena_release(&outcome.arena);
    upstream_destroy(upstream);
    run_for(5);
    return name;
}

static void test_server_name(void)
{
    struct arena arena;
    arena_init(&arena, 10000);
    TEST("a name is sent as server name, an address isn't (RFC 6066 3)")
    {
        CHECK_BYTES(ask_server_name("name.example.test", "right-1.2", &arena), BYTES("name.example.test"));
        CHECK_BYTES(ask_server_name("name.example.test", "right-1.3", &arena), BYTES("name.example.test"));
        CHECK_BYTES(ask_server_name("127.0.0.1", "address-1.2", &arena), BYTES("None"));
        CHECK_BYTES(ask_server_name("127.0.0.1", "address-1.3", &arena), BYTES("None"));
    }
    arena_release(&arena);
}

static void test_other_side(void)
{
    struct call call = call_to("/hi");
    TEST("TLS 1.1 is refused, whatever the other side offers")
    {
        struct outcome outcome = call_tls("name.example.test", "right", "1.1");
        CHECK(outcome.fault.kind == FAULT_AWAY && strstr(outcome.fault.what, "TLS") != NULL);
    }
    TEST("a plain answer where TLS is spoken is refused")
    {
        struct upstream *upstream = odd_upstream("https", "name.example.test", "plain", 300);
        struct outcome outcome = run_call(upstream, &call);
        CHECK(outcome.fault.kind == FAULT_AWAY || outcome.fault.kind == FAULT_LATE);
        upstream_destroy(upstream);
    }
    TEST("without the right root nobody is believed")
    {
        char url[64];
        struct fault fault = {0};
        snprintf(url, sizeof url, "https://name.example.test:%s", odd_value("right-1.3"));
        struct upstream *upstream = upstream_create(loop, bytes_of(url), 3000, NULL, &fault);
        struct outcome outcome = run_call(upstream, &call);
        CHECK(outcome.fault.kind == FAULT_AWAY && outcome.status == 0);
        upstream_destroy(upstream);
    }
    TEST("connections over TLS are kept and used again")
    {
        const char *const ports[] = {"right-1.2", "right-1.3"};
        for (size_t i = 0; i < 2; i++) {
            struct upstream *upstream = odd_upstream("https", "name.example.test", ports[i], 3000);
            int64_t before = ask_number(upstream, "/accepted");
            run_for(20); /* the session tickets of TLS 1.3 arrive meanwhile */
            for (int call_count = 0; call_count < 20; call_count++) CHECK(ask_number(upstream, "/accepted") == before);
            upstream_destroy(upstream);
        }
    }
    TEST("a connection on which TLS speaks to itself while it waits is kept")
    {
        struct upstream *upstream = odd_upstream("https", "name.example.test", "right-1.3", 3000);
        struct upstream *plain = odd_upstream("http", "127.0.0.1", "plain", 3000);
        call = call_to("/mutters");
        struct outcome outcome = run_call(upstream, &call);
        run_for(200);
        CHECK_BYTES(outcome.answer.body, BYTES("hi"));
        CHECK(ask_number(plain, "/open") == 2);
        arena_release(&outcome.arena);
        upstream_destroy(upstream);
        upstream_destroy(plain);
    }
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 2) return EXIT_FAILURE;
    odd_start(arguments[1]);
    setenv("OPENSSL_CONF", odd_value("lax"), 1);
    loop = loop_create();
    test_base_urls();
    test_trusted();
    test_server_name();
    test_other_side();
    run_for(20);
    loop_destroy(loop);
    odd_stop();
    return TEST_END();
}
