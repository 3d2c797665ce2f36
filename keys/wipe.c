#include "keys/wipe.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "keys/keys.h"

static _Thread_local bool wiping; /* always: it would cost every signature a microsecond */

void wipe_begin(void) { wiping = true; }
void wipe_end(void) { wiping = false; }

static void *take(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return malloc(size);
}

static void give_back(void *at, const char *file, int line)
{
    (void)file, (void)line;
    if (wiping && at != NULL) secret_wipe(at, malloc_usable_size(at));
    free(at);
}

static void *take_anew(void *at, size_t size, const char *file, int line)
{
    if (!wiping || at == NULL) return realloc(at, size);
    if (size == 0) return give_back(at, file, line), NULL;
    void *larger = malloc(size);
    if (larger == NULL) return NULL;
    size_t old_size = malloc_usable_size(at);
    memcpy(larger, at, old_size < size ? old_size : size);
    give_back(at, file, line);
    return larger;
}

bool keys_wipe_freed(void) { return CRYPTO_set_mem_functions(take, take_anew, give_back) == 1; }
