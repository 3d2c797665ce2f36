/* Many at once: tabs on one store, replicas on two. */
#include "suite.h"
#include "unit/test.h"

#include <pthread.h>

enum { TABS = 64, ROUNDS = 20 };

struct tabs {
    struct rotation rotations[TABS];
    struct rotated answers[TABS];
    struct errand errands[TABS];
};

static void set_out(struct tabs *tabs, const struct rotation *rotation, struct store *store, struct arena *arena)
{
    for (size_t i = 0; i < TABS; i++) {
        tabs->rotations[i] = *rotation;
        tabs->errands[i] = (struct errand){.verb = VERB_ROTATE, .in = &tabs->rotations[i], .out = &tabs->answers[i]};
        errand_start(&tabs->errands[i], store, arena);
    }
}

static bool all_answered(const struct tabs *tabs, uint32_t gen, uint8_t mac_kid)
{
    for (size_t i = 0; i < TABS; i++) {
        const struct rotated *answer = &tabs->answers[i];
        if (tabs->errands[i].fault.kind != FAULT_NONE || !rotate_outcome_succeeds(answer->outcome)) return false;
        if (answer->gen != gen || answer->mac_kid != mac_kid) return false;
    }
    return true;
}

static void test_one_store(struct driver *d)
{
    static struct tabs tabs;
    TEST("64 tabs with one token get one and the same successor, and the row moves on by one")
    {
        struct new_grant grant = stored_grant(d);
        struct rotation rotation = presenting(&grant, 0);
        set_out(&tabs, &rotation, d->store, &d->arena);
        errands_await(d->loop, tabs.errands, TABS);
        CHECK(all_answered(&tabs, 1, 9));
        if (d->raw != NULL) CHECK(row_of(d, &grant).state.gen == 1);
    }
    if (d->raw == NULL) return;
    TEST("64 tabs that retry after the grace get one and the same generation")
    {
        struct new_grant grant = stored_grant(d);
        struct raw_row row = row_of(d, &grant);
        row.state.gen = 5;
        row.state.base_gen = row.state.low_gen = 4;
        row.state.rotated_at -= HOUR;
        set_row(d, &row);
        struct rotation rotation = presenting(&grant, 4);
        set_out(&tabs, &rotation, d->store, &d->arena);
        errands_await(d->loop, tabs.errands, TABS);
        CHECK(all_answered(&tabs, 6, 9));
        CHECK(row_of(d, &grant).state.skips == 1);
    }
}

/* ---- two replicas ---- */

struct replica {
    struct storage *storage;
    const struct rotation *rotation;
    pthread_barrier_t *gate;
    struct tabs tabs;
    pthread_t thread;
};

static void *run_replica(void *data)
{
    struct replica *r = data;
    struct loop *loop = loop_create();
    struct store *store = storage_attach(r->storage, loop);
    struct arena arena;
    arena_init(&arena, 16 << 20);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(r->gate);
        set_out(&r->tabs, r->rotation, store, &arena);
        errands_await(loop, r->tabs.errands, TABS);
        pthread_barrier_wait(r->gate);
        arena_release(&arena);
    }
    storage_detach(store);
    loop_destroy(loop);
    return NULL;
}

static void check_round(struct driver *d, struct replica replicas[2], const struct new_grant *grant, int *bad)
{
    bool well = all_answered(&replicas[0].tabs, 1, 9) && all_answered(&replicas[1].tabs, 1, 9);
    if (well && d->raw != NULL) well = row_of(d, grant).state.gen == 1;
    if (!well) ++*bad;
}

static void test_two_stores(struct driver *d, struct storage *second, const char *sentence)
{
    static struct replica replicas[2];
    pthread_barrier_t gate;
    struct rotation rotation;
    int bad = 0;
    pthread_barrier_init(&gate, NULL, 3);
    for (size_t i = 0; i < 2; i++) {
        replicas[i] = (struct replica){.storage = i == 0 ? d->storage : second, .rotation = &rotation, .gate = &gate};
        pthread_create(&replicas[i].thread, NULL, run_replica, &replicas[i]);
    }
    for (int i = 0; i < ROUNDS; i++) {
        struct new_grant grant = stored_grant(d);
        rotation = presenting(&grant, 0);
        pthread_barrier_wait(&gate);
        pthread_barrier_wait(&gate);
        check_round(d, replicas, &grant, &bad);
    }
    for (size_t i = 0; i < 2; i++) pthread_join(replicas[i].thread, NULL);
    pthread_barrier_destroy(&gate);
    TEST(sentence) { CHECK(bad == 0); }
}

/* ---- unequal ones ---- */

static void test_mixed(struct driver *d)
{
    static struct tabs tabs;
    struct new_grant grants[2] = {stored_grant(d), stored_grant(d)};
    struct new_grant stranger = grants[0], other_client = grants[0], unknown = new_grant(d);
    stranger.secret_hash[5] ^= 1;
    other_client.grant.client_id = new_name(d, "client");
    const struct rotation asks[] = {presenting(&grants[0], 0), presenting(&stranger, 0),  presenting(&other_client, 0),
                                    presenting(&unknown, 0),   presenting(&grants[1], 0), presenting(&grants[0], 90)};
    for (size_t i = 0; i < TABS; i++) {
        tabs.rotations[i] = asks[i % 6];
        tabs.errands[i] = (struct errand){.verb = VERB_ROTATE, .in = &tabs.rotations[i], .out = &tabs.answers[i]};
        errand_start(&tabs.errands[i], d->store, &d->arena);
    }
    errands_await(d->loop, tabs.errands, TABS);
    TEST("strangers among 64 at once get what is theirs, and owners what is theirs")
    {
        for (size_t i = 0; i < TABS; i++) {
            const struct rotated *answer = &tabs.answers[i];
            CHECK(tabs.errands[i].fault.kind == FAULT_NONE);
            if (i % 6 == 0 || i % 6 == 4)
                CHECK(rotate_outcome_succeeds(answer->outcome) && answer->gen == 1);
            else if (i % 6 == 5)
                CHECK(answer->outcome == ROTATE_FAR_AHEAD);
            else
                CHECK(answer->outcome == ROTATE_UNKNOWN);
        }
    }
}

static void test_strangers(struct driver *d)
{
    static struct tabs tabs;
    static struct new_grant grants[TABS];
    if (d->raw == NULL) return;
    for (size_t i = 0; i < TABS; i++) {
        grants[i] = stored_grant(d);
        tabs.rotations[i] = presenting(&grants[i], 0);
        if (i % 2 == 0)
            tabs.rotations[i].secret_hash[i % SECRET_HASH_LEN] ^= 1;
        else
            tabs.rotations[i].client_id = BYTES("another");
        tabs.errands[i] = (struct errand){.verb = VERB_ROTATE, .in = &tabs.rotations[i], .out = &tabs.answers[i]};
        errand_start(&tabs.errands[i], d->store, &d->arena);
    }
    errands_await(d->loop, tabs.errands, TABS);
    TEST("64 strangers at once move nothing")
    {
        for (size_t i = 0; i < TABS; i++) {
            CHECK(tabs.answers[i].outcome == ROTATE_UNKNOWN);
            CHECK(row_of(d, &grants[i]).state.gen == 0);
        }
    }
}

static void test_ahead_at_once(struct driver *d)
{
    static struct tabs tabs;
    struct new_grant grant = stored_grant(d);
    for (size_t i = 0; i < TABS; i++) {
        tabs.rotations[i] = presenting(&grant, i % 2 == 0 ? 3 : 0);
        tabs.errands[i] = (struct errand){.verb = VERB_ROTATE, .in = &tabs.rotations[i], .out = &tabs.answers[i]};
        errand_start(&tabs.errands[i], d->store, &d->arena);
    }
    errands_await(d->loop, tabs.errands, TABS);
    TEST("equal presentations share what happens to one of them, unequal ones happen one after another")
    {
        for (size_t i = 0; i < TABS; i++) {
            CHECK(tabs.errands[i].fault.kind == FAULT_NONE && rotate_outcome_succeeds(tabs.answers[i].outcome));
            CHECK(tabs.answers[i].gen == 4 || (i % 2 == 1 && tabs.answers[i].gen == 1));
        }
        if (d->raw != NULL) CHECK(row_of(d, &grant).state.gen == 4);
    }
}

/* ---- one of a kind beside a flood of another ---- */

enum { FLOOD = 512, FLOOD_MS = 2000 };

struct drop {
    struct new_grant grant;
    struct rotation rotation;
    struct rotated rotated;
    struct found_grant found;
    struct errand errand;
    struct arena arena;
};

static void ask_again(struct driver *d, struct drop *drop, enum storage_verb verb)
{
    if (verb == VERB_ROTATE) {
        drop->rotation = presenting(&drop->grant, drop->rotated.gen);
        drop->rotation.policy.coalesce_ms = 0;
        drop->errand = (struct errand){.verb = verb, .in = &drop->rotation, .out = &drop->rotated};
    } else {
        drop->errand = (struct errand){.verb = verb, .in = drop->grant.grant.id, .out = &drop->found};
    }
    arena_release(&drop->arena);
    errand_start(&drop->errand, d->store, &drop->arena);
}

/* all of them ask again as soon as they are answered, until the one has ended */
static void run_flood(struct driver *d, struct drop *drops, enum storage_verb verb, struct errand *one)
{
    for (size_t i = 0; i < FLOOD; i++) ask_again(d, &drops[i], verb);
    errand_start(one, d->store, &d->arena);
    for (int64_t until_ms = clock_steady_ms() + FLOOD_MS; !one->ended && clock_steady_ms() < until_ms;) {
        loop_run(d->loop, 1);
        for (size_t i = 0; i < FLOOD; i++)
            if (drops[i].errand.ended) ask_again(d, &drops[i], verb);
    }
    CHECK(one->ended && one->fault.kind == FAULT_NONE);
    for (size_t i = 0; i < FLOOD; i++) errands_await(d->loop, &drops[i].errand, 1);
    errands_await(d->loop, one, 1);
}

static void test_flood(struct driver *d)
{
    static struct drop drops[FLOOD];
    struct new_grant grant = new_grant(d);
    struct stored_grant stored;
    struct storage_pulse beat;
    struct errand pulse = {.verb = VERB_PULSE, .out = &beat};
    struct errand store_one = {.verb = VERB_STORE_GRANT, .in = &grant, .out = &stored};
    for (size_t i = 0; i < FLOOD; i++) {
        drops[i] = (struct drop){.grant = stored_grant(d)};
        arena_init(&drops[i].arena, 1 << 20);
    }
    TEST("who reads something else is not kept waiting by those who read grants, however many they are")
    {
        run_flood(d, drops, VERB_FIND_GRANT, &pulse);
    }
    TEST("nor is a new grant by those who rotate") { run_flood(d, drops, VERB_ROTATE, &store_one); }
    for (size_t i = 0; i < FLOOD; i++) arena_release(&drops[i].arena);
}

int suite_together(struct driver *d)
{
    test_one_store(d);
    test_mixed(d);
    test_strangers(d);
    test_ahead_at_once(d);
    test_flood(d);
    test_two_stores(d, d->storage, "128 tabs on two stores in two threads get one and the same successor, 20 times");
    if (strncmp(d->dsn, "postgres", 8) == 0) {
        struct storage *second = driver_open_storage(d->dsn);
        test_two_stores(d, second, "and on two storages, as two servers have them");
        storage_close(second);
    }
    return TEST_END();
}
