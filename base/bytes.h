/* bytes: a borrowed piece of memory, passed by value.
 * Rule: whoever hands one out says how long it lives (most often: as long as the request's arena). It is never
 * NUL-terminated by promise; {NULL, 0} means "absent", {non-NULL, 0} means "present and empty". */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    const char *at;
    size_t len;
};

#define BYTES(literal) ((struct bytes){"" literal, sizeof(literal) - 1})
#define BYTES_ABSENT ((struct bytes){NULL, 0})
/* for printf: "%.*s", BYTES_PRINT(b) */
#define BYTES_PRINT(b) (int)(b).len, ((b).at == NULL ? "" : (b).at)

/* a NUL-terminated text as bytes; NULL is absent */
struct bytes bytes_of(const char *text);
static inline bool bytes_present(struct bytes b) { return b.at != NULL; }
bool bytes_equal(struct bytes a, struct bytes b);        /* not constant time: for names, never for secrets */
bool bytes_equal_nocase(struct bytes a, struct bytes b); /* ASCII only */
bool bytes_start_with(struct bytes b, struct bytes prefix);
bool bytes_end_with(struct bytes b, struct bytes suffix);
/* the place of the first c, or b.len where there is none */
size_t bytes_find(struct bytes b, char c);
bool bytes_contain(struct bytes b, struct bytes part);
/* Takes the next word off *rest, words being separated by one or more of the separator; false when none is left.
 * With it a list reads: while (bytes_take_word(&rest, ' ', &word)) ... */
bool bytes_take_word(struct bytes *rest, char separator, struct bytes *word);
/* is word one of the space-separated words of list? (RFC 6749 3.3: scope) */
bool bytes_have_word(struct bytes list, struct bytes word);
struct bytes bytes_trim(struct bytes b); /* without spaces and tabs at both ends */
/* decimal digits only, no sign, no leading or trailing anything; false when empty, not digits, or over max */
bool bytes_to_number(struct bytes b, uint64_t max, uint64_t *number);

#endif
