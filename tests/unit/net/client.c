#include "unit/net/odd_upstream.h"

static struct upstream *plain;

static void check_answer(const char *name, int status, struct bytes body)
{
    struct outcome outcome = get(plain, name);
    if (outcome.status != status) fprintf(stderr, "%s: %d %s\n", name, outcome.status, outcome.fault.what);
    CHECK(outcome.done_count == 1 && outcome.status == status && outcome.fault.kind == FAULT_NONE);
    CHECK_BYTES(outcome.answer.body, body);
    arena_release(&outcome.arena);
}

static void check_fault(struct upstream *upstream, const char *name, enum fault_kind kind)
{
    struct outcome outcome = get(upstream, name);
    if (outcome.fault.kind != kind) fprintf(stderr, "%s: %d %s\n", name, outcome.status, outcome.fault.what);
    CHECK(outcome.done_count == 1 && outcome.status == 0 && outcome.fault.kind == kind);
    CHECK(strncmp(outcome.fault.where, "client: GET ", 12) == 0);
    CHECK(outcome.fault.what[0] != '\0' && strstr(outcome.fault.what, "hi") == NULL);
}

static void check_len(const char *name, size_t body_len)
{
    struct outcome outcome = get(plain, name);
    CHECK(outcome.status == 200 && outcome.answer.body.len == body_len);
    arena_release(&outcome.arena);
}

/* ---- answers ---- */

static void test_answers(void)
{
    TEST("an answer is taken whatever its status, and a redirect isn't followed")
    {
        check_answer("hi", 200, BYTES("hi"));
        check_answer("empty", 200, BYTES(""));
        check_answer("no-content", 204, BYTES_ABSENT);
        check_answer("not-modified", 304, BYTES_ABSENT);
        check_answer("error", 500, BYTES("bad"));
        check_answer("redirect", 302, BYTES(""));
    }
    TEST("counted and chunked bodies are read, however they are cut")
    {
        check_answer("chunked", 200, BYTES("hello you"));
        check_answer("Chunked", 200, BYTES("hi"));
        check_answer("trailers", 200, BYTES("hi"));
        check_answer("split", 200, BYTES("hi"));
        check_answer("split-length", 200, BYTES("hi"));
        check_answer("split-interim", 200, BYTES("hi"));
        check_answer("interim", 200, BYTES("hi"));
        check_answer("close", 200, BYTES("hi"));
        check_answer("http-1.0", 200, BYTES("hi"));
    }
    TEST("head and body are read up to their caps")
    {
        check_len("head-max", 0);
        check_len("body-max", CLIENT_BODY_MAX);
        check_len("chunks-max", CLIENT_BODY_MAX);
    }
    TEST("Content-Type and Set-Cookie are kept")
    {
        struct outcome outcome = get(plain, "fields");
        CHECK_BYTES(outcome.answer.content_type, BYTES("application/json"));
        CHECK(outcome.answer.set_cookie_count == 2);
        CHECK_BYTES(outcome.answer.set_cookies[1], BYTES("b=2; Path=/"));
        arena_release(&outcome.arena);
        outcome = get(plain, "cookies");
        CHECK(outcome.status == 200 && outcome.answer.set_cookie_count == CLIENT_COOKIES_MAX);
        arena_release(&outcome.arena);
    }
}

static void test_refused_answers(void)
{
    static const char *const names[] = {
        "head-over",
        "head-huge",
        "interim-endless",
        "many-fields",
        "body-over",
        "body-huge",
        "chunks-over",
        "chunks-huge",
        "chunk-endless",
        "trailers-endless",
        "chunk-broken",
        "chunk-size-huge",
        "chunk-size-missing",
        "gzip",
        "gzip-chunked",
        "chunked-twice",
        "chunked-1.0",
        "length-bad",
        "length-negative",
        "length-plus",
        "length-huge",
        "length-empty",
        "length-list",
        "length-twice",
        "both",
        "neither",
        "switch",
        "status-odd",
        "status-low",
        "folded",
        "name-space",
        "nul",
        "garbage",
        "no-head",
        "http-2",
        "half",
        "half-head",
        "half-chunk",
        "nothing",
    };
    TEST("an answer whose end or meaning is in doubt is refused, and nothing of it is in the fault")
    {
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) check_fault(plain, names[i], FAULT_AWAY);
    }
    TEST("the next call is answered all the same") { check_answer("hi", 200, BYTES("hi")); }
}

static void test_deadline(void)
{
    static const char *const names[] = {"silent", "drip-head", "drip-body", "drip-chunks"};
    struct upstream *upstream = odd_upstream("http", "127.0.0.1", "plain", 200);
    TEST("one deadline holds for the whole call, whatever drips in")
    {
        for (size_t i = 0; i < 4; i++) {
            struct outcome outcome = get(upstream, names[i]);
            CHECK(outcome.fault.kind == FAULT_LATE);
            CHECK(strcmp(outcome.fault.what, "out of time while waiting for the answer") == 0);
            CHECK(outcome.took_ms >= 200 && outcome.took_ms < 2000);
        }
    }
    upstream_destroy(upstream);
    TEST("it holds while the name is looked up")
    {
        upstream = odd_upstream("http", "slow.example.test", "plain", 50);
        struct outcome outcome = get(upstream, "hi");
        CHECK(outcome.fault.kind == FAULT_LATE && strstr(outcome.fault.what, "looking up") != NULL);
        upstream_destroy(upstream);
    }
    TEST("it holds while TLS is agreed on")
    {
        upstream = odd_upstream("https", "name.example.test", "plain", 50);
        struct outcome outcome = get(upstream, "hi");
        CHECK(outcome.fault.kind == FAULT_LATE && strstr(outcome.fault.what, "TLS") != NULL);
        upstream_destroy(upstream);
    }
}

/* ---- requests ---- */

static void test_requests(void)
{
    TEST("method, path, headers and body go out as they were given, of which the caller may dispose at once")
    {
        char path[] = "/echo?a=b", value[] = "ory_st_a", body[] = "{\"a\":1}";
        struct call call = {.method = "PATCH", .path = bytes_of(path), .body = bytes_of(body)};
        call.headers[call.header_count++] = (struct call_header){BYTES("X-Session-Token"), bytes_of(value)};
        struct outcome outcome;
        outcome_init(&outcome);
        call_start(plain, &call, on_outcome, &outcome);
        memset(path, 'x', sizeof path);
        memset(value, 'x', sizeof value);
        memset(body, 'x', sizeof body);
        while (outcome.done_count == 0) loop_run(loop, 100);
        char want[256];
        snprintf(want, sizeof want,
                 "PATCH /echo?a=b HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nX-Session-Token: ory_st_a\r\nContent-Length: "
                 "7\r\n\r\n{\"a\":1}",
                 odd_value("plain"));
        CHECK_BYTES(outcome.answer.body, bytes_of(want));
        arena_release(&outcome.arena);
    }
    TEST("a large body goes out whole")
    {
        static char body[200000];
        memset(body, 'b', sizeof body);
        struct call call = {.method = "POST", .path = BYTES("/echo"), .body = {body, sizeof body}};
        struct outcome outcome = run_call(plain, &call);
        CHECK(outcome.status == 200 && outcome.answer.body.len > sizeof body);
        arena_release(&outcome.arena);
    }
    TEST("an answer that comes before the request has gone out whole is taken, and its connection isn't kept")
    {
        static char body[3000000];
        struct upstream *narrow = odd_upstream("http", "127.0.0.1", "narrow", 1000);
        struct call call = {.method = "POST", .path = BYTES("/early"), .body = {body, sizeof body}};
        int64_t before = ask_number(plain, "/accepted");
        struct outcome outcome = run_call(narrow, &call);
        CHECK_BYTES(outcome.answer.body, BYTES("hi"));
        arena_release(&outcome.arena);
        CHECK(ask_number(narrow, "/accepted") == before + 2);
        upstream_destroy(narrow);
    }
    TEST("a body beyond what a call may keep is refused")
    {
        struct call call = {.method = "POST", .path = BYTES("/echo"), .body = {calloc(1, 5000000), 5000000}};
        struct outcome outcome = run_call(plain, &call);
        CHECK(outcome.fault.kind == FAULT_FULL);
        free((char *)call.body.at);
    }
    TEST("CR, LF and NUL in path, name or value are a bug of ours, told before anybody connects")
    {
        static const struct bytes bads[] = {{"/a\r\nB: c", 8}, {"/a\nb", 4}, {"/a\0b", 4}};
        struct upstream *fresh = odd_upstream("http", "127.0.0.1", "plain", 1000);
        int64_t before = ask_number(plain, "/accepted");
        for (size_t i = 0; i < 9; i++) {
            struct call call = {
                .method = "GET", .path = BYTES("/hi"), .headers = {{BYTES("A"), BYTES("b")}}, .header_count = 1};
            struct bytes *place[] = {&call.path, &call.headers[0].name, &call.headers[0].value};
            *place[i % 3] = bads[i / 3];
            struct outcome outcome = run_call(fresh, &call);
            CHECK(outcome.fault.kind == FAULT_BUG && outcome.done_count == 1);
        }
        CHECK(ask_number(plain, "/accepted") == before);
        upstream_destroy(fresh);
    }
}

/* ---- connecting ---- */

static void test_connecting(void)
{
    struct upstream *upstream = odd_upstream("http", "two.example.test", "plain", 1000);
    TEST("every address of a name is tried in order")
    {
        CHECK(ask_number(upstream, "/open") > 0);
        upstream_destroy(upstream);
    }
    TEST("a name whose addresses all refuse is away")
    {
        upstream = odd_upstream("http", "dead.example.test", "plain", 1000);
        check_fault(upstream, "hi", FAULT_AWAY);
        upstream_destroy(upstream);
    }
    TEST("a name that doesn't resolve is away")
    {
        upstream = odd_upstream("http", "unknown.example.test", "plain", 1000);
        check_fault(upstream, "hi", FAULT_AWAY);
        upstream_destroy(upstream);
    }
    TEST("who closes at once is away")
    {
        upstream = odd_upstream("http", "127.0.0.1", "shut", 1000);
        check_fault(upstream, "hi", FAULT_AWAY);
        upstream_destroy(upstream);
    }
    TEST("calls that wait for the same name share one lookup")
    {
        struct outcome outcomes[10];
        struct call call = call_to("/hi");
        int before = lookup_count, done_count = 0;
        upstream = odd_upstream("http", "name.example.test", "plain", 1000);
        for (size_t i = 0; i < 10; i++) {
            outcome_init(&outcomes[i]);
            call_start(upstream, &call, on_outcome, &outcomes[i]);
        }
        for (size_t i = 0; i < 10; i++) {
            run_until(&outcomes[i].done_count, 1);
            done_count += outcomes[i].status == 200;
            arena_release(&outcomes[i].arena);
        }
        CHECK(done_count == 10);
        CHECK(lookup_count == before + 1);
        upstream_destroy(upstream);
    }
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 2) return EXIT_FAILURE;
    odd_start(arguments[1]);
    loop = loop_create();
    plain = odd_upstream("http", "127.0.0.1", "plain", 3000);
    test_answers();
    test_refused_answers();
    test_deadline();
    test_requests();
    test_connecting();
    upstream_destroy(plain);
    run_for(20);
    loop_destroy(loop);
    odd_stop();
    return TEST_END();
}
