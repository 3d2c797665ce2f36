#include "base/random.h"

#include <assert.h>
#include <limits.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

/* A call costs far more than the bytes, so each thread takes some ahead; what was handed out is wiped. Nobody forks here:
 * a child would hand out the same. */
static _Thread_local struct {
    unsigned char bytes[256];
    size_t left; /* at the end */
} ahead;

static void draw(void *at, size_t len)
{
    assert(len <= INT_MAX);
    if (RAND_priv_bytes(at, (int)len) != 1) abort();
}

void random_fill(void *at, size_t len)
{
    if (len > sizeof ahead.bytes / 4) {
        draw(at, len);
        return;
    }
    if (len == 0) return;
    if (ahead.left < len) {
        draw(ahead.bytes, sizeof ahead.bytes);
        ahead.left = sizeof ahead.bytes;
    }
    unsigned char *from = ahead.bytes + sizeof ahead.bytes - ahead.left;
    memcpy(at, from, len);
    secret_wipe(from, len);
    ahead.left -= len;
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
