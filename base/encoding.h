/* encoding: the strict decoders of what comes from outside, and ids.
 * Every decoder accepts exactly one spelling of a value where the standard allows that, and says false to anything else. */
#ifndef BASE_ENCODING_H
#define BASE_ENCODING_H

#include "base/arena.h"

/* RFC 4648 5 without padding; false for padding, other alphabets, a length of 4n+1, or stray bits in the last character.
 * *out_len is what was written, at most cap. */
bool base64url_decode(struct bytes in, void *out, size_t cap, size_t *out_len) __attribute__((warn_unused_result));
/* RFC 4648 4 with padding, for the Authorization header (RFC 7617); the same strictness */
bool base64_decode(struct bytes in, void *out, size_t cap, size_t *out_len) __attribute__((warn_unused_result));
/* application/x-www-form-urlencoded: + is a space, %XX a byte. false for a broken escape or a NUL byte, and
 * when the arena's cap is passed. In arena; absent when in is. */
bool form_decode(struct arena *a, struct bytes in, struct bytes *out) __attribute__((warn_unused_result));
/* the byte that the two hexadecimal digits stand for which b starts with, in either case; -1 when it doesn't */
int hex_byte(struct bytes b);
bool utf8_valid(struct bytes b);
/* how many bytes the character has that b starts with (1 to 4, RFC 3629 4); 0 when there is none or it is broken */
size_t utf8_char_len(struct bytes b);

/* uuids: 16 bytes, and 36 characters in lower case with a NUL behind them (RFC 9562 4); upper case is read too */
void uuid_write(const unsigned char uuid[16], char text[37]);
/* in decimal, at the end of the room, without a NUL */
enum { NUMBER_TEXT_MAX = 20 };
struct bytes number_write(int64_t number, char room[NUMBER_TEXT_MAX]);
bool uuid_parse(struct bytes text, unsigned char uuid[16]) __attribute__((warn_unused_result));
void uuid_make(unsigned char uuid[16]); /* random: version 4 */

#endif
