#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

enum { CHUNK_FIRST = 4096, CHUNK_LARGEST = 65536 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used; /* bytes of room */
    alignas(max_align_t) unsigned char room[];
};

static struct arena_chunk *create_chunk(size_t room)
{
    struct arena_chunk *chunk = malloc(sizeof *chunk + room);
    if (chunk == NULL) abort();
    *chunk = (struct arena_chunk){.size = room};
    return chunk;
}

void arena_init(struct arena *a, size_t cap_bytes) { *a = (struct arena){.cap = cap_bytes}; }

void arena_release(struct arena *a)
{
    for (struct arena_chunk *next, *chunk = a->chunks; chunk != NULL; chunk = next) {
        next = chunk->next;
        secret_wipe(chunk->room, chunk->used);
        free(chunk);
    }
    arena_init(a, a->cap);
}

#ifdef ARENA_BY_MALLOC
static void *place(struct arena *a, size_t size, size_t rounded)
{
    (void)rounded;
    struct arena_chunk *chunk = create_chunk(size);
    chunk->used = size;
    chunk->next = a->chunks;
    a->chunks = chunk;
    return chunk->room;
}
#else
static size_t next_room(const struct arena *a)
{
    if (a->chunks == NULL) return CHUNK_FIRST - sizeof(struct arena_chunk);
    size_t doubled = 2 * (a->chunks->size + sizeof(struct arena_chunk));
    return (doubled < CHUNK_LARGEST ? doubled : CHUNK_LARGEST) - sizeof(struct arena_chunk);
}

static void *place(struct arena *a, size_t size, size_t rounded)
{
    (void)size;
    struct arena_chunk *chunk = a->chunks;
    if (chunk == NULL || rounded > chunk->size - chunk->used) {
        size_t room = next_room(a);
        bool alone = rounded > room / 2;
        chunk = create_chunk(alone ? rounded : room);
        /* a big piece stands behind the newest chunk, which still has room for small ones */
        struct arena_chunk **at = alone && a->chunks != NULL ? &a->chunks->next : &a->chunks;
        chunk->next = *at;
        *at = chunk;
    }
    void *piece = chunk->room + chunk->used;
    chunk->used += rounded;
    return piece;
}
#endif

void *arena_take(struct arena *a, size_t size)
{
    const size_t step = alignof(max_align_t);
    size_t rounded = size == 0 ? step : (size + step - 1) / step * step;
    if (a->overflowed || rounded < size || rounded > a->cap - a->used) {
        a->overflowed = true;
        return NULL;
    }
    a->used += rounded;
    return memset(place(a, size, rounded), 0, size); /* a chunk's room is far more than what most requests take of it */
}

bool arena_adopt(struct arena *a, struct arena *from)
{
    if (a->overflowed || from->overflowed || from->used > a->cap - a->used) return false;
    /* behind the newest chunk, as what stands alone */
    struct arena_chunk **at = a->chunks != NULL ? &a->chunks->next : &a->chunks, *after = *at;
    *at = from->chunks;
    while (*at != NULL) at = &(*at)->next;
    *at = after;
    a->used += from->used;
    arena_init(from, from->cap);
    return true;
}

struct bytes arena_copy(struct arena *a, struct bytes b)
{
    if (!bytes_present(b)) return BYTES_ABSENT;
    assert(b.len < SIZE_MAX);
    char *copy = arena_take(a, b.len + 1);
    if (copy == NULL) return BYTES_ABSENT;
    memcpy(copy, b.at, b.len);
    return (struct bytes){copy, b.len};
}

char *arena_text(struct arena *a, struct bytes b)
{
    char *copy = arena_take(a, b.len + 1);
    if (copy != NULL && b.len > 0) memcpy(copy, b.at, b.len);
    return copy;
}
