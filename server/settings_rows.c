/* settings_rows: a table within a table, whose rows are in the table of settings too: one audience of
 * access_token.resources, one profile of forward_auth.profiles. */
#include <stdio.h>
#include <string.h>

#include "server/settings_reader.h"

enum { NAMES_MAX = 160 };

const char *setting_key_join(const char *key, struct bytes name, char joined[KEY_WORDS_MAX])
{
    snprintf(joined, KEY_WORDS_MAX, "%s.%.*s", key, name.len > 128 ? 128 : (int)name.len, name.at);
    return joined;
}

/* "ttl algorithm typ" */
static const char *names_of(const struct setting_rows *rows, const char *between, char names[NAMES_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < rows->count && len < NAMES_MAX; i++)
        len += (size_t)snprintf(names + len, NAMES_MAX - len, "%s%s", i == 0 ? "" : between, rows->rows[i].key);
    return names;
}

static const struct setting *find_row(const struct setting_rows *rows, struct bytes name)
{
    for (size_t i = 0; i < rows->count; i++)
        if (bytes_equal(name, bytes_of(rows->rows[i].key))) return &rows->rows[i];
    return NULL;
}

static void read_member(struct reader *r, const struct setting_rows *rows, const char *key, const struct node *item,
                        struct setting_value *values)
{
    char item_key[KEY_WORDS_MAX], names[NAMES_MAX];
    struct setting_value value = {.said = false};
    const struct setting *row = find_row(rows, item->name);
    setting_key_join(key, item->name, item_key);
    if (row == NULL)
        complain(&r->complaints, &item->name_place, item_key, "unknown key; right would be one of: %s",
                 names_of(rows, " ", names));
    else if (item->kind != NODE_NOTHING && setting_value_read(r, row, item_key, item, &value))
        values[row - rows->rows] = value;
}

void setting_rows_read(struct reader *r, const struct setting_rows *rows, const char *key, const struct node *node,
                       struct setting_value *values)
{
    char names[NAMES_MAX];
    if (node->kind == NODE_TABLE)
        for (const struct node *item = node->first; item != NULL; item = item->next)
            read_member(r, rows, key, item, values);
    else if (node->kind != NODE_NOTHING)
        complain(&r->complaints, &node->place, key, "is no table; right would be {%s}", names_of(rows, ", ", names));
}
