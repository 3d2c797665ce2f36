#include "base/random.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "unit/test.h"

static bool stays_below(uint32_t bound)
{
    for (int i = 0; i < 1000; i++)
        if (random_below(bound) >= bound) return false;
    return true;
}

enum { DRAWN = 4096 };
struct short_one {
    unsigned char at[16];
};
static struct short_one drawn[2][DRAWN];

static void *draw_many(void *into)
{
    struct short_one *at = into;
    for (int i = 0; i < DRAWN; i++) random_fill(at[i].at, sizeof at[i].at);
    return NULL;
}

static int compare(const void *a, const void *b) { return memcmp(a, b, sizeof(struct short_one)); }

int main(void)
{
    TEST("every byte is filled, each time anew, and none beyond")
    {
        unsigned char one[64], two[64], ever[63] = {0};
        one[63] = two[63] = 0xa5;
        for (int i = 0; i < 64; i++) {
            random_fill(one, 63);
            random_fill(two, 63);
            CHECK(memcmp(one, two, 63) != 0);
            for (int at = 0; at < 63; at++) ever[at] |= one[at];
        }
        CHECK(memchr(ever, 0, sizeof ever) == NULL && one[63] == 0xa5 && two[63] == 0xa5);
    }
    TEST("short ones never repeat, over many refills, in two threads at once")
    {
        pthread_t other;
        CHECK(pthread_create(&other, NULL, draw_many, drawn[1]) == 0);
        draw_many(drawn[0]);
        CHECK(pthread_join(other, NULL) == 0);
        qsort(drawn, sizeof drawn / sizeof drawn[0][0], sizeof drawn[0][0], compare);
        for (size_t i = 1; i < 2 * DRAWN; i++) CHECK(compare(&drawn[0][0] + i - 1, &drawn[0][0] + i) != 0);
    }
    TEST("nothing at all can be filled") random_fill(NULL, 0);
    TEST("numbers stay below the bound")
    {
        CHECK(stays_below(1) && stays_below(2) && stays_below(3) && stays_below(1000) && stays_below(UINT32_MAX));
    }
    TEST("every number below the bound comes about as often as the others")
    {
        int counts[6] = {0};
        for (int i = 0; i < 60000; i++) counts[random_below(6)]++;
        for (int i = 0; i < 6; i++) CHECK(counts[i] > 9300 && counts[i] < 10700);
    }
    TEST("a bound of three quarters of the range does not favour small numbers")
    {
        /* the plain remainder would fall into the lower third half of the times */
        int low = 0;
        for (int i = 0; i < 30000; i++) low += random_below(3U << 30) < 1U << 30;
        CHECK(low > 9400 && low < 10600);
    }
    return TEST_END();
}
