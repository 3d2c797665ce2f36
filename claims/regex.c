/* jq collects all matches in one step, which nothing interrupts: hence the bound on the text. And after a pattern
 * matched nothing in a text that is not ASCII ("é" | scan("x*")), jq 1.6 searches on in the middle of a character, or
 * past the end, and crashes: whoever may write his own name could end the process. */
#include "claims/regex.h"

#include <assert.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { TEXT_MAX = 65536, INVALID_ARGUMENT = -30 }; /* Oniguruma's ONIGERR_INVALID_ARGUMENT */

/* Oniguruma's, which the dynamic linker finds here first */
__attribute__((visibility("default"))) int onig_search(void *regex, const unsigned char *text, const unsigned char *end,
                                                       const unsigned char *start, const unsigned char *range,
                                                       void *region, unsigned options);

static int (*original)(void *, const unsigned char *, const unsigned char *, const unsigned char *,
                       const unsigned char *, void *, unsigned);

static bool within_character(const unsigned char *at, const unsigned char *end)
{
    return at < end && (*at & 0xc0) == 0x80;
}

int onig_search(void *regex, const unsigned char *text, const unsigned char *end, const unsigned char *start,
                const unsigned char *range, void *region, unsigned options)
{
    if (end - text > TEXT_MAX || start < text || start > end || within_character(start, end)) return INVALID_ARGUMENT;
    return original(regex, text, end, start, range, region, options);
}

static void find_original(void)
{
    void *found = dlsym(RTLD_NEXT, "onig_search");
    assert(found != NULL && dlsym(RTLD_DEFAULT, "onig_search") == (void *)onig_search);
    *(void **)&original = found;
}

void regex_guard(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_original);
}
