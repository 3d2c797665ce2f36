/* secret: bytes that must not be seen: wiped when released, compared in constant time.
 * Rule: nothing that writes logs, text or JSON takes a struct secret, so printing one does not compile. Whoever holds one
 * calls secret_release (it may be called twice). */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/bytes.h"

struct secret {
    unsigned char *hidden_at; /* owned */
    size_t hidden_len;
};

/* a copy of b in memory of its own; aborts when there is no memory */
void secret_init(struct secret *s, struct bytes b);
void secret_release(struct secret *s);
static inline bool secret_present(const struct secret *s) { return s->hidden_len > 0; }
/* constant time for equal lengths; the length itself is not hidden. An empty secret equals nothing */
bool secret_equals(const struct secret *s, struct bytes candidate);
/* for handing the bytes to a cryptographic function, and for nothing else */
struct bytes secret_expose(const struct secret *s);
/* memory that the compiler may not leave unwiped */
void secret_wipe(void *at, size_t len);
/* are n bytes the same? constant time */
bool secret_same(const void *a, const void *b, size_t len);

#endif
