#include "claims/path.h"

enum { INDEX_DIGITS_MAX = 8 };

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static void skip(struct bytes *rest, size_t len) { *rest = (struct bytes){rest->at + len, rest->len - len}; }

static bool take_char(struct bytes *rest, char c)
{
    if (rest->len == 0 || rest->at[0] != c) return false;
    skip(rest, 1);
    return true;
}

static bool take_name(struct bytes *rest, struct path_step *step)
{
    size_t len = 0;
    while (len < rest->len && (is_letter(rest->at[len]) || (len > 0 && is_digit(rest->at[len])))) len++;
    step->name = (struct bytes){rest->at, len};
    skip(rest, len);
    return len > 0;
}

/* behind its first quote; an escape may be an interpolation, which is jq's */
static bool take_quoted(struct bytes *rest, struct path_step *step)
{
    size_t len = bytes_find(*rest, '"');
    step->name = (struct bytes){rest->at, len};
    if (len == rest->len || bytes_find(step->name, '\\') < len) return false;
    skip(rest, len + 1);
    return true;
}

static bool take_index(struct bytes *rest, struct path_step *step)
{
    bool from_end = take_char(rest, '-');
    size_t len = 0;
    for (; len < rest->len && is_digit(rest->at[len]); len++) {
        if (len == INDEX_DIGITS_MAX) return false;
        step->index = 10 * step->index + (rest->at[len] - '0');
    }
    if (from_end) step->index = -step->index;
    skip(rest, len);
    return len > 0;
}

/* behind the bracket */
static bool take_bracket(struct bytes *rest, struct path_step *step)
{
    bool taken = take_char(rest, '"') ? take_quoted(rest, step) : take_index(rest, step);
    return taken && take_char(rest, ']');
}

/* .name ."name" ["name"] [1]; the first begins with a dot */
static bool take_step(struct bytes *rest, bool first, struct path_step *step)
{
    *step = (struct path_step){BYTES_ABSENT, 0};
    bool dot = take_char(rest, '.');
    if ((first && !dot) || (!first && dot && rest->len > 0 && rest->at[0] == '[')) return false;
    if (take_char(rest, '[')) return take_bracket(rest, step);
    if (!dot) return false;
    return take_char(rest, '"') ? take_quoted(rest, step) : take_name(rest, step);
}

static struct bytes trim(struct bytes text)
{
    while (text.len > 0 && is_space(text.at[0])) skip(&text, 1);
    while (text.len > 0 && is_space(text.at[text.len - 1])) text.len--;
    return text;
}

bool path_parse(struct arena *arena, struct bytes expression, struct path *path)
{
    struct bytes rest = trim(expression);
    *path = (struct path){arena_take(arena, (rest.len + 1) * sizeof *path->steps), 0};
    if (path->steps == NULL) return false;
    if (bytes_equal(rest, BYTES("."))) return true;
    do {
        if (!take_step(&rest, path->step_count == 0, &path->steps[path->step_count])) return false;
        path->step_count++;
    } while (rest.len > 0);
    return true;
}

static const struct json *find_name(const struct json *object, struct bytes name)
{
    for (const struct json *member = object->first; member != NULL; member = member->next)
        if (bytes_equal(member->name, name)) return member;
    return NULL;
}

static const struct json *find_index(const struct json *array, int index)
{
    int64_t left = index < 0 ? index + (int64_t)array->count : index;
    if (left < 0) return NULL;
    const struct json *member = array->first;
    while (member != NULL && left-- > 0) member = member->next;
    return member;
}

bool path_follow(const struct path *path, const struct json *session, const struct json **found)
{
    *found = session;
    for (size_t i = 0; i < path->step_count; i++) {
        const struct path_step *step = &path->steps[i];
        if (*found == NULL || json_is(*found, JSON_NULL)) continue;
        bool by_name = bytes_present(step->name);
        if (!json_is(*found, by_name ? JSON_OBJECT : JSON_ARRAY)) return false;
        *found = by_name ? find_name(*found, step->name) : find_index(*found, step->index);
    }
    return true;
}
