#include "oauth/aside.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/test.h"

enum { MANY = 600, PATIENCE_MS = 20000 };

static struct loop *loop;
static struct aside_crew *crew;
static atomic_int begun, dropped, ran;
static sem_t gate; /* pieces that wait for it hold their thread */
static atomic_int nice_on_thread;

struct piece {
    struct aside aside; /* first */
    struct asker *asker;
    bool waits_at_gate, fails;
};

struct asker {
    struct flow flow; /* first */
    enum metric_aside lane;
    bool waits_at_gate, fails, borrows;
    int delivered;
    bool ended;
};

static void run(struct aside *aside)
{
    struct piece *piece = (struct piece *)aside;
    begun++;
    if (piece->waits_at_gate) sem_wait(&gate);
    nice_on_thread = getpriority(PRIO_PROCESS, (id_t)gettid());
    ran++;
}

static bool deliver(struct aside *aside, struct fault *fault)
{
    struct piece *piece = (struct piece *)aside;
    piece->asker->delivered++;
    return !piece->fails || fault_set(fault, FAULT_BUG, "test", "it failed");
}

static void drop(struct aside *aside)
{
    dropped++;
    free(aside);
}

static enum step_result ask(struct flow *flow)
{
    struct asker *a = (struct asker *)flow;
    struct piece *piece = calloc(1, sizeof *piece);
    *piece =
        (struct piece){.aside = {.lane = a->lane, .run = run, .deliver = deliver, .drop = drop, .borrows = a->borrows},
                       .asker = a,
                       .waits_at_gate = a->waits_at_gate,
                       .fails = a->fails};
    return ask_aside(flow, crew, loop, &piece->aside);
}

static const struct step STEPS[] = {{"ask", ask}, {NULL, NULL}};

static void end(struct flow *flow) { ((struct asker *)flow)->ended = true; }

static void begin(struct asker *a)
{
    flow_init(&a->flow, STEPS, end);
    flow_drive(&a->flow);
}

static void run_until(const bool *done)
{
    int64_t until_ms = clock_steady_ms() + PATIENCE_MS;
    while (!*done && clock_steady_ms() < until_ms) loop_run(loop, 20);
    CHECK(*done);
}

static void await_dropped(int count)
{
    int64_t until_ms = clock_steady_ms() + PATIENCE_MS;
    while (dropped < count && clock_steady_ms() < until_ms) loop_run(loop, 2);
    CHECK(dropped == count);
}

static void reset(void) { begun = dropped = ran = 0; }

static void await_begun(void)
{
    int64_t until_ms = clock_steady_ms() + PATIENCE_MS;
    while (begun == 0 && clock_steady_ms() < until_ms) loop_run(loop, 2);
    CHECK(begun > 0);
}

static void open_gate(int count)
{
    while (count-- > 0) sem_post(&gate);
}

static void check_pieces(void)
{
    TEST("a piece runs on a nicer thread, and what came of it is handed over on the loop")
    {
        struct asker a = {.lane = ASIDE_SECRETS};
        reset();
        begin(&a);
        CHECK(!a.ended && a.delivered == 0);
        run_until(&a.ended);
        CHECK(a.delivered == 1 && a.flow.fault.kind == FAULT_NONE && dropped == 1);
        CHECK(nice_on_thread > getpriority(PRIO_PROCESS, 0) || getpriority(PRIO_PROCESS, 0) == 19);
    }
    TEST("a piece may fail its flow")
    {
        struct asker a = {.lane = ASIDE_SIGNATURES, .fails = true};
        reset();
        begin(&a);
        run_until(&a.ended);
        CHECK(a.flow.fault.kind == FAULT_BUG && dropped == 1);
    }
    TEST("pieces of one kind don't wait for those of another")
    {
        struct asker slow = {.lane = ASIDE_SECRETS, .waits_at_gate = true},
                     slower = {.lane = ASIDE_KEYS, .waits_at_gate = true};
        struct asker quick = {.lane = ASIDE_SIGNATURES};
        reset();
        begin(&slow);
        begin(&slower);
        begin(&quick);
        run_until(&quick.ended);
        CHECK(!slow.ended && !slower.ended);
        open_gate(2);
        run_until(&slow.ended);
        run_until(&slower.ended);
    }
    TEST("on one thread they run in the order in which they came, and each once")
    {
        static struct asker a[20];
        reset();
        memset(a, 0, sizeof a);
        for (int i = 0; i < 20; i++) begin(&a[i]);
        run_until(&a[19].ended);
        for (int i = 0; i < 20; i++) CHECK(a[i].ended && a[i].delivered == 1);
        CHECK(dropped == 20 && ran == 20);
    }
}

static void check_leaving(void)
{
    TEST("who leaves never waits: a piece that runs is dropped at its end, one that has not begun at once")
    {
        struct asker running = {.lane = ASIDE_SECRETS, .waits_at_gate = true},
                     waiting = {.lane = ASIDE_SECRETS, .waits_at_gate = true};
        reset();
        begin(&running);
        await_begun();
        begin(&waiting);
        flow_release(&waiting.flow);
        CHECK(dropped == 1);
        flow_release(&running.flow);
        CHECK(dropped == 1 && ran == 0);
        open_gate(1);
        await_dropped(2);
        CHECK(ran == 1 && running.delivered == 0 && waiting.delivered == 0);
    }
    TEST("who leaves between the end of the run and the loop's turn is not told either")
    {
        struct asker a = {.lane = ASIDE_SECRETS};
        int64_t until_ms = clock_steady_ms() + PATIENCE_MS;
        reset();
        begin(&a);
        while (ran == 0 && clock_steady_ms() < until_ms) usleep(1000);
        usleep(20000); /* the end of the run is told; where it isn't yet, this is the case above */
        CHECK(dropped == 0);
        flow_release(&a.flow);
        await_dropped(1);
        CHECK(a.delivered == 0);
    }
    TEST("a piece that borrows is waited for")
    {
        struct asker a = {.lane = ASIDE_KEYS, .waits_at_gate = true, .borrows = true};
        reset();
        begin(&a);
        await_begun();
        open_gate(1);
        flow_release(&a.flow);
        CHECK(ran == 1);
        await_dropped(1); /* by the loop, where it had ended already */
        CHECK(a.delivered == 0);
    }
}

static void check_full(void)
{
    TEST("a lane that is full refuses at once, and takes pieces again when it isn't")
    {
        static struct asker a[MANY];
        int refused = 0, first_refused = -1;
        reset();
        memset(a, 0, sizeof a);
        for (int i = 0; i < MANY; i++) {
            a[i] = (struct asker){.lane = ASIDE_SECRETS, .waits_at_gate = true};
            begin(&a[i]);
            if (!a[i].ended) continue;
            CHECK(a[i].flow.fault.kind == FAULT_FULL);
            if (refused++ == 0) first_refused = i;
        }
        CHECK(first_refused >= 16 && first_refused <= 128 && refused == dropped);
        for (int i = 0; i < first_refused / 2; i++) flow_release(&a[first_refused - 1 - i].flow);
        struct asker again = {.lane = ASIDE_SECRETS};
        begin(&again);
        CHECK(!again.ended);
        open_gate(MANY);
        run_until(&again.ended);
        await_dropped(MANY + 1);
        while (sem_trywait(&gate) == 0) continue;
    }
}

static void check_end(void)
{
    TEST("a crew ends with what it is at, whoever has left")
    {
        struct asker a[4];
        reset();
        for (int i = 0; i < 4; i++) {
            a[i] = (struct asker){.lane = ASIDE_SECRETS, .waits_at_gate = i == 0};
            begin(&a[i]);
        }
        await_begun();
        for (int i = 0; i < 4; i++) flow_release(&a[i].flow);
        open_gate(1);
        aside_crew_destroy(crew);
        CHECK(dropped == 4);
    }
}

int main(void)
{
    loop = loop_create();
    crew = aside_crew_create(1, NULL);
    sem_init(&gate, 0, 0);
    check_pieces();
    check_leaving();
    check_full();
    check_end();
    loop_destroy(loop);
    sem_destroy(&gate);
    return TEST_END();
}
