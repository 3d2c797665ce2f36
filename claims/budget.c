#include "claims/budget.h"

#include <assert.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local struct budget *current;

void budget_begin(struct budget *budget, int64_t bytes, void (*spent)(void *data), void *data)
{
    *budget = (struct budget){bytes, false, spent, data};
    current = budget;
}

bool budget_end(struct budget *budget)
{
    current = NULL;
    return !budget->is_spent;
}

static void count_taken(void *piece)
{
    if (piece == NULL) abort();
    if (current == NULL) return;
    current->left -= (int64_t)malloc_usable_size(piece);
    if (current->left >= 0 || current->is_spent) return;
    current->is_spent = true;
    current->spent(current->data);
}

static void count_freed(void *piece)
{
    if (current != NULL && piece != NULL) current->left += (int64_t)malloc_usable_size(piece);
}

/* ---- in the place of jq's own ---- */

#define IN_PLACE_OF_JQS __attribute__((visibility("default")))

IN_PLACE_OF_JQS void *jv_mem_alloc(size_t size);
IN_PLACE_OF_JQS void *jv_mem_alloc_unguarded(size_t size);
IN_PLACE_OF_JQS void *jv_mem_calloc(size_t count, size_t size);
IN_PLACE_OF_JQS void *jv_mem_calloc_unguarded(size_t count, size_t size);
IN_PLACE_OF_JQS void *jv_mem_realloc(void *piece, size_t size);
IN_PLACE_OF_JQS char *jv_mem_strdup(const char *text);
IN_PLACE_OF_JQS char *jv_mem_strdup_unguarded(const char *text);
IN_PLACE_OF_JQS void jv_mem_free(void *piece);

void budget_check_in_place(void)
{
    assert(dlsym(RTLD_DEFAULT, "jv_mem_alloc") == (void *)jv_mem_alloc);
    assert(dlsym(RTLD_DEFAULT, "jv_mem_realloc") == (void *)jv_mem_realloc);
}

void *jv_mem_alloc(size_t size)
{
    void *piece = malloc(size);
    count_taken(piece);
    return piece;
}

void *jv_mem_alloc_unguarded(size_t size) { return jv_mem_alloc(size); }

void *jv_mem_calloc(size_t count, size_t size)
{
    void *piece = calloc(count, size);
    count_taken(piece);
    return piece;
}

void *jv_mem_calloc_unguarded(size_t count, size_t size) { return jv_mem_calloc(count, size); }

void *jv_mem_realloc(void *piece, size_t size)
{
    count_freed(piece);
    void *grown = realloc(piece, size);
    count_taken(grown);
    return grown;
}

char *jv_mem_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(jv_mem_alloc(size), text, size);
}

char *jv_mem_strdup_unguarded(const char *text) { return jv_mem_strdup(text); }

void jv_mem_free(void *piece)
{
    count_freed(piece);
    free(piece);
}
