#include "base/random.h"

#include <assert.h>
#include <limits.h>
#include <openssl/rand.h>
#include <stdlib.h>

void random_fill(void *at, size_t len)
{
    assert(len <= INT_MAX);
    if (RAND_priv_bytes(at, (int)len) != 1) abort();
}

uint32_t random_below(uint32_t bound)
{
    assert(bound > 0);
    /* numbers below this would make the small remainders likelier; throw again */
    uint32_t uneven = -bound % bound, n;
    do random_fill(&n, sizeof n);
    while (n < uneven);
    return n % bound;
}
