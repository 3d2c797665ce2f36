#include "net/client.h"

#include <arpa/inet.h>

#include "unit/net/odd_upstream.h"

static struct upstream *plain;

static struct outcome get(struct upstream *upstream, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/%s", name);
    struct call call = call_to(path);
    return run_call(upstream, &call);
}

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
            CHECK(outcome.took_ms >= 200 && outcome.took_ms < 500);
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
        run_for(200);
        for (size_t i = 0; i < 10; i++) {
            done_count += outcomes[i].status == 200;
            arena_release(&outcomes[i].arena);
        }
        CHECK(done_count == 10);
        CHECK(lookup_count == before + 1);
        upstream_destroy(upstream);
    }
}

/* ---- cancelling ---- */

/* a port on loopback to which connecting takes for ever: its queue is full */
static const char *full_port(void)
{
    static char port[8];
    static int sockets[4];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    sockets[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(sockets[0], (struct sockaddr *)&address, len) != 0 || listen(sockets[0], 0) != 0) exit(EXIT_FAILURE);
    getsockname(sockets[0], (struct sockaddr *)&address, &len);
    for (size_t i = 1; i < 4; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(sockets[i], (struct sockaddr *)&address, len);
    }
    snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
    return port;
}

static struct upstream *hung_upstream(void)
{
    char url[64];
    struct fault fault;
    snprintf(url, sizeof url, "http://127.0.0.1:%s", full_port());
    return upstream_create(loop, bytes_of(url), 300, NULL, &fault);
}

static void cancel_after(struct upstream *upstream, const char *path, int64_t ms)
{
    struct outcome outcome;
    struct call call = call_to(path);
    outcome_init(&outcome);
    struct call_handle *handle = call_start(upstream, &call, on_outcome, &outcome);
    if (ms > 0) run_for(ms);
    CHECK(outcome.done_count == 0);
    call_cancel(handle);
    run_for(20);
    CHECK(outcome.done_count == 0);
}

static void test_cancel(void)
{
    struct upstream *hung = hung_upstream(), *tls = odd_upstream("https", "name.example.test", "plain", 1000);
    struct upstream *slow = odd_upstream("http", "slow.example.test", "plain", 1000);
    TEST("a call can be cancelled at once, and while its name is looked up")
    {
        cancel_after(plain, "/silent", 0);
        cancel_after(slow, "/silent", 0);
        cancel_after(slow, "/silent", 20);
    }
    TEST("a call can be cancelled while it connects, and is late there")
    {
        cancel_after(hung, "/silent", 30);
        struct outcome outcome = get(hung, "hi");
        CHECK(outcome.fault.kind == FAULT_LATE && strstr(outcome.fault.what, "connecting") != NULL);
    }
    TEST("a call can be cancelled while TLS is agreed on") { cancel_after(tls, "/silent", 30); }
    TEST("a call can be cancelled when it has been sent, and while its answer comes")
    {
        cancel_after(plain, "/silent", 30);
        cancel_after(plain, "/drip-head", 70);
        cancel_after(plain, "/drip-body", 70);
        cancel_after(plain, "/drip-chunks", 70);
    }
    TEST("a call that has failed and hasn't been told yet can be cancelled") { cancel_after(plain, "no slash", 0); }
    TEST("others go on")
    {
        slow_name_free = true;
        check_answer("hi", 200, BYTES("hi"));
        CHECK(ask_number(slow, "/open") > 0);
    }
    upstream_destroy(hung);
    upstream_destroy(tls);
    upstream_destroy(slow);
}

static void test_destroy(void)
{
    static const char *const paths[] = {"/hi", "/silent", "/drip-head", "/drip-body", "no slash"};
    TEST("an upstream that goes in any phase of its calls wakes nobody")
    {
        for (int64_t after_ms = 0; after_ms < 60; after_ms += 15) {
            struct outcome outcomes[10];
            struct upstream *upstreams[] = {
                odd_upstream("http", "127.0.0.1", "plain", 1000),
                odd_upstream("https", "name.example.test", "right-1.3", 1000),
            };
            int done_before = 0, done_after = 0;
            for (size_t i = 0; i < 10; i++) {
                struct call call = call_to(paths[i % 5]);
                outcome_init(&outcomes[i]);
                call_start(upstreams[i / 5], &call, on_outcome, &outcomes[i]);
            }
            if (after_ms > 0) run_for(after_ms);
            for (size_t i = 0; i < 10; i++) done_before += outcomes[i].done_count;
            upstream_destroy(upstreams[0]);
            upstream_destroy(upstreams[1]);
            run_for(20);
            for (size_t i = 0; i < 10; i++) done_after += outcomes[i].done_count;
            CHECK(done_after == done_before);
            for (size_t i = 0; i < 10; i++) arena_release(&outcomes[i].arena);
        }
    }
}

/* ---- what on_done may do ---- */

struct chain {
    struct upstream *upstream;
    struct call_handle *handle;
    int left, status;
    bool destroy;
};

static void on_link(void *data, const struct call_answer *answer, const struct fault *fault)
{
    struct chain *chain = data;
    struct call call = call_to("/hi");
    chain->status = answer != NULL ? answer->status : -(int)fault->kind;
    call_cancel(chain->handle); /* nothing, by now */
    if (chain->destroy) upstream_destroy(chain->upstream);
    if (chain->left-- > 0) chain->handle = call_start(chain->upstream, &call, on_link, chain);
}

static void test_inside_on_done(void)
{
    static const char *const paths[] = {"/hi", "/garbage"};
    struct call call = call_to("/hi");
    TEST("on_done may cancel its own call and start the next one")
    {
        struct chain chain = {.upstream = plain, .left = 5};
        chain.handle = call_start(plain, &call, on_link, &chain);
        run_for(100);
        CHECK(chain.left == -1 && chain.status == 200);
    }
    TEST("on_done may destroy the upstream, of an answer and of a fault")
    {
        for (size_t i = 0; i < 2; i++) {
            struct outcome never;
            struct chain chain = {.upstream = odd_upstream("http", "127.0.0.1", "plain", 1000), .destroy = true};
            struct call silent = call_to("/silent");
            outcome_init(&never);
            call.path = bytes_of(paths[i]);
            call_start(chain.upstream, &silent, on_outcome, &never);
            chain.handle = call_start(chain.upstream, &call, on_link, &chain);
            run_for(100);
            CHECK(chain.left == -1 && chain.status == (i == 0 ? 200 : -(int)FAULT_AWAY));
            CHECK(never.done_count == 0);
        }
    }
}

/* ---- flows ---- */

struct asking_flow {
    struct flow flow;
    struct arena arena;
    struct call_answer answer;
    const char *path;
    int went_on_count, finished_count;
};

static enum step_result ask(struct flow *flow)
{
    struct asking_flow *asking = (struct asking_flow *)flow;
    struct call call = call_to(asking->path);
    return ask_call(flow, plain, &call, &asking->arena, &asking->answer);
}

static enum step_result go_on(struct flow *flow)
{
    ((struct asking_flow *)flow)->went_on_count++;
    return STEP_NEXT;
}

static void finish(struct flow *flow) { ((struct asking_flow *)flow)->finished_count++; }

static const struct step steps[] = {{"ask", ask}, {"go on", go_on}, {NULL, NULL}};

static void drive(struct asking_flow *asking, const char *path, size_t arena_cap)
{
    *asking = (struct asking_flow){.path = path};
    arena_init(&asking->arena, arena_cap);
    flow_init(&asking->flow, steps, finish);
    flow_drive(&asking->flow);
    CHECK(asking->finished_count == 0);
}

static void test_flows(void)
{
    struct asking_flow asking;
    TEST("a flow waits for its call and goes on with the answer in its arena")
    {
        char words[128];
        drive(&asking, "/fields", 10000);
        flow_describe(&asking.flow, words, sizeof words);
        CHECK(strcmp(words, "at step ask, waiting for client: GET 127.0.0.1") == 0);
        run_for(100);
        CHECK(asking.went_on_count == 1 && asking.finished_count == 1 && asking.answer.status == 200);
        CHECK_BYTES(asking.answer.body, BYTES("{}"));
        CHECK_BYTES(asking.answer.content_type, BYTES("application/json"));
        CHECK_BYTES(asking.answer.set_cookies[1], BYTES("b=2; Path=/"));
        arena_release(&asking.arena);
    }
    TEST("a call that fails ends the flow with its fault")
    {
        drive(&asking, "/garbage", 10000);
        run_for(100);
        CHECK(asking.went_on_count == 0 && asking.finished_count == 1 && asking.flow.fault.kind == FAULT_AWAY);
        CHECK(strcmp(asking.flow.fault.where, "client: GET 127.0.0.1") == 0);
        arena_release(&asking.arena);
        drive(&asking, "/\r\n", 10000);
        run_for(20);
        CHECK(asking.finished_count == 1 && asking.flow.fault.kind == FAULT_BUG);
        arena_release(&asking.arena);
    }
    TEST("an answer that the arena can't take ends the flow as full")
    {
        drive(&asking, "/body-max", 10000);
        run_for(100);
        CHECK(asking.went_on_count == 0 && asking.finished_count == 1 && asking.flow.fault.kind == FAULT_FULL);
        arena_release(&asking.arena);
    }
    TEST("a flow whose arena is full already ends inside the step that asked")
    {
        asking = (struct asking_flow){.path = "/hi"};
        arena_init(&asking.arena, 10);
        flow_init(&asking.flow, steps, finish);
        flow_drive(&asking.flow);
        CHECK(asking.finished_count == 1 && asking.flow.fault.kind == FAULT_FULL);
    }
    TEST("a flow that is aborted or released while it waits is left alone by its call")
    {
        drive(&asking, "/late", 10000);
        flow_abort(&asking.flow, FAULT_LEFT, "server", "the client left");
        arena_release(&asking.arena);
        drive(&asking, "/late", 10000);
        flow_release(&asking.flow);
        run_for(400);
        CHECK(asking.went_on_count == 0 && asking.finished_count == 0);
        arena_release(&asking.arena);
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
    test_cancel();
    test_destroy();
    test_inside_on_done();
    test_flows();
    upstream_destroy(plain);
    run_for(20);
    loop_destroy(loop);
    odd_stop();
    return TEST_END();
}
