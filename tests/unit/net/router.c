#include "net/router.h"
#include "unit/test.h"

static const struct route routes[] = {
    {.path = "/clients", .methods = METHOD_GET, .name = "list"},
    {.path = "/clients", .methods = METHOD_POST, .name = "create"},
    {.path = "/clients/{}", .methods = METHOD_GET | METHOD_DELETE, .name = "client"},
    {.path = "/clients/all", .methods = METHOD_PUT, .name = "all"},
    {.path = "/session/{}/...", .methods = METHOD_GET | METHOD_OTHER, .name = "session"},
    {.path = NULL},
};

static struct arena arena;

static const char *name_of(const char *path, enum method method)
{
    struct routed routed = router_find(routes, bytes_of(path), method);
    return routed.route == NULL ? (routed.methods == 0 ? "404" : "405") : routed.route->name;
}

static struct bytes segment_of(const char *path)
{
    struct routed routed = router_find(routes, bytes_of(path), METHOD_GET);
    return bytes_present(routed.segment) ? router_decode(&arena, routed.segment) : BYTES_ABSENT;
}

static void test_find(void)
{
    TEST("a path and a method find their row, and two rows may share a path")
    {
        CHECK(strcmp(name_of("/clients", METHOD_GET), "list") == 0);
        CHECK(strcmp(name_of("/clients", METHOD_POST), "create") == 0);
        CHECK(strcmp(name_of("/clients/a", METHOD_DELETE), "client") == 0);
        CHECK(strcmp(name_of("/clients/all", METHOD_PUT), "all") == 0);
        CHECK(strcmp(name_of("/clients/all", METHOD_GET), "client") == 0);
    }
    TEST("HEAD goes where GET goes, and nowhere else")
    {
        CHECK(strcmp(name_of("/clients", METHOD_HEAD), "list") == 0);
        CHECK(strcmp(name_of("/clients/all", METHOD_HEAD), "client") == 0);
        struct route put_only[] = {{.path = "/a", .methods = METHOD_PUT}, {.path = NULL}};
        CHECK(router_find(put_only, BYTES("/a"), METHOD_HEAD).route == NULL);
    }
    TEST("a method that no row with the path has is not an unknown path, and Allow is what they have together")
    {
        CHECK(strcmp(name_of("/clients", METHOD_DELETE), "405") == 0);
        struct routed routed = router_find(routes, BYTES("/clients"), METHOD_DELETE);
        CHECK_BYTES(router_allow(&arena, routed.methods), BYTES("GET, HEAD, POST"));
    }
    TEST("whatever is spelled in another way is unknown")
    {
        CHECK(strcmp(name_of("/clients/", METHOD_GET), "404") == 0);
        CHECK(strcmp(name_of("/Clients", METHOD_GET), "404") == 0);
        CHECK(strcmp(name_of("/%63lients", METHOD_GET), "404") == 0);
        CHECK(strcmp(name_of("/clients/a/b", METHOD_GET), "404") == 0);
        CHECK(strcmp(name_of("/clients/a/", METHOD_GET), "404") == 0);
        CHECK(strcmp(name_of("", METHOD_GET), "404") == 0);
    }
    TEST("a path that ends open takes one segment and whatever follows")
    {
        CHECK(strcmp(name_of("/session/a", METHOD_OTHER), "session") == 0);
        CHECK(strcmp(name_of("/session/a/", METHOD_GET), "session") == 0);
        CHECK(strcmp(name_of("/session/a/b/c", METHOD_GET), "session") == 0);
        CHECK(strcmp(name_of("/session/", METHOD_GET), "404") == 0);
        CHECK(strcmp(name_of("/session", METHOD_GET), "404") == 0);
        CHECK_BYTES(segment_of("/session/a%2fb/c"), BYTES("a/b"));
    }
}

static void test_segment(void)
{
    TEST("a segment is decoded once; a plus stays a plus")
    {
        CHECK_BYTES(segment_of("/clients/a%20b+c"), BYTES("a b+c"));
        CHECK_BYTES(segment_of("/clients/%2525"), BYTES("%25"));
        CHECK_BYTES(segment_of("/clients/%c3%A9"), BYTES("\xc3\xa9"));
    }
    TEST("a broken escape, a NUL and an empty segment match nothing")
    {
        CHECK(strcmp(name_of("/clients/%", METHOD_GET), "404") == 0);
        CHECK(strcmp(name_of("/clients/a%2", METHOD_GET), "404") == 0);
        CHECK(strcmp(name_of("/clients/%zz", METHOD_GET), "404") == 0);
        CHECK(strcmp(name_of("/clients/a%00", METHOD_GET), "404") == 0);
        CHECK(strcmp(name_of("/session//b", METHOD_GET), "404") == 0);
    }
    TEST("methods are told by their exact names")
    {
        CHECK(router_method(BYTES("PATCH")) == METHOD_PATCH);
        CHECK(router_method(BYTES("get")) == METHOD_OTHER);
        CHECK(router_method(BYTES("")) == METHOD_OTHER);
    }
}

int main(void)
{
    arena_init(&arena, 1 << 16);
    test_find();
    test_segment();
    arena_release(&arena);
    return TEST_END();
}
