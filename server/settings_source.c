/* settings_source: where settings come from: the file, the environment (NAME, or NAME_FILE), the table's defaults. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/settings_reader.h"

static bool read_all(int fd, char *at, size_t size, size_t *len)
{
    *len = 0;
    while (*len < size) {
        ssize_t got = read(fd, at + *len, size - *len);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got == 0;
        *len += (size_t)got;
    }
    return true;
}

/* closes fd; below 0: it could not be opened */
static bool read_opened(struct arena *arena, int fd, size_t max, struct bytes *text, char why[128])
{
    size_t len = 0;
    char *buffer = malloc(max + 1);
    bool good = buffer != NULL && fd >= 0 && read_all(fd, buffer, max + 1, &len);
    if (!good) snprintf(why, 128, "can't be read: %s", strerror(errno));
    if (fd >= 0) close(fd);
    if (good && len > max) {
        snprintf(why, 128, "is larger than %zu bytes", max);
        good = false;
    }
    *text = good ? arena_copy(arena, (struct bytes){buffer, len}) : BYTES_ABSENT;
    if (buffer != NULL) secret_wipe(buffer, len);
    free(buffer);
    return good;
}

bool read_whole_file(struct arena *arena, const char *name, size_t max, struct bytes *text, char why[128])
{
    return read_opened(arena, open(name, O_RDONLY | O_CLOEXEC), max, text, why);
}

bool read_regular_file(struct arena *arena, const char *name, size_t max, struct bytes *text, char why[128])
{
    struct stat found;
    /* without O_NONBLOCK the opening of a FIFO waits for whoever writes into it */
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || (fstat(fd, &found) == 0 && S_ISREG(found.st_mode))) return read_opened(arena, fd, max, text, why);
    snprintf(why, 128, "is no regular file");
    close(fd);
    return false;
}

/* ---- the file ---- */

static const char *join_key(const char *prefix, struct bytes name, char key[KEY_WORDS_MAX])
{
    snprintf(key, KEY_WORDS_MAX, "%s%s%.*s", prefix, *prefix == 0 ? "" : ".", name.len > 128 ? 128 : (int)name.len,
             name.at);
    return key;
}

static bool complain_unknown(struct reader *r, const struct node *node, const char *key)
{
    struct bytes nearest = setting_nearest(bytes_of(key));
    if (bytes_find(node->name, '.') < node->name.len)
        return complain(&r->complaints, &node->name_place, key,
                        "unknown key; there is no dot in a key here: tables stand in tables");
    if (!bytes_present(nearest))
        return complain(&r->complaints, &node->name_place, key, "unknown key; `hydrant help settings` lists all");
    return complain(&r->complaints, &node->name_place, key, "unknown key; did you mean %.*s?", BYTES_PRINT(nearest));
}

static void read_row(struct reader *r, const struct setting *row, const struct node *node)
{
    struct setting_value *value = &r->values[row - SETTINGS];
    if (node->kind == NODE_NOTHING) return;
    if (!setting_value_read(r, row, row->key, node, value))
        *value = (struct setting_value){.wrong = true, .place = node->place};
    bool secret =
        row->type == TYPE_SECRETS || (row->type == TYPE_SECRET && !bytes_start_with(node->text, BYTES("sqlite:")) &&
                                      !bytes_equal(node->text, BYTES("memory")));
    r->file_holds_secret |= secret;
}

static void read_table(struct reader *r, const struct node *table, const char *prefix)
{
    for (const struct node *node = table->first; node != NULL; node = node->next) {
        char key[KEY_WORDS_MAX];
        join_key(prefix, node->name, key);
        bool dotted = bytes_find(node->name, '.') < node->name.len;
        const struct setting *row = dotted ? NULL : setting_find(bytes_of(key));
        if (row != NULL)
            read_row(r, row, node);
        else if (dotted || !setting_is_section(bytes_of(key)))
            complain_unknown(r, node, key);
        else if (node->kind == NODE_TABLE)
            read_table(r, node, key);
        else if (node->kind != NODE_NOTHING)
            complain(&r->complaints, &node->place, key, "is no table; right would be a table with keys beneath %s",
                     key);
    }
}

bool read_file_values(struct reader *r, struct bytes text)
{
    struct node *root;
    if (!node_parse(r->arena, text, NULL, &r->complaints, &root)) return false;
    if (root == NULL || root->kind == NODE_NOTHING) return true;
    if (root->kind != NODE_TABLE)
        return complain(&r->complaints, &root->place, NULL, "the settings must be a table, such as `dsn: memory`");
    read_table(r, root, "");
    return true;
}

/* ---- the environment ---- */

static struct bytes without_newline(struct bytes text)
{
    if (bytes_end_with(text, BYTES("\n"))) text.len--;
    if (bytes_end_with(text, BYTES("\r"))) text.len--;
    return text;
}

static bool read_named_file(struct reader *r, const struct place *place, const char *key, const char *name,
                            struct bytes *text)
{
    char why[128];
    if (!read_whole_file(r->arena, name, SETTINGS_FILE_MAX, text, why))
        return complain(&r->complaints, place, key, "%s %s", name, why);
    if (!bytes_present(*text)) return false;
    *text = without_newline(*text);
    if (text->len == 0) return complain(&r->complaints, place, key, "%s is empty", name);
    if (memchr(text->at, 0, text->len) != NULL) return complain(&r->complaints, place, key, "%s holds a NUL", name);
    return true;
}

/* an empty variable is one that is not set: compose files and shells leave such behind */
static const char *find_variable(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || *value == 0 ? NULL : value;
}

/* what a variable says, in the arena as the rest; absent after a complaint, and when it says nothing */
static struct bytes read_text(struct reader *r, const struct setting *row, struct place *place)
{
    char name[SETTING_KEY_MAX], file_name[SETTING_KEY_MAX + 8];
    setting_environment(row->key, name);
    snprintf(file_name, sizeof file_name, "%s_FILE", name);
    const char *text = find_variable(name), *file = find_variable(file_name);
    *place = (struct place){.environment = arena_text(r->arena, bytes_of(file == NULL ? name : file_name))};
    if (file == NULL) return bytes_of(text);
    struct bytes held = BYTES_ABSENT;
    if (text != NULL)
        complain(&r->complaints, place, row->key, "%s is set too; right would be one of the two", name);
    else if (!read_named_file(r, place, row->key, file, &held))
        return BYTES_ABSENT;
    return held;
}

static void read_variable(struct reader *r, const struct setting *row)
{
    struct place place;
    struct setting_value value = {.said = false}, *at = &r->values[row - SETTINGS];
    size_t before = r->complaints.count;
    struct bytes text = read_text(r, row, &place);
    const struct node *node = bytes_present(text) ? setting_value_node(r, row, text, &place) : NULL;
    bool good = node != NULL && node->kind != NODE_NOTHING && setting_value_read(r, row, row->key, node, &value);
    if (good)
        *at = value;
    else if (r->complaints.count > before)
        *at = (struct setting_value){.wrong = true, .place = place};
}

void read_environment_values(struct reader *r)
{
    for (size_t i = 0; i < SETTINGS_LEN; i++) read_variable(r, &SETTINGS[i]);
}

/* ---- the defaults ---- */

void read_default_values(struct reader *r)
{
    static const struct place nowhere;
    for (size_t i = 0; i < SETTINGS_LEN; i++) {
        const struct setting *row = &SETTINGS[i];
        struct setting_value *value = &r->values[i];
        if (value->said || *row->preset == 0) continue;
        struct setting_value before = *value;
        const struct node *node = setting_value_node(r, row, bytes_of(row->preset), &nowhere);
        if (node == NULL || !setting_value_read(r, row, row->key, node, value)) continue;
        value->said = false;
        value->wrong = before.wrong;
        value->place = before.place;
    }
}
