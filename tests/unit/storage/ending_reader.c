/* The news of endings, over a back end that ends a reading when the test says so. */
#include "storage/ending_reader.h"

#include "base/clock.h"
#include "storage/ending_news.h"
#include "unit/test.h"

/* ---- the back end ---- */

static struct storage_call *held; /* the reading under way */
static unsigned asked;

static void hold(struct store *store, struct storage_call *call)
{
    (void)store;
    held = call;
    asked++;
}

static void detach(struct store *store)
{
    (void)store;
    if (held != NULL) storage_call_drop(held);
    held = NULL;
}

static const struct storage_ops ops = {.name = "fake", .shared = true, .detach = detach, .submit = hold};
static const struct storage_ops alone = {.name = "alone", .detach = detach, .submit = hold};
static struct storage storage = {.ops = &ops};
static struct store store = {.storage = &storage}, second = {.storage = &storage};

static struct storage_call *take_held(void)
{
    struct storage_call *call = held;
    held = NULL;
    return call;
}

static void answer(const struct ending *rows, size_t count, bool more)
{
    struct storage_call *call = take_held();
    call->result.endings = (struct ending_page){arena_take(&call->arena, count * sizeof *rows), count, more};
    if (count > 0) memcpy(call->result.endings.rows, rows, count * sizeof *rows);
    storage_call_done(call);
}

/* ---- who wants to know ---- */

static char heard[512];
static void hear(void *data, enum revoke_by by, struct bytes name)
{
    size_t len = strlen(heard);
    snprintf(heard + len, sizeof heard - len, "%s%s:%.*s ", (const char *)data, revoke_by_name(by), BYTES_PRINT(name));
}

/* what is heard meanwhile */
static const char *turn(int64_t for_ms)
{
    int64_t until_ms = clock_steady_ms() + for_ms;
    heard[0] = '\0';
    while (clock_steady_ms() < until_ms) loop_run(store.loop, 1);
    return heard;
}

static bool await_reading(void)
{
    for (int i = 0; i < 3000 && held == NULL; i++) loop_run(store.loop, 1);
    return held != NULL;
}

static const struct ending A = {REVOKE_SESSION, BYTES("a"), 1000}, B = {REVOKE_SUBJECT, BYTES("b"), 1001},
                           C = {REVOKE_CLIENT, BYTES("c"), 1002}, A_AGAIN = {REVOKE_SESSION, BYTES("a"), 1003};

static void check_telling(void)
{
    TEST("what is read is told, to every store that wants to know")
    {
        CHECK(await_reading() && held->verb == VERB_LIST_ENDINGS);
        answer((struct ending[]){A, B}, 2, false);
        CHECK(strstr(turn(10), "1 session:a ") != NULL && strstr(heard, "1 subject:b ") != NULL);
        CHECK(strstr(heard, "2 session:a ") != NULL && strstr(heard, "2 subject:b ") != NULL);
    }
    TEST("what comes again with the next reading is not told again, but what ended again is")
    {
        CHECK(await_reading());
        answer((struct ending[]){A, B, C, A_AGAIN}, 4, false);
        storage_on_ending(&second, NULL, NULL);
        CHECK(strcmp(turn(10), "1 client:c 1 session:a ") == 0);
    }
}

static void check_reach(void)
{
    TEST("a reading goes back to the last one's beginning and some more, and after one that failed to the one before")
    {
        CHECK(await_reading());
        CHECK(held->in.endings.age_ms >= ENDING_OVERLAP_MS + ENDING_READ_EVERY_MS - 50);
        CHECK(held->in.endings.age_ms < ENDING_OVERLAP_MS + ENDING_READ_EVERY_MS + 1000);
        const struct fault away = {FAULT_AWAY, "here", "gone"};
        storage_call_fail(take_held(), &away);
        CHECK(await_reading() && held->in.endings.age_ms >= ENDING_OVERLAP_MS + 2 * ENDING_READ_EVERY_MS - 50);
        answer(NULL, 0, false);
        CHECK(await_reading() && held->in.endings.age_ms < ENDING_OVERLAP_MS + 2 * ENDING_READ_EVERY_MS - 50);
    }
    TEST("a page that is not the last is followed by the next at once, behind its last row")
    {
        CHECK(!bytes_present(held->in.endings.after.name));
        answer((struct ending[]){{REVOKE_SUBJECT, BYTES("p"), 5}, {REVOKE_CLIENT, BYTES("q"), 6}}, 2, true);
        CHECK(strcmp(turn(20), "1 subject:p 1 client:q ") == 0);
        CHECK(held != NULL && held->in.endings.after.by == REVOKE_CLIENT && held->in.endings.after.at == 6);
        CHECK_BYTES(held->in.endings.after.name, BYTES("q"));
        answer((struct ending[]){{REVOKE_CLIENT, BYTES("r"), 7}}, 1, false);
        CHECK(strcmp(turn(20), "1 client:r ") == 0 && held == NULL);
    }
}

static void check_hints(void)
{
    TEST("a hint is followed by a reading at once; however many come during one, by one more")
    {
        store.on_ending_hint(store.ending_hint_data);
        turn(20);
        CHECK(held != NULL);
        unsigned before = asked;
        for (int i = 0; i < 5; i++) store.on_ending_hint(store.ending_hint_data);
        turn(20);
        CHECK(asked == before);
        answer(NULL, 0, false);
        turn(20);
        CHECK(asked == before + 1 && held != NULL);
        answer(NULL, 0, false);
        turn(20);
        CHECK(asked == before + 1);
    }
}

static void check_leaving(void)
{
    TEST("the store that reads may leave in the midst of it, and the next one that comes reads")
    {
        CHECK(await_reading());
        storage_detach(&store);
        CHECK(storage.ending_seats == NULL && storage.ending_reader == NULL && store.on_ending_hint == NULL);
        storage_on_ending(&second, hear, "2 ");
        CHECK(await_reading());
        ending_news_tell(&storage, REVOKE_CLIENT, BYTES("unheard"));
        storage_detach(&second);
    }
    TEST("where no other process can be, nothing is read")
    {
        unsigned before = asked;
        storage.ops = &alone;
        storage_on_ending(&store, hear, "1 ");
        turn(ENDING_READ_EVERY_MS + 100);
        CHECK(asked == before && storage.ending_reader == NULL);
        ending_news_tell(&storage, REVOKE_CLIENT, BYTES(""));
        CHECK(strcmp(turn(10), "1 client: ") == 0);
        storage_detach(&store);
    }
}

int main(void)
{
    store.loop = second.loop = loop_create();
    storage_on_ending(&store, hear, "1 ");
    storage_on_ending(&second, hear, "2 ");
    check_telling();
    check_reach();
    check_hints();
    check_leaving();
    loop_destroy(store.loop);
    return TEST_END();
}
