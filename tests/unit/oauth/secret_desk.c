#include "oauth/secret_desk.h"

#include <semaphore.h>

#include "base/clock.h"
#include "unit/test.h"

/* of "right", by libcrypt; of "abc", by SHA-256 */
static const char SLOW[] = "$2b$04$abcdefghijklmnopqrstuuFmEfrkTQnczNzw475xE2VhDrK1uwJiC",
                  DEAR[] = "$2b$11$abcdefghijklmnopqrstuuD06ya1Nw2W31Tn1jG5w4.7wnwI3cNXm",
                  OURS[] = "$sha256$ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
enum { PATIENCE_MS = 20000, CROWD = 100 };

static struct loop *loop;
static struct aside_crew *crew;
static struct secret_desk desk;

/* ---- who asks ---- */

struct person {
    struct flow flow; /* first */
    struct secret_asker asker;
    const char *client, *hash;
    char secret[32];
    bool ended;
    int turn; /* in which it ended, among all */
};
static int turns;

static enum step_result ask(struct flow *flow)
{
    struct person *p = (struct person *)flow;
    const struct secret_ask asked = {bytes_of(p->client), bytes_of(p->hash), bytes_of(p->secret)};
    return ask_secret(flow, &desk, &asked, &p->asker);
}

static const struct step STEPS[] = {{"ask", ask}, {NULL, NULL}};

static void end(struct flow *flow)
{
    struct person *p = (struct person *)flow;
    p->ended = true;
    p->turn = ++turns;
    if (p->asker.verdict == SECRET_RIGHT) secret_desk_keep(&desk, &p->asker); /* as a request does that is heard */
}

static void begin(struct person *p, const char *client, const char *hash, const char *secret)
{
    *p = (struct person){.client = client, .hash = hash};
    snprintf(p->secret, sizeof p->secret, "%s", secret);
    flow_init(&p->flow, STEPS, end);
    flow_drive(&p->flow);
}

static void await(const struct person *p)
{
    int64_t until_ms = clock_steady_ms() + PATIENCE_MS;
    while (!p->ended && clock_steady_ms() < until_ms) loop_run(loop, 20);
    CHECK(p->ended);
}

static enum secret_verdict verdict(const char *client, const char *hash, const char *secret)
{
    struct person p;
    begin(&p, client, hash, secret);
    await(&p);
    CHECK(p.flow.fault.kind == FAULT_NONE);
    return p.asker.verdict;
}

static bool is_known(const char *secret)
{
    struct person p;
    begin(&p, "backend", SLOW, secret);
    bool known = p.ended && p.asker.verdict == SECRET_RIGHT;
    if (!p.ended) await(&p);
    return known;
}

static void forget(void)
{
    known_secrets_destroy(desk.known);
    desk.known = known_secrets_create();
}

/* ---- a piece that keeps the thread ---- */

static sem_t gate;
static struct flow keeping;

static void wait_at_gate(struct aside *piece)
{
    (void)piece;
    sem_wait(&gate);
}
static bool deliver(struct aside *piece, struct fault *fault)
{
    (void)piece, (void)fault;
    return true;
}
static void drop(struct aside *piece) { free(piece); }

static enum step_result keep(struct flow *flow)
{
    struct aside *piece = calloc(1, sizeof *piece);
    *piece = (struct aside){.lane = ASIDE_SECRETS, .run = wait_at_gate, .deliver = deliver, .drop = drop};
    return ask_aside(flow, crew, loop, piece);
}

static void end_keeping(struct flow *flow) { (void)flow; }

static void hold_thread(void)
{
    static const struct step KEEP_STEPS[] = {{"keep", keep}, {NULL, NULL}};
    flow_init(&keeping, KEEP_STEPS, end_keeping);
    flow_drive(&keeping);
}

static void let_thread_go(void)
{
    int64_t until_ms = clock_steady_ms() + PATIENCE_MS;
    sem_post(&gate);
    while (!keeping.finished && clock_steady_ms() < until_ms) loop_run(loop, 1);
}

/* how many different secrets may still be asked for, which tells how many are under way */
static size_t checks_at_desk(void)
{
    static struct person people[SECRET_LINE_MAX];
    size_t room = 0;
    char secret[32];
    for (; room < SECRET_LINE_MAX; room++) {
        snprintf(secret, sizeof secret, "another %zu", room);
        begin(&people[room], "backend", SLOW, secret);
        if (people[room].ended) break;
    }
    for (size_t i = 0; i < room; i++) flow_release(&people[i].flow);
    return SECRET_LINE_MAX - room;
}

/* ---- the sentences ---- */

static void check_verdicts(void)
{
    TEST("a secret of ours is judged at once")
    {
        struct person p;
        begin(&p, "backend", OURS, "abc");
        CHECK(p.ended && p.asker.verdict == SECRET_RIGHT && !p.asker.waited);
        begin(&p, "backend", OURS, "abd");
        CHECK(p.ended && p.asker.verdict == SECRET_WRONG && !p.asker.waited);
    }
    TEST("one under a slow hash waits for a thread, and is known from then on")
    {
        struct person p;
        begin(&p, "backend", SLOW, "right");
        CHECK(!p.ended);
        await(&p);
        CHECK(p.asker.verdict == SECRET_RIGHT && p.asker.waited);
        begin(&p, "backend", SLOW, "right");
        CHECK(p.ended && p.asker.verdict == SECRET_RIGHT && !p.asker.waited);
    }
    TEST("where a client's secret is known any other is wrong at once, and waits for nobody")
    {
        struct person p;
        begin(&p, "backend", SLOW, "guess");
        CHECK(p.ended && p.asker.verdict == SECRET_WRONG && !p.asker.waited);
    }
    TEST("a wrong one is never known")
    {
        forget();
        for (int i = 0; i < 3; i++) {
            struct person p;
            begin(&p, "backend", SLOW, "wrong");
            CHECK(!p.ended);
            await(&p);
            CHECK(p.asker.verdict == SECRET_WRONG && p.asker.waited);
        }
    }
    TEST("nor is what is known of one client known of another, or under another hash")
    {
        struct person p;
        begin(&p, "other", SLOW, "right");
        CHECK(!p.ended);
        await(&p);
        CHECK(verdict("backend", OURS, "right") == SECRET_WRONG);
    }
    TEST("none, and one of more than a KiB, is wrong at once")
    {
        static char long_secret[SECRET_LONGEST + 2];
        struct flow flow;
        struct secret_asker asker;
        memset(long_secret, 'x', sizeof long_secret - 1);
        flow_init(&flow, STEPS, end);
        CHECK(verdict("backend", SLOW, "") == SECRET_WRONG && verdict("backend", "", "right") == SECRET_WRONG);
        const struct secret_ask too_long = {BYTES("backend"), bytes_of(SLOW), bytes_of(long_secret)};
        CHECK(ask_secret(&flow, &desk, &too_long, &asker) == STEP_NEXT && asker.verdict == SECRET_WRONG);
    }
}

static void check_crowds(void)
{
    static struct person crowd[CROWD];
    TEST("a hundred with the same secret cost one hash")
    {
        forget();
        hold_thread();
        for (int i = 0; i < CROWD; i++) begin(&crowd[i], "backend", SLOW, "right");
        CHECK(checks_at_desk() == 1);
        let_thread_go();
        for (int i = 0; i < CROWD; i++) {
            await(&crowd[i]);
            CHECK(crowd[i].asker.verdict == SECRET_RIGHT && crowd[i].flow.fault.kind == FAULT_NONE);
        }
    }
    TEST("of different secrets of one client ten at most wait, and the next is refused; another client's are not")
    {
        char secret[32];
        struct person other;
        forget();
        hold_thread();
        for (int i = 0; i <= SECRET_LINE_MAX; i++) {
            snprintf(secret, sizeof secret, "guess %d", i);
            begin(&crowd[i], "backend", SLOW, secret);
        }
        CHECK(crowd[SECRET_LINE_MAX].ended && crowd[SECRET_LINE_MAX].flow.fault.kind == FAULT_FULL &&
              !crowd[SECRET_LINE_MAX - 1].ended);
        begin(&other, "other", SLOW, "guess");
        CHECK(!other.ended);
        let_thread_go();
        await(&other);
        for (int i = 0; i < SECRET_LINE_MAX; i++) await(&crowd[i]);
        for (int i = 1; i < SECRET_LINE_MAX; i++) CHECK(crowd[i].turn > crowd[i - 1].turn);
        CHECK(other.turn < crowd[2].turn); /* it has not waited for the line of the first */
    }
    TEST("who shows what is being found out doesn't join where the line is full, or he would be told that it is right")
    {
        char secret[32];
        forget();
        hold_thread();
        begin(&crowd[0], "backend", SLOW, "right");
        begin(&crowd[1], "backend", SLOW, "right");
        CHECK(!crowd[1].ended);
        for (int i = 2; i <= SECRET_LINE_MAX; i++) {
            snprintf(secret, sizeof secret, "guess %d", i);
            begin(&crowd[i], "backend", SLOW, secret);
            CHECK(!crowd[i].ended);
        }
        struct person late;
        begin(&late, "backend", SLOW, "right");
        CHECK(late.ended && late.flow.fault.kind == FAULT_FULL);
        let_thread_go();
        for (int i = 0; i <= SECRET_LINE_MAX; i++) await(&crowd[i]);
    }
    TEST("where the queue of all is full, who waits is refused")
    {
        static struct person people[256];
        static char names[256][16];
        int refused = 0;
        hold_thread();
        for (int i = 0; i < 256; i++) {
            snprintf(names[i], sizeof names[i], "client %d", i);
            begin(&people[i], names[i], SLOW, "guess");
            refused += people[i].ended && people[i].flow.fault.kind == FAULT_FULL;
        }
        CHECK(refused > 100 && refused < 256);
        let_thread_go();
        for (int i = 0; i < 256; i++) await(&people[i]);
    }
}

static void check_leaving(void)
{
    TEST("who stood behind another in the line and leaves makes room, and is not hashed")
    {
        struct person first, second;
        forget();
        hold_thread();
        begin(&first, "backend", SLOW, "guess");
        begin(&second, "backend", SLOW, "right");
        CHECK(checks_at_desk() == 2);
        flow_release(&second.flow);
        CHECK(checks_at_desk() == 1);
        let_thread_go();
        await(&first);
        CHECK(!is_known("right"));
    }
    TEST("what heads the line is not hashed either if all leave before a thread has it; the next takes its place")
    {
        struct person p, beside;
        forget();
        hold_thread();
        begin(&p, "backend", SLOW, "right");
        begin(&beside, "backend", SLOW, "guess");
        flow_release(&p.flow);
        CHECK(checks_at_desk() == 1);
        let_thread_go();
        await(&beside);
        CHECK(!is_known("right"));
    }
    TEST("what a thread is at when all have left is known to nobody: a guess that was not heard was not counted either")
    {
        struct person p, beside;
        for (int patience = 1; patience < 40; patience++) { /* when a thread takes it is the machine's affair */
            forget();
            begin(&p, "backend", DEAR, "right");
            for (int i = 0; i < patience && !p.ended; i++) loop_run(loop, 2);
            if (p.ended) continue;
            begin(&beside, "backend", SLOW, "guess");
            flow_release(&p.flow);
            await(&beside);
            begin(&p, "backend", DEAR, "right");
            CHECK(!p.ended);
            flow_release(&p.flow);
        }
    }
    TEST("of several who wait for the same, one may leave")
    {
        struct person a, b, c;
        forget();
        hold_thread();
        begin(&a, "backend", SLOW, "right");
        begin(&b, "backend", SLOW, "right");
        begin(&c, "backend", SLOW, "right");
        flow_release(&b.flow);
        let_thread_go();
        await(&a);
        await(&c);
        CHECK(a.asker.verdict == SECRET_RIGHT && c.asker.verdict == SECRET_RIGHT && !b.ended);
    }
    TEST("a desk may be closed at any moment")
    {
        for (int ms = 0; ms < 6; ms++) {
            struct person a, b;
            forget();
            begin(&a, "backend", SLOW, "right");
            begin(&b, "backend", SLOW, "guess");
            for (int i = 0; i < ms; i++) loop_run(loop, 1);
            secret_desk_close(&desk);
            CHECK(desk.first == NULL);
            flow_release(&a.flow);
            flow_release(&b.flow);
        }
        for (int i = 0; i < 20; i++) loop_run(loop, 2);
    }
}

int main(void)
{
    loop = loop_create();
    crew = aside_crew_create(1, NULL);
    desk = (struct secret_desk){.known = known_secrets_create(), .crew = crew, .loop = loop};
    sem_init(&gate, 0, 0);
    check_verdicts();
    check_crowds();
    check_leaving();
    secret_desk_close(&desk);
    loop_destroy(loop);
    aside_crew_destroy(crew);
    known_secrets_destroy(desk.known);
    sem_destroy(&gate);
    return TEST_END();
}
