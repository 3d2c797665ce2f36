#include "keys/wipe.h"

#include <openssl/crypto.h>
#include <stdint.h>

#include "keys/keys.h"
#include "unit/test.h"

enum { SIZE = 256, MIDDLE = 128 }; /* the allocator writes into the first octets of what is free */

/* what nobody should look at: what lies in freed memory */
__attribute__((no_sanitize("address"))) static unsigned char octet_at(uintptr_t at)
{
    return *(volatile unsigned char *)at;
}

static uintptr_t take_marked(void)
{
    unsigned char *at = OPENSSL_malloc(SIZE);
    memset(at, 0xa5, SIZE);
    return (uintptr_t)at;
}

static void check_free(bool wiped)
{
    uintptr_t at = take_marked();
    if (wiped) wipe_begin();
    OPENSSL_free((void *)at);
    wipe_end();
    CHECK((octet_at(at + MIDDLE) == 0xa5) != wiped);
}

static void check_realloc(void)
{
    uintptr_t at = take_marked();
    wipe_begin();
    unsigned char *larger = OPENSSL_realloc((void *)at, 100 * SIZE);
    CHECK(larger[0] == 0xa5 && larger[SIZE - 1] == 0xa5 && octet_at(at + MIDDLE) != 0xa5);
    unsigned char *smaller = OPENSSL_realloc(larger, 1);
    CHECK(smaller[0] == 0xa5);
    OPENSSL_free(OPENSSL_realloc(NULL, 1));
    OPENSSL_free(smaller);
    wipe_end();
}

/* as the allocator does it, whether it wipes or not: who gives all back gets nothing */
static void check_realloc_to_nothing(bool wiped)
{
    uintptr_t at = take_marked();
    if (wiped) wipe_begin();
    CHECK(OPENSSL_realloc((void *)at, 0) == NULL);
    wipe_end();
    CHECK((octet_at(at + MIDDLE) == 0xa5) != wiped);
}

int main(void)
{
    TEST("it comes first of all") CHECK(keys_wipe_freed());
    TEST("what OpenSSL frees meanwhile is wiped, what it frees otherwise is not")
    {
        check_free(true);
        check_free(false);
    }
    TEST("what it takes anew keeps its octets, and leaves none behind") check_realloc();
    TEST("what it takes anew with no octets at all is given back")
    {
        check_realloc_to_nothing(true);
        check_realloc_to_nothing(false);
    }
    return TEST_END();
}
