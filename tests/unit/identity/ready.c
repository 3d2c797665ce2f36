#include "identity/kratos/ready.h"

#include "looks.h"

enum { MANY = 5 };

static struct known {
    struct ready_wait wait; /* first */
    int told;
    bool good;
} knowns[MANY];

static void on_known(struct ready_wait *wait, bool good)
{
    struct known *known = (struct known *)wait;
    known->told++;
    known->good = good;
}

static struct known *start(struct ready *ready, int i, int64_t since_ms)
{
    knowns[i] = (struct known){.wait = {.run = on_known, .since_ms = since_ms}};
    ready_tell(ready, &knowns[i].wait);
    return &knowns[i];
}

static int64_t now_ms(void) { return loop_now_ms(standin.loop); }

static bool is_good_since(struct ready *ready, int64_t since_ms)
{
    struct known *known = start(ready, 0, since_ms);
    while (known->told == 0) loop_run(standin.loop, 10);
    return known->good;
}

static bool is_good(struct ready *ready) { return is_good_since(ready, now_ms() - 1); }

static struct ready begin(void)
{
    struct ready ready;
    fresh();
    ready_init(&ready, standin.loop, standin.control);
    return ready;
}

int main(void)
{
    looks_begin();
    struct ready ready;
    TEST("those who want to know at the same time share one call")
    {
        ready = begin();
        int64_t before_ms = now_ms() - 1;
        for (int i = 0; i < MANY; i++) start(&ready, i, before_ms);
        CHECK(knowns[0].told == 0);
        while (knowns[0].told == 0) loop_run(standin.loop, 10);
        for (int i = 0; i < MANY; i++) CHECK(knowns[i].told == 1 && knowns[i].good);
        CHECK(calls_of("ready") == 1);
    }
    TEST("an answer is kept for those who want to know since before it was asked for, a good one and a bad one")
    {
        ready = begin();
        int64_t before_ms = now_ms() - 1;
        CHECK(is_good_since(&ready, before_ms));
        plan("path=ready&status=503");
        CHECK(start(&ready, 1, before_ms)->told == 1 && knowns[1].good);
        run_for(5);
        before_ms = now_ms() - 1;
        CHECK(!is_good_since(&ready, before_ms));
        control("DELETE", "/standin/faults");
        CHECK(start(&ready, 1, before_ms)->told == 1 && !knowns[1].good);
        run_for(5);
        CHECK(is_good(&ready) && calls_of("ready") == 3);
    }
    TEST("who wants to know since a call began is not told what it brings, but what the next one does")
    {
        ready = begin();
        plan("path=ready&delay_ms=50&count=1");
        start(&ready, 0, now_ms() - 1);
        run_for(10);
        start(&ready, 1, now_ms());
        plan("path=ready&status=503");
        while (knowns[0].told == 0) loop_run(standin.loop, 10);
        CHECK(knowns[0].good && knowns[1].told == 0);
        while (knowns[1].told == 0) loop_run(standin.loop, 10);
        CHECK(!knowns[1].good && calls_of("ready") == 2);
    }
    TEST("no answer is not good")
    {
        ready = begin();
        plan("path=ready&drop=true");
        CHECK(!is_good(&ready));
    }
    TEST("a 200 without Kratos' words is not good: whoever else is there says that as well")
    {
        static const struct bytes bodies[] = {BYTES(""),
                                              BYTES("<html>welcome</html>"),
                                              BYTES("{}"),
                                              BYTES("{\"status\":\"error\"}"),
                                              BYTES("{\"status\":true}"),
                                              BYTES("{\"status\":\"error\",\"status\":\"ok\"}")};
        struct fault fault;
        script_begin();
        struct upstream *upstream = upstream_create(standin.loop, bytes_of(script.url), TIMEOUT_MS, NULL, &fault);
        ready_init(&ready, standin.loop, upstream);
        CHECK(is_good(&ready));
        for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
            script.ready = script_write(200, "", bodies[i]);
            ready_init(&ready, standin.loop, upstream);
            CHECK(!is_good(&ready));
        }
        upstream_destroy(upstream);
        script_end();
    }
    TEST("who has been forgotten isn't told")
    {
        ready = begin();
        int64_t before_ms = now_ms() - 1;
        for (int i = 0; i < 3; i++) start(&ready, i, before_ms);
        ready_forget(&ready, &knowns[1].wait);
        ready_forget(&ready, &knowns[1].wait);
        while (knowns[0].told == 0) loop_run(standin.loop, 10);
        CHECK(knowns[1].told == 0 && knowns[2].told == 1);
        ready_forget(&ready, &knowns[2].wait);
    }
    TEST("released while it asks, nobody is told")
    {
        ready = begin();
        start(&ready, 0, now_ms() - 1);
        ready_release(&ready);
        run_for(50);
        CHECK(knowns[0].told == 0);
    }
    looks_end();
    return TEST_END();
}
