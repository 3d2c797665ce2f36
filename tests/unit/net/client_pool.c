#include "net/client.h"
#include "unit/net/odd_upstream.h"

static struct upstream *used, *other; /* other: to ask what used does */

static void call_all(size_t count, const char *path)
{
    static struct outcome outcomes[CLIENT_CALLS_MAX];
    struct call call = call_to(path);
    for (size_t i = 0; i < count; i++) {
        outcome_init(&outcomes[i]);
        call_start(used, &call, on_outcome, &outcomes[i]);
    }
    for (size_t i = 0; i < count; i++) {
        while (outcomes[i].done_count == 0) loop_run(loop, 100);
        CHECK(outcomes[i].status == 200);
        arena_release(&outcomes[i].arena);
    }
}

static int64_t accepted(void) { return ask_number(other, "/accepted"); }
static int64_t open_now(void)
{
    run_for(50); /* for the other side to see what was closed */
    return ask_number(other, "/open") - 1;
}

static void test_reuse(void)
{
    int64_t before = accepted();
    TEST("calls one after the other share a connection")
    {
        for (int i = 0; i < 50; i++) call_all(1, "/hi");
        CHECK(accepted() == before + 1);
    }
    TEST("calls at the same time have one each, which later ones use again")
    {
        call_all(10, "/late");
        CHECK(accepted() == before + 10);
        for (int i = 0; i < 5; i++) call_all(10, "/late");
        CHECK(accepted() == before + 10);
        CHECK(open_now() == 10);
    }
    TEST("an answer that is there before the loop turns leaves its connection in the pool")
    {
        struct outcome outcome;
        struct call call = call_to("/hi");
        for (int i = 0; i < 5; i++) {
            outcome_init(&outcome);
            call_start(used, &call, on_outcome, &outcome);
            usleep(20 * 1000);
            while (outcome.done_count == 0) loop_run(loop, 100);
            arena_release(&outcome.arena);
        }
        CHECK(accepted() == before + 10 && open_now() == 10);
    }
    TEST("a connection that has waited CLIENT_IDLE_MS is closed, without a call")
    {
        run_for(CLIENT_IDLE_MS - 600);
        CHECK(open_now() == 10);
        run_for(800);
        CHECK(open_now() == 0);
    }
    TEST("no more than CLIENT_IDLE_MAX are kept")
    {
        call_all(CLIENT_IDLE_MAX + 20, "/late");
        CHECK(open_now() == CLIENT_IDLE_MAX);
    }
}

static void check_not_kept(const char *path)
{
    call_all(1, path);
    if (open_now() != 0) fprintf(stderr, "kept: %s\n", path);
    CHECK(open_now() == 0);
}

static void test_not_kept(void)
{
    TEST("a connection is not kept behind an answer that ends it, or when more came than the answer")
    {
        check_not_kept("/close");
        check_not_kept("/http-1.0");
        check_not_kept("/behind");
        check_not_kept("/behind-chunks");
    }
    TEST("a connection that the other side closes, or says something on, while it waits is closed at once")
    {
        check_not_kept("/leaves");
        run_for(60);
        call_all(1, "/speaks");
        run_for(80);
        CHECK(open_now() == 0);
    }
    TEST("the answer that nobody asked for goes to no call")
    {
        struct call call = call_to("/hi");
        for (int i = 0; i < 3; i++) {
            call_all(1, "/behind");
            struct outcome outcome = run_call(used, &call);
            CHECK_BYTES(outcome.answer.body, BYTES("hi"));
            arena_release(&outcome.arena);
        }
    }
}

/* that many times, one after the other, on an upstream of its own; the last outcome */
static struct outcome call_times(int count, const char *method, const char *path)
{
    struct call call = {.method = method, .path = bytes_of(path)};
    struct upstream *fresh = odd_upstream("http", "127.0.0.1", "plain", 5000);
    struct outcome outcome = run_call(fresh, &call);
    for (int i = 1; i < count; i++) {
        CHECK(outcome.status == 200);
        arena_release(&outcome.arena);
        outcome = run_call(fresh, &call);
    }
    upstream_destroy(fresh);
    return outcome;
}

static void test_repeat(void)
{
    TEST("a GET whose pooled connection had died before any byte came goes again, once (RFC 9110 9.2.2)")
    {
        int64_t before = accepted();
        struct outcome outcome = call_times(2, "GET", "/dies");
        CHECK(outcome.status == 200);
        CHECK(accepted() == before + 2);
        arena_release(&outcome.arena);
    }
    TEST("a PATCH doesn't, for it may have been done")
    {
        struct outcome outcome = call_times(2, "PATCH", "/dies");
        CHECK(outcome.fault.kind == FAULT_AWAY);
    }
    TEST("nor does a GET of whose answer something had come, or whose connection was new")
    {
        int64_t before = accepted();
        struct outcome outcome = call_times(2, "GET", "/dies-half");
        CHECK(outcome.fault.kind == FAULT_AWAY);
        CHECK(accepted() == before + 1);
        outcome = call_times(1, "GET", "/nothing");
        CHECK(outcome.fault.kind == FAULT_AWAY);
        CHECK(accepted() == before + 2);
    }
}

static void test_cap(void)
{
    static struct outcome outcomes[CLIENT_CALLS_MAX + 1];
    struct call call = call_to("/silent");
    TEST("one call more than CLIENT_CALLS_MAX is refused as full, and only that one")
    {
        for (size_t i = 0; i <= CLIENT_CALLS_MAX; i++) {
            outcome_init(&outcomes[i]);
            call_start(used, &call, on_outcome, &outcomes[i]);
            CHECK(outcomes[i].done_count == 0);
        }
        run_for(200);
        for (size_t i = 0; i < CLIENT_CALLS_MAX; i++) CHECK(outcomes[i].done_count == 0);
        CHECK(outcomes[CLIENT_CALLS_MAX].fault.kind == FAULT_FULL);
    }
    TEST("an upstream that goes ends the calls under way without a word")
    {
        upstream_destroy(used);
        run_for(50);
        for (size_t i = 0; i < CLIENT_CALLS_MAX; i++) CHECK(outcomes[i].done_count == 0);
        for (int i = 0; i < 100 && open_now() > 0; i++) continue;
        CHECK(open_now() == 0);
    }
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 2) return EXIT_FAILURE;
    odd_start(arguments[1]);
    loop = loop_create();
    used = odd_upstream("http", "127.0.0.1", "plain", 5000);
    other = odd_upstream("http", "127.0.0.1", "plain", 5000);
    test_reuse();
    upstream_destroy(used);
    used = odd_upstream("http", "127.0.0.1", "plain", 5000);
    test_not_kept();
    test_repeat();
    test_cap();
    upstream_destroy(other);
    loop_destroy(loop);
    odd_stop();
    return TEST_END();
}
