#include "server/token_words.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "oauth/refresh_token.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };
enum { EXPONENT_MAX = 1 << 20 };                 /* more than a number has digits */
static const uint64_t LAST_MS = 253402300799999; /* the end of 9999 */

/* ---- texts and values ---- */

/* what is not seen, looks like a space, or turns the line around: Unicode's default-ignorable characters, its
 * bidirectional controls, spaces but the common one, and private use, which every font shows as it likes */
static const struct {
    uint32_t first, last;
} HIDDEN[] = {
    {0x0000, 0x001f}, {0x007f, 0x00a0},   {0x00ad, 0x00ad},   {0x034f, 0x034f},    {0x061c, 0x061c}, {0x115f, 0x1160},
    {0x1680, 0x1680}, {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x2000, 0x200f},    {0x2028, 0x202f}, {0x205f, 0x206f},
    {0x3000, 0x3000}, {0x3164, 0x3164},   {0xe000, 0xf8ff},   {0xfe00, 0xfe0f},    {0xfeff, 0xfeff}, {0xffa0, 0xffa0},
    {0xfff0, 0xfffc}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff},
};

static bool is_hidden(uint32_t code)
{
    for (size_t i = 0; i < sizeof HIDDEN / sizeof *HIDDEN; i++)
        if (code >= HIDDEN[i].first && code <= HIDDEN[i].last) return true;
    return false;
}

static uint32_t code_of(struct bytes character)
{
    uint32_t code = (unsigned char)character.at[0] & (character.len == 1 ? 0x7fU : 0x7fU >> character.len);
    for (size_t i = 1; i < character.len; i++) code = code << 6 | ((unsigned char)character.at[i] & 0x3fU);
    return code;
}

/* RFC 8259 7: beyond the first 65536 as two halves */
static void put_code(struct text *t, uint32_t code)
{
    if (code > 0xffff) {
        text_put_format(t, "\\u%04x", 0xd800 + ((code - 0x10000) >> 10));
        code = 0xdc00 + ((code - 0x10000) & 0x3ff);
    }
    text_put_format(t, "\\u%04x", code);
}

static void put_visible(struct text *t, struct bytes character)
{
    uint32_t code = code_of(character);
    if (is_hidden(code))
        put_code(t, code);
    else
        text_put(t, character);
}

static void put_character(struct text *t, struct bytes character)
{
    char scratch[8];
    if (strchr("\"\\\b\f\n\r\t", character.at[0]) != NULL && character.at[0] != 0)
        text_put(t, text_take_json_piece(&character, scratch));
    else
        put_visible(t, character);
}

static void put_each(struct text *t, struct bytes b, void (*put)(struct text *t, struct bytes character))
{
    while (b.len > 0) {
        size_t len = utf8_char_len(b);
        put(t, len > 0 ? (struct bytes){b.at, len} : BYTES("\ufffd"));
        if (len == 0) len = 1;
        b = (struct bytes){b.at + len, b.len - len};
    }
}

void put_shown(struct text *t, struct bytes b) { put_each(t, b, put_visible); }

void put_quoted(struct text *t, struct bytes b)
{
    text_put_char(t, '"');
    put_each(t, b, put_character);
    text_put_char(t, '"');
}

void put_name(struct text *t, struct bytes name)
{
    bool plain = name.len > 0;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        plain = plain && (letter || (c != 0 && strchr("_-.:/#", c) != NULL));
    }
    if (plain)
        text_put(t, name);
    else
        put_quoted(t, name);
}

static void put_members(struct text *t, const struct json *value)
{
    bool object = value->type == JSON_OBJECT;
    text_put_char(t, object ? '{' : '[');
    for (const struct json *m = value->first; m != NULL; m = m->next) {
        if (m != value->first) text_put_char(t, ',');
        if (object) put_quoted(t, m->name);
        if (object) text_put_char(t, ':');
        put_value(t, m);
    }
    text_put_char(t, object ? '}' : ']');
}

void put_value(struct text *t, const struct json *value)
{
    if (value == NULL) return text_put(t, BYTES("none"));
    switch (value->type) {
    case JSON_STRING: return put_quoted(t, value->text);
    case JSON_ARRAY:
    case JSON_OBJECT: return put_members(t, value);
    case JSON_NUMBER:
    case JSON_BOOL:
    case JSON_NULL: return json_write(t, value);
    }
}

/* ---- times ---- */

void put_span(struct text *t, int64_t ms)
{
    static const struct {
        int64_t ms;
        char unit;
    } units[] = {{DAY_MS, 'd'}, {HOUR_MS, 'h'}, {MINUTE_MS, 'm'}, {1000, 's'}};
    size_t i = 0;
    if (ms < 0) ms = -ms;
    while (i < 3 && ms < units[i].ms) i++;
    text_put_format(t, "%lld%c", (long long)(ms / units[i].ms), units[i].unit);
    int64_t rest = ms % units[i].ms;
    if (i < 3 && rest >= units[i + 1].ms)
        text_put_format(t, " %lld%c", (long long)(rest / units[i + 1].ms), units[i + 1].unit);
}

void put_moment(struct text *t, int64_t at_ms, int64_t now_ms)
{
    char written[25];
    clock_write(at_ms, written);
    text_put_format(t, "%.*sZ, ", at_ms % 1000 == 0 ? 19 : 23, written);
    if (at_ms > now_ms) text_put(t, BYTES("in "));
    put_span(t, at_ms - now_ms);
    if (at_ms <= now_ms) text_put(t, BYTES(" ago"));
}

static int64_t exponent_of(struct bytes digits)
{
    uint64_t number;
    bool negative = bytes_start_with(digits, BYTES("-"));
    if (negative || bytes_start_with(digits, BYTES("+"))) digits = (struct bytes){digits.at + 1, digits.len - 1};
    if (!bytes_to_number(digits, EXPONENT_MAX, &number)) number = EXPONENT_MAX;
    return negative ? -(int64_t)number : (int64_t)number;
}

/* digit by digit: a double would round */
bool numeric_date_read(const struct json *value, int64_t *ms)
{
    if (!json_is(value, JSON_NUMBER)) return false;
    struct bytes text = value->text;
    bool negative = text.at[0] == '-', zero = true;
    if (negative) text = (struct bytes){text.at + 1, text.len - 1};
    size_t end = bytes_find(text, 'e') < text.len ? bytes_find(text, 'e') : bytes_find(text, 'E');
    struct bytes mantissa = {text.at, end};
    /* how many digits stand before the point of the milliseconds */
    int64_t before = (int64_t)bytes_find(mantissa, '.') + 3;
    if (end < text.len) before += exponent_of((struct bytes){text.at + end + 1, text.len - end - 1});
    uint64_t number = 0;
    for (size_t i = 0; i < mantissa.len; i++) {
        if (mantissa.at[i] == '.') continue;
        zero = zero && mantissa.at[i] == '0';
        if (before-- > 0) number = 10 * number + (uint64_t)(mantissa.at[i] - '0');
        if (number > LAST_MS) return false;
    }
    while (number > 0 && number <= LAST_MS && before-- > 0) number *= 10;
    *ms = (int64_t)number;
    return number <= LAST_MS && (zero || !negative);
}

/* ---- what is no JWT ---- */

static bool starts_with(struct bytes b, const char *prefix)
{
    size_t len = strlen(prefix);
    return b.len >= len && strncasecmp(b.at, prefix, len) == 0;
}

const char *mistake_in(struct bytes token)
{
    if (refresh_token_looks_like(token))
        return "this is a refresh token of Hydrant, which only its token endpoint reads: give the access token";
    if (starts_with(token, "ory_st_"))
        return "this is a session token of Kratos: exchange it, and give the access token that comes back";
    if (starts_with(token, "bearer ")) return "it begins with the word Bearer: give what stands behind it";
    if (starts_with(token, "{")) return "this is JSON, perhaps the whole answer: give the value of access_token alone";
    for (size_t i = 0; i < token.len; i++)
        if (token.at[i] == ' ' || (token.at[i] >= '\t' && token.at[i] <= '\r'))
            return "there is white space inside it: put its lines together";
    return NULL;
}
