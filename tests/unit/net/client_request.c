#include "net/client_request.h"
#include "unit/test.h"

static struct arena arena;

static struct upstream upstream_at(const char *authority, const char *path)
{
    return (struct upstream){.authority = bytes_of(authority), .path = bytes_of(path)};
}

static struct call call_with(struct bytes path, struct bytes name, struct bytes value)
{
    return (struct call){.method = "GET", .path = path, .headers = {{name, value}}, .header_count = 1};
}

static void test_written(void)
{
    struct upstream upstream = upstream_at("kratos:4433", "/base");
    TEST("a head has the base URL's path, the Host, the headers and an empty line")
    {
        struct call call = call_with(BYTES("/a?b=%20c"), BYTES("X-Session-Token"), BYTES("ory_st_a"));
        CHECK_BYTES(request_write(&arena, &upstream, &call),
                    BYTES("GET /base/a?b=%20c HTTP/1.1\r\nHost: kratos:4433\r\nX-Session-Token: ory_st_a\r\n\r\n"));
    }
    TEST("a body that is present has a Content-Length, also when it is empty")
    {
        struct call call = {.method = "PATCH", .path = BYTES("/a"), .body = BYTES("{}")};
        CHECK_BYTES(request_write(&arena, &upstream, &call),
                    BYTES("PATCH /base/a HTTP/1.1\r\nHost: kratos:4433\r\nContent-Length: 2\r\n\r\n"));
        call.body = BYTES("");
        CHECK_BYTES(request_write(&arena, &upstream, &call),
                    BYTES("PATCH /base/a HTTP/1.1\r\nHost: kratos:4433\r\nContent-Length: 0\r\n\r\n"));
    }
}

static void test_refused(void)
{
    static const struct bytes bad_paths[] = {
        {"/a\rb", 4},  {"/a\nb", 4},     {"/a\0b", 4}, {"/a b", 4}, {"/a\tb", 4},
        {"/a\x7f", 3}, {"/\xc3\xa9", 3}, {"a", 1},     {"", 0},     {NULL, 0},
    };
    static const struct bytes bad_names[] = {
        {"A\r", 2},
        {"A\nB", 3},
        {"A\0", 2},
        {"A B", 3},
        {"A:", 2},
        {"", 0},
        {NULL, 0},
        {"\xc3\xa9", 2},
        {"Host", 4},
        {"content-length", 14},
        {"Transfer-Encoding", 17},
    };
    static const struct bytes bad_values[] = {{"a\r\nB: c", 7}, {"a\nb", 3},  {"a\rb", 3},
                                              {"a\0b", 3},      {"a\x7f", 2}, {"\x1f", 1}};
    TEST("what is fine is not refused")
    {
        struct call call =
            call_with(BYTES("/a/b-c_d.e~f?g=h&i=%00"), BYTES("X-Session-Token"), BYTES("a b\tc; \xc3\xa9=\""));
        CHECK(request_check(&call) == NULL);
    }
    TEST("CR, LF, NUL and other bytes that could end a path are refused")
    {
        for (size_t i = 0; i < sizeof bad_paths / sizeof bad_paths[0]; i++) {
            struct call call = call_with(bad_paths[i], BYTES("A"), BYTES("b"));
            CHECK(request_check(&call) != NULL);
        }
    }
    TEST("a header's name that is no token, or delimits the message, is refused")
    {
        for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
            struct call call = call_with(BYTES("/"), bad_names[i], BYTES("b"));
            CHECK(request_check(&call) != NULL);
        }
    }
    TEST("a header's value with a control character is refused, in whichever header it stands")
    {
        for (size_t i = 0; i < sizeof bad_values / sizeof bad_values[0]; i++) {
            struct call call = call_with(BYTES("/"), BYTES("A"), BYTES("b"));
            call.headers[call.header_count++] = (struct call_header){BYTES("C"), bad_values[i]};
            CHECK(request_check(&call) != NULL);
        }
    }
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    test_written();
    test_refused();
    arena_release(&arena);
    return TEST_END();
}
