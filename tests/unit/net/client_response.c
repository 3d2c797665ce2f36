#include "net/client_response.h"
#include "unit/test.h"

#define OK "HTTP/1.1 200 OK\r\n"

static struct arena arena;

/* in pieces of that size; *used: how much was taken before the end */
static enum response_progress read_pieces(struct response *response, struct bytes wire, size_t piece_len)
{
    enum response_progress progress = RESPONSE_MORE;
    arena_release(&arena);
    response_init(response, &arena);
    for (size_t at = 0; at < wire.len && progress == RESPONSE_MORE; at += piece_len) {
        size_t len = wire.len - at < piece_len ? wire.len - at : piece_len;
        char *piece = malloc(len); /* of its own, so that a step over its edge is seen */
        memcpy(piece, wire.at + at, len);
        progress = response_take(response, piece, len);
        free(piece);
    }
    return progress;
}

static void check_read(struct bytes wire, int status, struct bytes body, bool keep)
{
    static const size_t piece_lens[] = {1, 2, 3, 7, 1000000};
    for (size_t i = 0; i < sizeof piece_lens / sizeof piece_lens[0]; i++) {
        struct response response;
        CHECK(read_pieces(&response, wire, piece_lens[i]) == RESPONSE_DONE);
        CHECK(response.answer.status == status);
        CHECK_BYTES(response.answer.body, body);
        CHECK(bytes_present(response.answer.body) == bytes_present(body));
        CHECK(response.keep == keep);
    }
}

static void check_refused(struct bytes wire, const char *why)
{
    static const size_t piece_lens[] = {1, 5, 1000000};
    for (size_t i = 0; i < sizeof piece_lens / sizeof piece_lens[0]; i++) {
        struct response response;
        CHECK(read_pieces(&response, wire, piece_lens[i]) == RESPONSE_BAD);
        CHECK(response.why != NULL && strcmp(response.why, why) == 0);
    }
}

static void test_bodies(void)
{
    TEST("a counted body is read")
    {
        check_read(BYTES(OK "Content-Length: 2\r\n\r\nhi"), 200, BYTES("hi"), true);
        check_read(BYTES(OK "Content-Length: 0\r\n\r\n"), 200, BYTES(""), true);
    }
    TEST("a chunked body is read, with extensions and trailers, its coding in any case")
    {
        check_read(BYTES(OK "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n001\r\n!\r\n0\r\nX: y\r\n\r\n"), 200,
                   BYTES("hi!"), true);
        check_read(BYTES(OK "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n"), 200, BYTES(""), true);
    }
    TEST("204 and 304 have no body (RFC 9110 6.4.1), and one that claims to have ends the connection")
    {
        check_read(BYTES("HTTP/1.1 204 No\r\n\r\n"), 204, BYTES_ABSENT, true);
        check_read(BYTES("HTTP/1.1 304 No\r\nETag: a\r\n\r\n"), 304, BYTES_ABSENT, true);
        check_read(BYTES("HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n"), 204, BYTES_ABSENT, true);
        check_read(BYTES("HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\n"), 304, BYTES_ABSENT, false);
        check_read(BYTES("HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n"), 204, BYTES_ABSENT, false);
    }
    TEST("HTTP/1.0 and Connection: close end the connection")
    {
        check_read(BYTES("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"), 200, BYTES("hi"), false);
        check_read(BYTES(OK "Connection: close\r\nContent-Length: 2\r\n\r\nhi"), 200, BYTES("hi"), false);
        check_read(BYTES(OK "Connection: a ,\tCLOSE\r\nConnection: b\r\nContent-Length: 2\r\n\r\nhi"), 200, BYTES("hi"),
                   false);
        check_read(BYTES(OK "Connection: closed\r\nContent-Length: 2\r\n\r\nhi"), 200, BYTES("hi"), true);
    }
    TEST("interim answers are skipped")
    {
        check_read(
            BYTES("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nContent-Length: 9\r\nConnection: close\r\n\r\n" OK
                  "Content-Length: 2\r\n\r\nhi"),
            200, BYTES("hi"), true);
    }
}

static void test_behind(void)
{
    static const char *const wires[] = {
        OK "Content-Length: 2\r\n\r\nhiX",
        OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nX",
        "HTTP/1.1 204 No\r\n\r\nX",
    };
    TEST("bytes behind the body end the connection (RFC 9112 9.3)")
    {
        for (size_t i = 0; i < 3; i++) {
            struct response response;
            CHECK(read_pieces(&response, bytes_of(wires[i]), 1000) == RESPONSE_DONE);
            CHECK(!response.keep);
        }
    }
}

static void test_fields(void)
{
    struct response response;
    TEST("Content-Type and the first Set-Cookies are kept, trimmed, names in any case")
    {
        struct bytes wire = BYTES(OK "content-TYPE:\t a/b \r\nset-cookie: a=1\r\nSet-Cookie: b=2; Path=/ "
                                     "\r\nContent-Type: c/d\r\nContent-Length: 0\r\n\r\n");
        CHECK(read_pieces(&response, wire, 1) == RESPONSE_DONE);
        CHECK_BYTES(response.answer.content_type, BYTES("a/b"));
        CHECK(response.answer.set_cookie_count == 2);
        CHECK_BYTES(response.answer.set_cookies[0], BYTES("a=1"));
        CHECK_BYTES(response.answer.set_cookies[1], BYTES("b=2; Path=/"));
    }
    TEST("so is the first Link")
    {
        struct bytes wire =
            BYTES(OK "LINK: </a?b=c>; rel=\"next\"\r\nLink: </d>; rel=\"last\"\r\nContent-Length: 0\r\n\r\n");
        CHECK(read_pieces(&response, wire, 1) == RESPONSE_DONE);
        CHECK_BYTES(response.answer.link, BYTES("</a?b=c>; rel=\"next\""));
    }
    TEST("an interim answer's fields are no part of the answer")
    {
        struct bytes wire =
            BYTES("HTTP/1.1 103 Early\r\nSet-Cookie: a=1\r\nContent-Type: a/b\r\n\r\n" OK "Content-Length: 0\r\n\r\n");
        CHECK(read_pieces(&response, wire, 1000) == RESPONSE_DONE);
        CHECK(response.answer.set_cookie_count == 0 && !bytes_present(response.answer.content_type));
    }
    TEST("no more Set-Cookies are kept than fit")
    {
        struct bytes wire = BYTES(
            OK "Set-Cookie: a\r\nSet-Cookie: a\r\nSet-Cookie: a\r\nSet-Cookie: a\r\nSet-Cookie: a\r\nSet-Cookie: a\r\n"
               "Set-Cookie: a\r\nSet-Cookie: a\r\nSet-Cookie: a\r\nContent-Length: 0\r\n\r\n");
        CHECK(read_pieces(&response, wire, 1000) == RESPONSE_DONE);
        CHECK(response.answer.set_cookie_count == CLIENT_COOKIES_MAX);
    }
}

static void test_refusals(void)
{
    TEST("a length that is not one number is refused (RFC 9112 6.3)")
    {
        check_refused(BYTES(OK "Content-Length: x\r\n\r\n"), "Content-Length is no number");
        check_refused(BYTES(OK "Content-Length: -2\r\n\r\nhi"), "Content-Length is no number");
        check_refused(BYTES(OK "Content-Length: 2, 2\r\n\r\nhi"), "Content-Length is no number");
        check_refused(BYTES(OK "Content-Length:\r\n\r\nhi"), "Content-Length is no number");
        check_refused(BYTES(OK "Content-Length: 18446744073709551616\r\n\r\n"), "Content-Length is no number");
        check_refused(BYTES(OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi"), "two Content-Lengths");
        check_refused(BYTES(OK "\r\nhi"), "neither Content-Length nor Transfer-Encoding");
    }
    TEST("a length beside a coding, an unknown coding, two codings and one in HTTP/1.0 are refused (RFC 9112 6.1)")
    {
        check_refused(BYTES(OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"),
                      "Content-Length beside Transfer-Encoding");
        check_refused(BYTES(OK "Transfer-Encoding: gzip\r\n\r\n"), "unknown Transfer-Encoding");
        check_refused(BYTES(OK "Transfer-Encoding: gzip, chunked\r\n\r\n"), "unknown Transfer-Encoding");
        check_refused(BYTES(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
                      "unknown Transfer-Encoding");
        check_refused(BYTES("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), "Transfer-Encoding in HTTP/1.0");
    }
    TEST("what is no HTTP/1 is refused")
    {
        struct response response;
        check_refused(BYTES("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nhi"), "not an HTTP/1 answer");
        check_refused(BYTES("HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nhi"), "not an HTTP/1 answer");
        check_refused(BYTES("HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nhi"), "folded header line");
        check_refused(BYTES("HTTP/1.1 999 No\r\n\r\n"), "no such status");
        check_refused(BYTES("HTTP/1.1 099 No\r\n\r\n"), "no such status");
        check_refused(BYTES("HTTP/1.1 101 Up\r\n\r\n"), "switched protocols unasked");
        CHECK(read_pieces(&response, BYTES("SSH-2.0-OpenSSH_9.2\r\n"), 1000) == RESPONSE_BAD);
    }
    TEST("broken chunks are refused")
    {
        check_refused(BYTES(OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n"), "broken chunk");
        check_refused(BYTES(OK "Transfer-Encoding: chunked\r\n\r\nx\r\n"), "broken chunk");
        check_refused(BYTES(OK "Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\n"), "broken chunk");
    }
}

/* begin, then filler until that length is reached, then end */
static struct bytes filled(const char *begin, size_t len, const char *filler, const char *end)
{
    static char wire[3 * CLIENT_BODY_MAX];
    size_t at = strlen(begin), filler_len = strlen(filler);
    memcpy(wire, begin, at);
    for (size_t i = 0; at < len; i++) wire[at++] = filler[i % filler_len];
    memcpy(wire + at, end, strlen(end));
    return (struct bytes){wire, at + strlen(end)};
}

static void test_caps(void)
{
    struct response response;
    TEST("a head of CLIENT_HEAD_MAX is read, a byte more is refused")
    {
        const char *end = "\r\nContent-Length: 0\r\n\r\n";
        size_t len = CLIENT_HEAD_MAX - strlen(end);
        CHECK(read_pieces(&response, filled(OK "X: ", len, "x", end), 1000) == RESPONSE_DONE);
        CHECK(read_pieces(&response, filled(OK "X: ", len + 1, "x", end), 1000) == RESPONSE_BAD);
        CHECK(strcmp(response.why, "head too large") == 0);
    }
    TEST("endless interim answers count as head")
    {
        CHECK(read_pieces(&response, filled("", 100000, "HTTP/1.1 103 Early\r\n\r\n", ""), 100) == RESPONSE_BAD);
        CHECK(strcmp(response.why, "head too large") == 0);
    }
    TEST("a body of CLIENT_BODY_MAX is read, a byte more is refused: at its head when it is counted")
    {
        const char *begin = OK "Content-Length: 262144\r\n\r\n", *over = OK "Content-Length: 262145\r\n\r\n";
        CHECK(read_pieces(&response, filled(begin, strlen(begin) + CLIENT_BODY_MAX, "x", ""), 5000) == RESPONSE_DONE);
        CHECK(response.answer.body.len == CLIENT_BODY_MAX && response.keep);
        CHECK(read_pieces(&response, bytes_of(over), 5000) == RESPONSE_BAD);
        CHECK(strcmp(response.why, "body too large") == 0);
    }
    TEST("a chunked body of CLIENT_BODY_MAX is read, a byte more is refused")
    {
        const char *begin = OK "Transfer-Encoding: chunked\r\n\r\n40000\r\n",
                   *over = OK "Transfer-Encoding: chunked\r\n\r\n40001\r\n";
        const char *end = "\r\n0\r\n\r\n";
        CHECK(read_pieces(&response, filled(begin, strlen(begin) + CLIENT_BODY_MAX, "x", end), 5000) == RESPONSE_DONE);
        CHECK(response.answer.body.len == CLIENT_BODY_MAX && response.keep);
        CHECK(read_pieces(&response, filled(over, strlen(over) + CLIENT_BODY_MAX + 1, "x", end), 5000) == RESPONSE_BAD);
        CHECK(strcmp(response.why, "body too large") == 0);
    }
    TEST("endless extensions and trailers are refused")
    {
        CHECK(read_pieces(&response, filled(OK "Transfer-Encoding: chunked\r\n\r\n2;", 700000, "x", ""), 5000) ==
              RESPONSE_BAD);
        CHECK(strcmp(response.why, "too much around the chunks") == 0);
        CHECK(read_pieces(&response, filled(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", 700000, "X: y\r\n", ""),
                          5000) == RESPONSE_BAD);
        CHECK(strcmp(response.why, "too much around the chunks") == 0);
    }
    TEST("an arena that is too small is said, not stepped over")
    {
        struct arena small;
        char wire[] = OK "Content-Length: 5000\r\n\r\nx";
        arena_init(&small, 4000);
        response_init(&response, &small);
        CHECK(response_take(&response, wire, sizeof wire - 1) == RESPONSE_BAD);
        CHECK(response_take(&response, wire, sizeof wire - 1) == RESPONSE_BAD);
        arena_release(&small);
    }
}

int main(void)
{
    arena_init(&arena, 8 << 20);
    test_bodies();
    test_behind();
    test_fields();
    test_refusals();
    test_caps();
    arena_release(&arena);
    return TEST_END();
}
