/* client_life: net/client.c again: calls that end otherwise than by being told, what on_done may do, and flows. */
#include <arpa/inet.h>

#include "unit/net/odd_upstream.h"

static struct upstream *plain;

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
        CHECK(ask_number(plain, "/open") > 0);
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
        run_until(&chain.left, -1);
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
            run_until(&chain.left, -1);
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
        run_until(&asking.finished_count, 1);
        CHECK(asking.went_on_count == 1 && asking.finished_count == 1 && asking.answer.status == 200);
        CHECK_BYTES(asking.answer.body, BYTES("{}"));
        CHECK_BYTES(asking.answer.content_type, BYTES("application/json"));
        CHECK_BYTES(asking.answer.set_cookies[1], BYTES("b=2; Path=/"));
        arena_release(&asking.arena);
    }
    TEST("a call that fails ends the flow with its fault")
    {
        drive(&asking, "/garbage", 10000);
        run_until(&asking.finished_count, 1);
        CHECK(asking.went_on_count == 0 && asking.finished_count == 1 && asking.flow.fault.kind == FAULT_AWAY);
        CHECK(strcmp(asking.flow.fault.where, "client: GET 127.0.0.1") == 0);
        arena_release(&asking.arena);
        drive(&asking, "/\r\n", 10000);
        run_until(&asking.finished_count, 1);
        CHECK(asking.finished_count == 1 && asking.flow.fault.kind == FAULT_BUG);
        arena_release(&asking.arena);
    }
    TEST("an answer that the arena can't take ends the flow as full")
    {
        drive(&asking, "/body-max", 10000);
        run_until(&asking.finished_count, 1);
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
