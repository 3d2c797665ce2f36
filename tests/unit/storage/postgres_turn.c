#include "storage/postgres/turn.h"

#include "unit/test.h"

static struct turns turns;

static const struct stage stage_any = {.lane = LANE_ROTATE};

/* what a job is told at its end */
static size_t told;
void storage_call_done(struct storage_call *call) { (void)call; }
void storage_call_fail(struct storage_call *call, const struct fault *fault)
{
    (void)call;
    (void)fault;
    told++;
}
void storage_call_drop(struct storage_call *call) { (void)call; }

static struct storage_call calls[16];
static size_t call_count;

static struct job *presenting(unsigned char grant, uint32_t gen)
{
    struct storage_call *call = &calls[call_count++];
    *call = (struct storage_call){.verb = VERB_ROTATE, .deadline_ms = 100};
    call->in.rotation = (struct rotation){.gen = gen, .client_id = BYTES("client"), .policy = {.grace_ms = 1}};
    call->in.rotation.grant_id[15] = grant;
    return job_create(call, &stage_any);
}

static void begin(void)
{
    turns = (struct turns){0};
    call_count = told = 0;
}

static void end(struct job *job)
{
    struct fault fault = {.kind = FAULT_AWAY};
    job_fail(job, &fault);
}

static void test_turns(void)
{
    TEST("a grant's presentations come one after the other, in their order; other grants' at once")
    {
        begin();
        struct job *a = presenting(1, 5), *b = presenting(1, 4), *c = presenting(1, 3), *other = presenting(2, 5);
        CHECK(turn_take(&turns, a) == TURN_NOW);
        CHECK(turn_take(&turns, b) == TURN_LATER);
        CHECK(turn_take(&turns, c) == TURN_LATER);
        CHECK(turn_take(&turns, other) == TURN_NOW);
        CHECK(turn_end(&turns, a) == b);
        CHECK(turn_end(&turns, b) == c);
        CHECK(turn_end(&turns, c) == NULL);
        CHECK(turn_end(&turns, other) == NULL);
        struct job *all[] = {a, b, c, other};
        for (size_t i = 0; i < 4; i++) end(all[i]);
    }
    TEST("one whose deadline passes behind others is let go")
    {
        begin();
        struct job *a = presenting(1, 5), *b = presenting(1, 4), *c = presenting(1, 3);
        b->deadline_ms = 50;
        turn_take(&turns, a);
        turn_take(&turns, b);
        turn_take(&turns, c);
        CHECK(turn_take_late(&turns, 60) == b);
        CHECK(turn_take_late(&turns, 60) == NULL);
        CHECK(turn_end(&turns, a) == c);
        CHECK(turn_end(&turns, c) == NULL);
        end(a), end(b), end(c);
    }
}

static void test_shared(void)
{
    TEST("equal presentations that wait share one job, and its end")
    {
        begin();
        struct job *a = presenting(1, 5), *b = presenting(1, 4);
        b->deadline_ms = 50;
        CHECK(turn_take(&turns, a) == TURN_NOW);
        CHECK(turn_take(&turns, presenting(1, 5)) == TURN_JOINED);
        CHECK(turn_take(&turns, b) == TURN_LATER);
        CHECK(turn_take(&turns, presenting(1, 4)) == TURN_JOINED);
        CHECK(b->deadline_ms == 100);
        CHECK(turn_end(&turns, a) == b);
        end(a);
        CHECK(told == 2);
        turn_end(&turns, b);
        end(b);
        CHECK(told == 4);
    }
    TEST("one that was sent is not joined any more: what it sees may be over by now")
    {
        begin();
        struct job *a = presenting(1, 5), *b = presenting(1, 5);
        turn_take(&turns, a);
        a->sent = true;
        CHECK(turn_take(&turns, b) == TURN_LATER);
        CHECK(turn_take(&turns, presenting(1, 5)) == TURN_JOINED);
        CHECK(turn_end(&turns, a) == b);
        turn_end(&turns, b);
        end(a), end(b);
    }
}

/* each differs from the first in one thing */
static void test_different(void)
{
    TEST("presentations that differ in anything don't share")
    {
        for (int i = 0; i < 8; i++) {
            begin();
            struct job *a = presenting(1, 5), *b = presenting(1, 5);
            struct rotation *r = &b->calls->in.rotation;
            if (i == 0) r->gen = 4;
            if (i == 1) r->secret_hash[0] = 1;
            if (i == 2) r->client_id = BYTES("other");
            if (i == 3) r->mac_kid = 1;
            if (i == 4) r->policy.grace_ms = 2;
            if (i == 5) r->policy.never = true;
            if (i == 6) r->looked = true;
            if (i == 7) r->policy.look_max_age_ms = 9;
            turn_take(&turns, a);
            CHECK(turn_take(&turns, b) == TURN_LATER);
            turn_end(&turns, a);
            turn_end(&turns, b);
            end(a), end(b);
        }
    }
    TEST("those that waited for one look share, those of different looks don't")
    {
        begin();
        struct job *a = presenting(1, 5), *b = presenting(1, 5), *c = presenting(1, 5), *d = presenting(1, 5);
        struct job *all[] = {a, b, c, d};
        for (size_t i = 0; i < 4; i++) all[i]->calls->in.rotation.looked = true;
        c->calls->in.rotation.look_began_steady_ms = 1;
        d->calls->in.rotation.claims = BYTES("{}");
        CHECK(turn_take(&turns, a) == TURN_NOW);
        CHECK(turn_take(&turns, b) == TURN_JOINED);
        CHECK(turn_take(&turns, c) == TURN_LATER);
        CHECK(turn_take(&turns, d) == TURN_LATER);
        turn_end(&turns, a);
        turn_end(&turns, c);
        turn_end(&turns, d);
        end(a), end(c), end(d);
    }
}

int main(void)
{
    test_turns();
    test_shared();
    test_different();
    return TEST_END();
}
