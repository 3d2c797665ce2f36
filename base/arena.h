/* arena: memory that is taken piece by piece and given back all at once, wiped.
 * Rule: one arena for a request (or for a longer-lived thing such as the settings); nobody frees a piece. Every piece
 * is zeroed and aligned for any type. Past the cap arena_take returns NULL and the arena stays overflowed (sticky):
 * builders may go on and look once at the end. Under sanitizers (ARENA_BY_MALLOC) each piece is a malloc of its own, so
 * that a step over an edge is seen. Not for use by two threads at once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"

struct arena {
    struct arena_chunk *chunks; /* newest first */
    size_t cap, used;           /* bytes */
    bool overflowed;
};

void arena_init(struct arena *a, size_t cap_bytes);
/* wipes and frees every piece; the arena can be used again as after arena_init with the same cap */
void arena_release(struct arena *a);
/* NULL only when the cap is passed */
void *arena_take(struct arena *a, size_t size);
/* a copy, with a NUL behind it that is not counted; absent when b is absent or the cap is passed */
struct bytes arena_copy(struct arena *a, struct bytes b);
/* Every piece of from goes over to a, and lives as long as a's own; from can be used again as after arena_init. False
 * when that would pass a's cap, or one of them has overflowed: then both stay as they are. */
bool arena_adopt(struct arena *a, struct arena *from) __attribute__((warn_unused_result));
/* arena_copy as a NUL-terminated text; NULL when the cap is passed, "" for an absent b */
char *arena_text(struct arena *a, struct bytes b);

#endif
