#include "server/settings_table.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ROW(name, key, type, ...) {key, TYPE_##type, __VA_ARGS__},
const struct setting SETTINGS[SETTINGS_LEN] = {SETTINGS_TABLE(ROW)};
const struct setting RESOURCE_SETTINGS[RESOURCE_LEN] = {RESOURCE_TABLE(ROW)};
const struct setting FORWARD_SETTINGS[FORWARD_LEN] = {FORWARD_TABLE(ROW)};
#undef ROW

const struct setting *setting_find(struct bytes key)
{
    for (size_t i = 0; i < SETTINGS_LEN; i++)
        if (bytes_equal(key, bytes_of(SETTINGS[i].key))) return &SETTINGS[i];
    return NULL;
}

bool setting_is_section(struct bytes key)
{
    for (size_t i = 0; i < SETTINGS_LEN; i++) {
        struct bytes row = bytes_of(SETTINGS[i].key);
        if (row.len > key.len && row.at[key.len] == '.' && bytes_start_with(row, key)) return true;
    }
    return false;
}

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* letters to change, add or leave out to make b of a (Levenshtein), a row of the matrix at a time */
static size_t distance(struct bytes a, struct bytes b)
{
    size_t row[SETTING_KEY_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t above = row[j];
            row[j] = least_of(above + 1, row[j - 1] + 1, diagonal + (a.at[i - 1] != b.at[j - 1]));
            diagonal = above;
        }
    }
    return row[b.len];
}

/* the first row whose last word is key: `workers` for serve.workers */
static struct bytes same_word(struct bytes key)
{
    for (size_t i = 0; i < SETTINGS_LEN; i++) {
        struct bytes row = bytes_of(SETTINGS[i].key);
        if (row.len > key.len && row.at[row.len - key.len - 1] == '.' && bytes_end_with(row, key)) return row;
    }
    return BYTES_ABSENT;
}

/* keeps the key, or the section above it, in *nearest where it is less than *least apart */
static void consider(struct bytes key, struct bytes candidate, struct bytes *nearest, size_t *least)
{
    size_t apart = distance(key, candidate);
    if (apart >= *least) return;
    *least = apart;
    *nearest = candidate;
}

struct bytes setting_nearest(struct bytes key)
{
    enum { FAR = 4 };
    struct bytes nearest = BYTES_ABSENT;
    size_t least = key.len / 3 + 1 < FAR ? key.len / 3 + 1 : FAR;
    if (key.len >= SETTING_KEY_MAX) return nearest;
    for (size_t i = 0; i < SETTINGS_LEN; i++) {
        struct bytes row = bytes_of(SETTINGS[i].key);
        for (size_t len = 1; len <= row.len; len++)
            if (len == row.len || row.at[len] == '.') consider(key, (struct bytes){row.at, len}, &nearest, &least);
    }
    return bytes_present(nearest) ? nearest : same_word(key);
}

void setting_environment(const char *key, char name[SETTING_KEY_MAX])
{
    size_t len = strlen(key);
    assert(len < SETTING_KEY_MAX);
    for (size_t i = 0; i <= len; i++) name[i] = key[i] == '.' ? '_' : (char)toupper((unsigned char)key[i]);
}

void setting_write_duration(int64_t ms, char text[32])
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{DAYS_MS(1), "d"}, {HOURS_MS(1), "h"}, {MINUTES_MS(1), "m"}, {SECONDS_MS(1), "s"}, {1, "ms"}};
    size_t i = ms == 0 ? 3 : 0;
    while (ms % units[i].ms != 0) i++;
    snprintf(text, 32, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
}

void setting_right(const struct setting *row, char words[SETTING_WORDS_MAX])
{
    char least[32], most[32];
    switch (row->type) {
    case TYPE_COUNT:
        snprintf(words, SETTING_WORDS_MAX, "a number from %lld to %lld", (long long)row->least, (long long)row->most);
        return;
    case TYPE_DURATION:
        setting_write_duration(row->least, least);
        setting_write_duration(row->most, most);
        snprintf(words, SETTING_WORDS_MAX, "a duration such as 90s, 15m or 14d, from %s to %s", least, most);
        return;
    case TYPE_BOOL: snprintf(words, SETTING_WORDS_MAX, "true or false"); return;
    case TYPE_CHOICE: snprintf(words, SETTING_WORDS_MAX, "one of: %s", row->right); return;
    case TYPE_TEXT:
    case TYPE_SECRET:
    case TYPE_LIST:
    case TYPE_SECRETS:
    case TYPE_CLAIMS:
    case TYPE_TABLE:
    case TYPE_RECORDS: snprintf(words, SETTING_WORDS_MAX, "%s", row->right); return;
    }
}
