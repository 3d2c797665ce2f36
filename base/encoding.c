#include "base/encoding.h"

#include <string.h>

#include "base/random.h"

static const char hex_digits[] = "0123456789abcdef";

/* 0 to 63, or -1; the two alphabets of RFC 4648 differ in the last two characters */
static int value_of(char c, const char *last_two)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == last_two[0]) return 62;
    return c == last_two[1] ? 63 : -1;
}

static bool decode(struct bytes in, const char *last_two, void *out, size_t cap, size_t *out_len)
{
    unsigned char *at = out;
    size_t written = 0, len = in.len / 4 * 3 + in.len % 4 * 3 / 4;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    if (in.len % 4 == 1 || len > cap) return false;
    for (size_t i = 0; i < in.len; i++) {
        int value = value_of(in.at[i], last_two);
        if (value < 0) return false;
        bits = (bits << 6 | (uint32_t)value) & 0xffff;
        bit_count += 6;
        if (bit_count < 8) continue;
        bit_count -= 8;
        at[written++] = (unsigned char)(bits >> bit_count);
    }
    /* RFC 4648 3.5: pad bits other than zero would give one value two spellings */
    if ((bits & ((1U << bit_count) - 1)) != 0) return false;
    *out_len = written;
    return true;
}

bool base64url_decode(struct bytes in, void *out, size_t cap, size_t *out_len)
{
    return decode(in, "-_", out, cap, out_len);
}

bool base64_decode(struct bytes in, void *out, size_t cap, size_t *out_len)
{
    if (in.len % 4 != 0) return false;
    for (int i = 0; i < 2 && in.len > 0 && in.at[in.len - 1] == '='; i++) in.len--;
    return decode(in, "+/", out, cap, out_len);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int hex_byte(struct bytes b)
{
    if (b.len < 2) return -1;
    int high = hex_value(b.at[0]), low = hex_value(b.at[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool form_decode(struct arena *a, struct bytes in, struct bytes *out)
{
    char *at = arena_take(a, in.len + 1);
    size_t len = 0;
    if (at == NULL) return false;
    for (size_t i = 0; i < in.len; i++) {
        int c = in.at[i] == '+' ? ' ' : (unsigned char)in.at[i];
        if (c == '%') {
            c = hex_byte((struct bytes){in.at + i + 1, in.len - i - 1});
            i += 2;
        }
        if (c <= 0) return false;
        at[len++] = (char)c;
    }
    *out = bytes_present(in) ? (struct bytes){at, len} : BYTES_ABSENT;
    return true;
}

static bool is_continuation(unsigned char c) { return (c & 0xc0) == 0x80; }

size_t utf8_char_len(struct bytes b)
{
    const unsigned char *at = (const unsigned char *)b.at;
    if (b.len == 0) return 0;
    if (at[0] < 0x80) return 1;
    size_t len = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (at[0] < 0xc2 || at[0] > 0xf4 || b.len < len) return 0;
    for (size_t i = 1; i < len; i++)
        if (!is_continuation(at[i])) return 0;
    /* RFC 3629 4: no longer spelling than needed, no surrogates, nothing over U+10FFFF */
    if (at[0] == 0xe0 && at[1] < 0xa0) return 0;
    if (at[0] == 0xed && at[1] > 0x9f) return 0;
    if (at[0] == 0xf0 && at[1] < 0x90) return 0;
    if (at[0] == 0xf4 && at[1] > 0x8f) return 0;
    return len;
}

bool utf8_valid(struct bytes b)
{
    while (b.len > 0) {
        size_t len = utf8_char_len(b);
        if (len == 0) return false;
        b = (struct bytes){b.at + len, b.len - len};
    }
    return true;
}

static bool is_uuid_dash(size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

struct bytes number_write(int64_t number, char room[NUMBER_TEXT_MAX])
{
    char *at = room + NUMBER_TEXT_MAX;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do *--at = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (number < 0) *--at = '-';
    return (struct bytes){at, (size_t)(room + NUMBER_TEXT_MAX - at)};
}

void uuid_write(const unsigned char uuid[16], char text[37])
{
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (is_uuid_dash(at)) text[at++] = '-';
        text[at++] = hex_digits[uuid[i] >> 4];
        text[at++] = hex_digits[uuid[i] & 15];
    }
    text[at] = '\0';
}

bool uuid_parse(struct bytes text, unsigned char uuid[16])
{
    if (text.len != 36) return false;
    for (size_t at = 0, i = 0; i < 16; i++, at += 2) {
        if (is_uuid_dash(at) && text.at[at++] != '-') return false;
        int byte = hex_byte((struct bytes){text.at + at, text.len - at});
        if (byte < 0) return false;
        uuid[i] = (unsigned char)byte;
    }
    return true;
}

void uuid_make(unsigned char uuid[16])
{
    random_fill(uuid, 16);
    /* RFC 9562 5.4: version 4, variant 10 */
    uuid[6] = (unsigned char)((uuid[6] & 0x0f) | 0x40);
    uuid[8] = (unsigned char)((uuid[8] & 0x3f) | 0x80);
}
