/* text: builds bytes in an arena by appending.
 * Rule: append, then take text_bytes once. When the arena's cap is passed the text is failed (sticky) and text_bytes is
 * absent. Grows by doubling; what it leaves behind in the arena is wiped with it. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/arena.h"

struct text {
    struct arena *arena;
    char *at;
    size_t len, cap;
    bool failed;
};

void text_init(struct text *t, struct arena *arena, size_t expected_len);
void text_put(struct text *t, struct bytes b);
void text_put_char(struct text *t, char c);
void text_put_number(struct text *t, int64_t number);
void text_put_format(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* with its quotes; escapes what RFC 8259 asks for, control characters up to U+009F, and < > & and U+2028, U+2029
 * as \u003c... so that it may stand in HTML and in a log; bytes that are not UTF-8 become U+FFFD */
void text_put_json(struct text *t, struct bytes b);
/* Takes the next piece of *rest off as it stands inside a JSON string: a run that needs no escape (borrowed from *rest), or
 * one escape, in scratch. Present as long as *rest is not empty: for writers of their own, such as base/log. */
struct bytes text_take_json_piece(struct bytes *rest, char scratch[8]);
/* "name":  with a comma before it unless the last character written is { */
void text_put_json_name(struct text *t, struct bytes name);
void text_put_base64url(struct text *t, const void *at, size_t len); /* no padding (RFC 7515 2) */
void text_put_hex(struct text *t, const void *at, size_t len);
/* the whole, with a NUL behind it that is not counted; absent when failed */
struct bytes text_bytes(struct text *t);

#endif
