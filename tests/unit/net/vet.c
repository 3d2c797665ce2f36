#include "net/vet.h"
#include "unit/test.h"

enum { MAX = 1024 };

static enum vet_outcome outcome_of(const char *head) { return vet_head(bytes_of(head), MAX, false).outcome; }
static enum vet_outcome outcome_in_1_0(const char *head) { return vet_head(bytes_of(head), MAX, true).outcome; }

#define HEAD(lines) "GET / HTTP/1.1\r\n" lines "\r\n"

static void test_good(void)
{
    TEST("a plain head is good; its length and its host are known, and what follows isn't looked at")
    {
        struct vet vet = vet_head(BYTES(HEAD("Host: a.example:81\r\nX-A: b\r\n") "GET /next\n\n"), MAX, false);
        CHECK(vet.outcome == VET_GOOD);
        CHECK(vet.head_len == sizeof HEAD("Host: a.example:81\r\nX-A: b\r\n") - 1);
        CHECK_BYTES(vet.host, BYTES("a.example:81"));
    }
    TEST("names are found in any case, and a value is trimmed")
    {
        struct vet vet = vet_head(BYTES(HEAD("hOsT: \t x \t\r\n")), MAX, false);
        CHECK(vet.outcome == VET_GOOD);
        CHECK_BYTES(vet.host, BYTES("x"));
        CHECK(outcome_of(HEAD("host: x\r\nCONTENT-LENGTH: 1\r\ncontent-length: 1\r\n")) == VET_BAD);
    }
    TEST("an empty line before the request is counted to its head")
    {
        struct vet vet = vet_head(BYTES("\r\n" HEAD("Host: x\r\n")), MAX, false);
        CHECK(vet.outcome == VET_GOOD && vet.head_len == sizeof "\r\n" HEAD("Host: x\r\n") - 1);
    }
    TEST("a name that only begins like one of ours, or stands in a value, is another")
    {
        CHECK(outcome_of(HEAD("Host: x\r\nHost-Name: a/b\r\nContent-Length-X: 1\r\nX: Content-Length: 1\r\n"
                              "Content-Length: 1\r\n")) == VET_GOOD);
    }
    TEST("one length is how it should be; an empty Host too")
    {
        CHECK(outcome_of(HEAD("Host: x\r\nContent-Length: 5\r\n")) == VET_GOOD);
        CHECK(outcome_of(HEAD("Host:\r\n")) == VET_GOOD);
        CHECK(outcome_of(HEAD("Host: [::1]:80\r\n")) == VET_GOOD);
    }
}

static void test_coded(void)
{
    TEST("RFC 9112 6.3: one coding, whichever, instead of a length; the head's length and the host are known")
    {
        struct vet vet = vet_head(BYTES(HEAD("Host: x\r\ntransfer-encoding: chunked\r\n") "0\n\n"), MAX, false);
        CHECK(vet.outcome == VET_CODED);
        CHECK(vet.head_len == sizeof HEAD("Host: x\r\ntransfer-encoding: chunked\r\n") - 1);
        CHECK_BYTES(vet.host, BYTES("x"));
        CHECK(outcome_of(HEAD("Host: x\r\nTransfer-Encoding:\r\n")) == VET_CODED);
        CHECK(outcome_of(HEAD("Host: x\r\nTransfer-Encoding-X: chunked\r\n")) == VET_GOOD);
    }
}

static void test_bad(void)
{
    TEST("RFC 9112 6.1, 6.3: a length and a coding, or two of one, are bad")
    {
        CHECK(outcome_of(HEAD("Host: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n")) == VET_BAD);
        CHECK(outcome_of(HEAD("Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n")) == VET_BAD);
        CHECK(outcome_of(HEAD("Host: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n")) == VET_BAD);
        CHECK(outcome_of(HEAD("Host: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) == VET_BAD);
    }
    TEST("RFC 9112 6.1: a coding in HTTP/1.0 is bad")
    {
        CHECK(outcome_in_1_0(HEAD("Transfer-Encoding: chunked\r\n")) == VET_BAD);
        CHECK(outcome_in_1_0(HEAD("Content-Length: 5\r\n")) == VET_GOOD);
    }
    TEST("RFC 9112 3.2: HTTP/1.1 has one Host, 1.0 at most one, and it looks like a host")
    {
        CHECK(outcome_of(HEAD("X-A: b\r\n")) == VET_BAD);
        CHECK(outcome_of(HEAD("Host: x\r\nHost: x\r\n")) == VET_BAD);
        CHECK(outcome_in_1_0(HEAD("X-A: b\r\n")) == VET_GOOD);
        CHECK(!bytes_present(vet_head(BYTES(HEAD("X-A: b\r\n")), MAX, true).host));
        CHECK(outcome_in_1_0(HEAD("Host: x\r\nHost: x\r\n")) == VET_BAD);
        CHECK(outcome_of(HEAD("Host: a@b\r\n")) == VET_BAD);
        CHECK(outcome_of(HEAD("Host: a/b\r\n")) == VET_BAD);
        CHECK(outcome_of(HEAD("Host: a b\r\n")) == VET_BAD);
        CHECK(outcome_of(HEAD("Host: a\\b\r\n")) == VET_BAD);
    }
    TEST("RFC 9112 5.2: a folded line is bad, with a space or a tab")
    {
        CHECK(outcome_of(HEAD("Host: x\r\nX-A: b\r\n c\r\n")) == VET_BAD);
        CHECK(outcome_of(HEAD("Host: x\r\nX-A: b\r\n\tc\r\n")) == VET_BAD);
    }
    TEST("RFC 9112 2.2: a bare line feed is bad wherever it stands")
    {
        CHECK(outcome_of("GET / HTTP/1.1\nHost: x\r\n\r\n") == VET_BAD);
        CHECK(outcome_of("GET / HTTP/1.1\r\nHost: x\n\r\n") == VET_BAD);
        CHECK(outcome_of("GET / HTTP/1.1\r\nHost: x\r\n\n") == VET_BAD);
    }
    TEST("a head without its end is bad, and so is nothing")
    {
        CHECK(outcome_of("GET / HTTP/1.1\r\nHost: x\r\n") == VET_BAD);
        CHECK(outcome_of("") == VET_BAD);
        CHECK(outcome_of("\r\n\r\n") == VET_BAD);
    }
}

static void test_size(void)
{
    char head[2 * MAX];
    int len = snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: x\r\nX-A: %*s\r\n\r\n", 900, "b");
    TEST("a head may be as long as the maximum, and no byte longer")
    {
        CHECK(vet_head(bytes_of(head), (size_t)len, false).outcome == VET_GOOD);
        CHECK(vet_head(bytes_of(head), (size_t)len - 1, false).outcome == VET_TOO_LARGE);
    }
}

int main(void)
{
    test_good();
    test_coded();
    test_bad();
    test_size();
    return TEST_END();
}
