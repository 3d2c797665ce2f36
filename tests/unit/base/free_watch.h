/* free_watch: sees whether memory is wiped before it is freed. The program is linked with -Wl,--wrap=free. */
#ifndef TESTS_UNIT_BASE_FREE_WATCH_H
#define TESTS_UNIT_BASE_FREE_WATCH_H

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *watched_for; /* a text that no freed piece may contain */
static size_t freed_count;
static bool freed_unwiped;

void __real_free(void *at);
void __wrap_free(void *at);

void __wrap_free(void *at)
{
    if (at != NULL && watched_for != NULL) {
        freed_count++;
        if (memmem(at, malloc_usable_size(at), watched_for, strlen(watched_for)) != NULL) freed_unwiped = true;
    }
    __real_free(at);
}

static void watch_frees_for(const char *text)
{
    watched_for = text;
    freed_count = 0;
    freed_unwiped = false;
}

#endif
