#include "storage/postgres/params.h"

#include "unit/test.h"

static struct arena arena;

static struct bytes value_of(const struct params *p, int i)
{
    return (struct bytes){p->values[i], (size_t)p->lengths[i]};
}

static void test_one(void)
{
    struct params p;
    const struct statement statement = {"x", "", "tnby", false};
    TEST("one row: each value by itself, in binary")
    {
        params_init(&p, &statement, &arena);
        params_put_bytes(&p, BYTES("a\0b"));
        params_put_number(&p, -2);
        params_put_truth(&p, true);
        params_put_bytes(&p, BYTES(""));
        CHECK(params_finish(&p));
        CHECK(p.count == 4);
        CHECK_BYTES(value_of(&p, 0), BYTES("a\0b"));
        CHECK_BYTES(value_of(&p, 1), BYTES("\xff\xff\xff\xff\xff\xff\xff\xfe"));
        CHECK_BYTES(value_of(&p, 2), BYTES("\1"));
        CHECK(p.values[3] != NULL && p.lengths[3] == 0);
        CHECK(p.formats[0] == 1 && p.types[0] == 25 && p.types[1] == 20 && p.types[2] == 16 && p.types[3] == 17);
    }
    TEST("what is absent is null")
    {
        const struct statement of_one = {"x", "", "t", false};
        params_init(&p, &of_one, &arena);
        params_put_bytes(&p, BYTES_ABSENT);
        CHECK(params_finish(&p) && p.values[0] == NULL);
    }
}

static void test_many(void)
{
    struct params p;
    const struct statement statement = {"x", "", "nt", true};
    TEST("many rows: an array for each parameter, with its head, and a length before each value")
    {
        params_init(&p, &statement, &arena);
        params_put_number(&p, 1);
        params_put_bytes(&p, BYTES("ab"));
        params_put_number(&p, 2);
        params_put_bytes(&p, BYTES_ABSENT);
        CHECK(params_finish(&p));
        CHECK_BYTES(value_of(&p, 0), BYTES("\0\0\0\1"
                                           "\0\0\0\0"
                                           "\0\0\0\x14"
                                           "\0\0\0\2"
                                           "\0\0\0\1"
                                           "\0\0\0\x8"
                                           "\0\0\0\0\0\0\0\1"
                                           "\0\0\0\x8"
                                           "\0\0\0\0\0\0\0\2"));
        CHECK_BYTES(value_of(&p, 1), BYTES("\0\0\0\1"
                                           "\0\0\0\1"
                                           "\0\0\0\x19"
                                           "\0\0\0\2"
                                           "\0\0\0\1"
                                           "\0\0\0\2"
                                           "ab"
                                           "\xff\xff\xff\xff"));
        CHECK(p.types[0] == 1016 && p.types[1] == 1009);
    }
    TEST("no rows: arrays without a dimension")
    {
        params_init(&p, &statement, &arena);
        CHECK(params_finish(&p));
        CHECK_BYTES(value_of(&p, 0), BYTES("\0\0\0\0"
                                           "\0\0\0\0"
                                           "\0\0\0\x14"));
    }
}

static void test_full(void)
{
    TEST("what is over the arena's cap is said")
    {
        static const struct statement statement = {"x", "", "t", false};
        struct arena small;
        struct params p;
        char large[2000];
        memset(large, 'x', sizeof large);
        arena_init(&small, 1000);
        params_init(&p, &statement, &small);
        params_put_bytes(&p, (struct bytes){large, sizeof large});
        CHECK(!params_finish(&p));
        arena_release(&small);
    }
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    test_one();
    test_many();
    test_full();
    arena_release(&arena);
    return TEST_END();
}
