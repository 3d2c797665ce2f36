#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/encoding.h"

enum { ROOM_LEAST = 64 };

static const char hex_digits[] = "0123456789abcdef";

void text_init(struct text *t, struct arena *arena, size_t expected_len)
{
    *t = (struct text){.arena = arena, .cap = expected_len < ROOM_LEAST ? ROOM_LEAST : expected_len + 1};
    t->at = arena_take(arena, t->cap);
    t->failed = t->at == NULL;
}

/* room for len bytes and the NUL behind them */
static bool make_room(struct text *t, size_t len)
{
    if (t->failed) return false;
    if (len < t->cap - t->len) return true;
    size_t cap = len > t->cap ? t->len + len + 1 : 2 * t->cap;
    char *at = len < SIZE_MAX / 2 ? arena_take(t->arena, cap) : NULL;
    t->failed = at == NULL;
    if (t->failed) return false;
    memcpy(at, t->at, t->len);
    t->at = at;
    t->cap = cap;
    return true;
}

void text_put(struct text *t, struct bytes b)
{
    if (b.len == 0 || !make_room(t, b.len)) return;
    memcpy(t->at + t->len, b.at, b.len);
    t->len += b.len;
}

void text_put_char(struct text *t, char c)
{
    if (make_room(t, 1)) t->at[t->len++] = c;
}

void text_put_number(struct text *t, int64_t number)
{
    char digits[NUMBER_TEXT_MAX];
    text_put(t, number_write(number, digits));
}

void text_put_format(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) t->failed = true;
    if (!make_room(t, (size_t)len)) return;
    va_start(args, format);
    vsnprintf(t->at + t->len, (size_t)len + 1, format, args);
    va_end(args);
    t->len += (size_t)len;
}

/* A bit for each, by 64: printable ASCII but for what JSON escapes, and < > & which HTML does not take in its scripts */
static bool is_plain(unsigned char c)
{
    static const uint64_t plain[4] = {0xafffffbb00000000, 0x7fffffffefffffff};
    return plain[c >> 6] >> (c & 63) & 1;
}

static struct bytes take(struct bytes *b, size_t len)
{
    struct bytes taken = {b->at, len};
    *b = (struct bytes){b->at + len, b->len - len};
    return taken;
}

static struct bytes write_escape(unsigned code, char scratch[8])
{
    static const struct {
        char code, letter;
    } letters[] = {{'"', '"'}, {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}};
    scratch[0] = '\\';
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        if ((unsigned char)letters[i].code != code) continue;
        scratch[1] = letters[i].letter;
        return (struct bytes){scratch, 2};
    }
    scratch[1] = 'u';
    for (int i = 0; i < 4; i++) scratch[2 + i] = hex_digits[code >> (12 - 4 * i) & 15];
    return (struct bytes){scratch, 6};
}

/* the code of a valid character beyond ASCII that must not stand as it is, or 0 */
static unsigned escaped_code(struct bytes c)
{
    if (c.len == 2 && c.at[0] == '\xc2' && (unsigned char)c.at[1] < 0xa0) return (unsigned char)c.at[1];
    if (bytes_equal(c, BYTES("\u2028"))) return 0x2028;
    return bytes_equal(c, BYTES("\u2029")) ? 0x2029 : 0;
}

struct bytes text_take_json_piece(struct bytes *rest, char scratch[8])
{
    size_t len = 0;
    while (len < rest->len && is_plain((unsigned char)rest->at[len])) len++;
    if (len > 0 || rest->len == 0) return take(rest, len);
    size_t char_len = utf8_char_len(*rest);
    if (char_len == 0) {
        take(rest, 1);
        return BYTES("\ufffd");
    }
    struct bytes c = take(rest, char_len);
    unsigned code = char_len == 1 ? (unsigned char)c.at[0] : escaped_code(c);
    return char_len > 1 && code == 0 ? c : write_escape(code, scratch);
}

void text_put_json(struct text *t, struct bytes b)
{
    char scratch[8];
    if (!make_room(t, b.len)) return;
    text_put_char(t, '"');
    while (b.len > 0) text_put(t, text_take_json_piece(&b, scratch));
    text_put_char(t, '"');
}

void text_put_json_name(struct text *t, struct bytes name)
{
    if (t->len > 0 && t->at[t->len - 1] != '{') text_put_char(t, ',');
    text_put_json(t, name);
    text_put_char(t, ':');
}

void text_put_base64url(struct text *t, const void *at, size_t len)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *from = at;
    if (len > SIZE_MAX / 4 || !make_room(t, len / 3 * 4 + 4)) return;
    char *to = t->at + t->len;
    for (; len >= 3; len -= 3, from += 3, to += 4) { /* nine tenths of an access token go through here */
        to[0] = alphabet[from[0] >> 2];
        to[1] = alphabet[(from[0] & 3) << 4 | from[1] >> 4];
        to[2] = alphabet[(from[1] & 15) << 2 | from[2] >> 6];
        to[3] = alphabet[from[2] & 63];
    }
    if (len > 0) {
        uint32_t bits = (uint32_t)from[0] << 16 | (len == 2 ? (uint32_t)from[1] << 8 : 0);
        for (size_t i = 0; i <= len; i++) *to++ = alphabet[bits >> (18 - 6 * i) & 63];
    }
    t->len = (size_t)(to - t->at);
}

void text_put_hex(struct text *t, const void *at, size_t len)
{
    const unsigned char *from = at;
    if (len > SIZE_MAX / 4 || !make_room(t, 2 * len)) return;
    for (size_t i = 0; i < len; i++) {
        t->at[t->len++] = hex_digits[from[i] >> 4];
        t->at[t->len++] = hex_digits[from[i] & 15];
    }
}

struct bytes text_bytes(struct text *t)
{
    if (t->failed) return BYTES_ABSENT;
    t->at[t->len] = '\0';
    return (struct bytes){t->at, t->len};
}
