#include "companion/person_memory.h"

#include "unit/test.h"

static struct person_memory *memory;

static struct person_key key(enum person_kind kind, unsigned number)
{
    struct person_key made = {.kind = kind};
    memcpy(made.id, &number, sizeof number);
    return made;
}

static void keep(enum person_kind kind, unsigned number, const char *json)
{
    const struct person_key at = key(kind, number);
    struct kept_person person = {.began_steady_ms = number, .json = bytes_of(json)};
    memcpy(person.identity, at.id, UUID_LEN);
    person_memory_keep(memory, &at, &person);
}

static const struct kept_person *find(enum person_kind kind, unsigned number)
{
    const struct person_key at = key(kind, number);
    return person_memory_find(memory, &at);
}

static void test_keeping(void)
{
    TEST("what is kept is found again, a copy of it, and nothing else")
    {
        char json[] = "{\"a\":1}";
        CHECK(find(PERSON_SESSION, 1) == NULL);
        keep(PERSON_SESSION, 1, json);
        memset(json, 'x', sizeof json - 1);
        CHECK_BYTES(find(PERSON_SESSION, 1)->json, BYTES("{\"a\":1}"));
        CHECK(!bytes_present(find(PERSON_SESSION, 1)->metadata_admin));
        CHECK(find(PERSON_SESSION, 2) == NULL && find(PERSON_IDENTITY, 1) == NULL);
    }
    TEST("what is kept anew takes the place of what was, also when it ended")
    {
        const struct person_key at = key(PERSON_SESSION, 1);
        person_memory_keep(memory, &at, &(struct kept_person){.ended = true, .metadata_admin = BYTES("{}")});
        CHECK(person_memory_count(memory) == 1 && find(PERSON_SESSION, 1)->ended);
        CHECK(!bytes_present(find(PERSON_SESSION, 1)->json));
        CHECK_BYTES(find(PERSON_SESSION, 1)->metadata_admin, BYTES("{}"));
    }
    TEST("what is forgotten is gone; a person with all sessions of his, and no other's")
    {
        const struct person_key at = key(PERSON_SESSION, 1), his = key(PERSON_IDENTITY, 7);
        person_memory_forget(memory, &at);
        person_memory_forget(memory, &at);
        CHECK(find(PERSON_SESSION, 1) == NULL && person_memory_count(memory) == 0);
        keep(PERSON_SESSION, 7, "a");
        keep(PERSON_SESSION, 8, "b");
        keep(PERSON_IDENTITY, 7, "c");
        person_memory_forget_identity(memory, his.id);
        CHECK(find(PERSON_SESSION, 7) == NULL && find(PERSON_IDENTITY, 7) == NULL && find(PERSON_SESSION, 8) != NULL);
        CHECK(person_memory_count(memory) == 1);
    }
}

static void test_bounds(void)
{
    TEST("no more than PERSONS_KEPT_MAX: who wasn't asked for longest goes, two in one bucket or not")
    {
        for (unsigned i = 0; i < PERSONS_KEPT_MAX; i++) keep(PERSON_IDENTITY, 100 + i, "x");
        CHECK(person_memory_count(memory) == PERSONS_KEPT_MAX && find(PERSON_SESSION, 8) == NULL);
        CHECK(find(PERSON_IDENTITY, 100) != NULL);
        keep(PERSON_IDENTITY, 99, "x");
        CHECK(find(PERSON_IDENTITY, 100) != NULL && find(PERSON_IDENTITY, 101) == NULL);
        CHECK(find(PERSON_IDENTITY, 102) != NULL && person_memory_count(memory) == PERSONS_KEPT_MAX);
    }
    TEST("nor more than PERSONS_BYTES_MAX, but the newest always")
    {
        enum { LARGE = 200 * 1024 };
        static char large[LARGE + 1];
        memset(large, 'x', LARGE);
        for (unsigned i = 0; i < 400; i++) {
            keep(PERSON_SESSION, 1000000 + i, large);
            CHECK(find(PERSON_SESSION, 1000000 + i) != NULL);
        }
        CHECK(person_memory_count(memory) <= PERSONS_BYTES_MAX / LARGE && person_memory_count(memory) > 150);
        CHECK(find(PERSON_IDENTITY, 99) == NULL && find(PERSON_SESSION, 1000000 + 399)->json.len == LARGE);
    }
}

int main(void)
{
    memory = person_memory_create();
    test_keeping();
    test_bounds();
    person_memory_destroy(memory);
    person_memory_destroy(NULL);
    return TEST_END();
}
