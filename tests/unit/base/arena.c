#include "base/arena.h"

#include "free_watch.h"
#include "unit/test.h"

static bool is_aligned(const void *at) { return (uintptr_t)at % _Alignof(max_align_t) == 0; }

static bool is_zero(const unsigned char *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] != 0) return false;
    return true;
}

/* takes pieces of all sizes, fills each with its own number, and looks whether they are still whole at the end */
static bool pieces_are_apart(struct arena *a)
{
    enum { COUNT = 600 };
    unsigned char *pieces[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        pieces[i] = arena_take(a, i * 7);
        if (pieces[i] == NULL || !is_aligned(pieces[i]) || !is_zero(pieces[i], i * 7)) return false;
        memset(pieces[i], (int)(i % 251) + 1, i * 7);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t at = 0; at < i * 7; at++)
            if (pieces[i][at] != i % 251 + 1) return false;
    return true;
}

int main(void)
{
    struct arena a;

    TEST("pieces are zeroed, aligned and apart from each other")
    {
        arena_init(&a, 16 << 20);
        CHECK(pieces_are_apart(&a));
        arena_release(&a);
        CHECK(pieces_are_apart(&a));
        arena_release(&a);
    }
    TEST("a piece bigger than a chunk stands between small ones")
    {
        arena_init(&a, 1 << 20);
        char *first = arena_take(&a, 10), *big = arena_take(&a, 200000), *last = arena_take(&a, 10);
        CHECK(first != NULL && big != NULL && last != NULL);
        memset(first, 1, 10);
        memset(big, 2, 200000);
        memset(last, 3, 10);
        CHECK(first[9] == 1 && big[0] == 2 && big[199999] == 2 && last[0] == 3);
        arena_release(&a);
        CHECK(arena_take(&a, 200000) != NULL && arena_take(&a, 1) != NULL);
        arena_release(&a);
    }
    TEST("a piece of no bytes is there, and no other piece is the same")
    {
        arena_init(&a, 4096);
        void *one = arena_take(&a, 0), *two = arena_take(&a, 0);
        CHECK(one != NULL && two != NULL && one != two);
        arena_release(&a);
    }
    TEST("the cap is kept to the byte and stays passed until the arena is released")
    {
        arena_init(&a, 4096);
        CHECK(arena_take(&a, 4096) != NULL && !a.overflowed);
        CHECK(arena_take(&a, 1) == NULL && a.overflowed);
        arena_release(&a);
        CHECK(!a.overflowed && arena_take(&a, 4097) == NULL);
        CHECK(arena_take(&a, 1) == NULL);
        arena_release(&a);
        CHECK(arena_take(&a, 1) != NULL);
        arena_release(&a);
    }
    TEST("a size that would wrap around passes the cap")
    {
        arena_init(&a, SIZE_MAX);
        CHECK(arena_take(&a, SIZE_MAX) == NULL && a.overflowed);
        arena_release(&a);
    }
    TEST("a copy ends with a NUL; an absent one is absent, an empty one is there")
    {
        arena_init(&a, 4096);
        struct bytes copy = arena_copy(&a, BYTES("hydrant"));
        CHECK_BYTES(copy, BYTES("hydrant"));
        CHECK(copy.at[7] == '\0');
        CHECK(!bytes_present(arena_copy(&a, BYTES_ABSENT)) && bytes_present(arena_copy(&a, BYTES(""))));
        CHECK(strcmp(arena_text(&a, BYTES("abc")), "abc") == 0 && strcmp(arena_text(&a, BYTES_ABSENT), "") == 0);
        arena_release(&a);
    }
    TEST("past the cap copies are absent")
    {
        arena_init(&a, 16);
        CHECK(!bytes_present(arena_copy(&a, BYTES("sixteen bytes...."))));
        CHECK(!bytes_present(arena_copy(&a, BYTES("a"))) && arena_text(&a, BYTES("a")) == NULL);
        arena_release(&a);
    }
    TEST("what is adopted lives as long as the other, and both can go on taking")
    {
        struct arena from;
        arena_init(&a, 1 << 20);
        arena_init(&from, 1 << 20);
        for (int turn = 0; turn < 4; turn++) {
            struct bytes own = arena_copy(&a, turn % 2 == 0 ? BYTES("own") : BYTES_ABSENT), kept[300];
            for (size_t i = 0; i < 300; i++) kept[i] = arena_copy(&from, BYTES("a piece of the other's"));
            size_t used = a.used + from.used;
            CHECK(arena_adopt(&a, &from) && a.used == used && from.used == 0 && from.chunks == NULL);
            arena_copy(&from, BYTES("anew"));
            arena_release(&from);
            arena_copy(&a, BYTES("another"));
            for (size_t i = 0; i < 300; i++) CHECK_BYTES(kept[i], BYTES("a piece of the other's"));
            CHECK(turn % 2 == 1 || bytes_equal(own, BYTES("own")));
            if (turn == 1) arena_release(&a);
        }
        CHECK(arena_adopt(&a, &from));
        watch_frees_for("a piece of the");
        arena_release(&a);
        CHECK(freed_count > 3 && !freed_unwiped);
        watch_frees_for(NULL);
    }
    TEST("what would pass the cap is not adopted, and stays where it is")
    {
        struct arena from;
        arena_init(&a, 64);
        arena_init(&from, 4096);
        arena_copy(&a, BYTES("sixteen bytes..."));
        struct bytes kept = arena_copy(&from, BYTES("sixty-four bytes, or a few less..."));
        CHECK(!arena_adopt(&a, &from) && !a.overflowed);
        CHECK_BYTES(kept, BYTES("sixty-four bytes, or a few less..."));
        arena_release(&a);
        CHECK(arena_take(&a, 65) == NULL && !arena_adopt(&a, &from));
        arena_release(&a);
        CHECK(arena_adopt(&a, &from) && a.used > 0);
        CHECK(arena_take(&from, 5000) == NULL && !arena_adopt(&a, &from));
        arena_release(&from);
        arena_release(&a);
    }
    TEST("what is released is wiped: chunks, and big pieces")
    {
        arena_init(&a, 1 << 20);
        for (int i = 0; i < 1000; i++) arena_copy(&a, BYTES("a token that must not stay"));
        char *big = arena_take(&a, 100000);
        memcpy(big + 99900, "a token that must not stay", 26);
        watch_frees_for("a token that");
        arena_release(&a);
        CHECK(freed_count > 3 && !freed_unwiped);
        watch_frees_for(NULL);
    }
    return TEST_END();
}
