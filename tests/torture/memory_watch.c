#include "torture/memory_watch.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { LIVE_MAX = 64 * 1024 };

static bool watching;
static pthread_t watched_thread;
static struct {
    unsigned char at[MEMORY_SECRET_LEN_MAX];
    size_t len;
} secrets[MEMORY_SECRETS_MAX];
static size_t secret_count, unwiped;
static const volatile void *live[LIVE_MAX];
static size_t live_count;

#ifdef __SANITIZE_ADDRESS__
/* of AddressSanitizer's allocator, whose header not every compiler brings along */
size_t __sanitizer_get_allocated_size(const volatile void *at);
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *at, size_t size),
                                              void (*on_free)(const volatile void *at));

static bool is_watched(void) { return watching && pthread_equal(pthread_self(), watched_thread); }

static bool holds_secret(const volatile void *at)
{
    const void *piece = (const void *)at;
    size_t size = __sanitizer_get_allocated_size(at);
    for (size_t i = 0; i < secret_count; i++)
        if (memmem(piece, size, secrets[i].at, secrets[i].len) != NULL) return true;
    return false;
}

static void on_malloc(const volatile void *at, size_t size)
{
    (void)size;
    if (at == NULL || !is_watched()) return;
    assert(live_count < LIVE_MAX);
    live[live_count++] = at;
}

static void on_free(const volatile void *at)
{
    if (at == NULL || !is_watched()) return;
    if (holds_secret(at)) unwiped++;
    for (size_t i = live_count; i-- > 0;) {
        if (live[i] != at) continue;
        live[i] = live[--live_count];
        return;
    }
}

bool memory_watch_sees(void) { return true; }
static void install(void)
{
    static bool installed;
    if (!installed) __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    installed = true;
}
#else
bool memory_watch_sees(void) { return false; }
static bool holds_secret(const volatile void *at) { return at == NULL; }
static void install(void) {}
#endif

void memory_watch_begin(void)
{
    install();
    watched_thread = pthread_self();
    live_count = secret_count = unwiped = 0;
    watching = true;
}

void memory_watch_secret(const void *at, size_t len)
{
    assert(secret_count < MEMORY_SECRETS_MAX && len > 0 && len <= MEMORY_SECRET_LEN_MAX);
    memcpy(secrets[secret_count].at, at, len);
    secrets[secret_count++].len = len;
}

size_t memory_watch_unwiped(void) { return unwiped; }

size_t memory_watch_holding(void)
{
    size_t holding = 0;
    for (size_t i = 0; i < live_count; i++) holding += holds_secret(live[i]);
    return holding;
}

size_t memory_watch_end(void)
{
    watching = false;
    memset(secrets, 0, sizeof secrets);
    return live_count;
}
