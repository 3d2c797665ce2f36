#include "base/bytes.h"

#include <string.h>

struct bytes bytes_of(const char *text) { return text == NULL ? BYTES_ABSENT : (struct bytes){text, strlen(text)}; }

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

bool bytes_equal_nocase(struct bytes a, struct bytes b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i])) return false;
    return true;
}

bool bytes_start_with(struct bytes b, struct bytes prefix)
{
    return b.len >= prefix.len && bytes_equal((struct bytes){b.at, prefix.len}, prefix);
}

bool bytes_end_with(struct bytes b, struct bytes suffix)
{
    if (b.len < suffix.len) return false;
    return suffix.len == 0 || memcmp(b.at + (b.len - suffix.len), suffix.at, suffix.len) == 0;
}

size_t bytes_find(struct bytes b, char c)
{
    const char *found = b.len == 0 ? NULL : memchr(b.at, c, b.len);
    return found == NULL ? b.len : (size_t)(found - b.at);
}

bool bytes_contain(struct bytes b, struct bytes part)
{
    if (part.len == 0) return true;
    return b.len >= part.len && memmem(b.at, b.len, part.at, part.len) != NULL;
}

bool bytes_take_word(struct bytes *rest, char separator, struct bytes *word)
{
    while (rest->len > 0 && rest->at[0] == separator) *rest = (struct bytes){rest->at + 1, rest->len - 1};
    if (rest->len == 0) return false;
    size_t len = bytes_find(*rest, separator);
    *word = (struct bytes){rest->at, len};
    *rest = (struct bytes){rest->at + len, rest->len - len};
    return true;
}

bool bytes_have_word(struct bytes list, struct bytes word)
{
    struct bytes one;
    while (bytes_take_word(&list, ' ', &one))
        if (bytes_equal(one, word)) return true;
    return false;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

struct bytes bytes_trim(struct bytes b)
{
    while (b.len > 0 && is_blank(b.at[0])) b = (struct bytes){b.at + 1, b.len - 1};
    while (b.len > 0 && is_blank(b.at[b.len - 1])) b.len--;
    return b;
}

bool bytes_to_number(struct bytes b, uint64_t max, uint64_t *number)
{
    uint64_t sum = 0;
    if (b.len == 0) return false;
    for (size_t i = 0; i < b.len; i++) {
        if (b.at[i] < '0' || b.at[i] > '9') return false;
        uint64_t digit = (uint64_t)(b.at[i] - '0');
        if (digit > max || sum > (max - digit) / 10) return false;
        sum = sum * 10 + digit;
    }
    *number = sum;
    return true;
}
