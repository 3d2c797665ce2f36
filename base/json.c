#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_inside.h"
#include "base/text.h"

/* ---- the tree ---- */

struct builder {
    struct arena *arena;
    struct bytes text; /* a copy of what is read, in the arena */
    const char **why;  /* the walk's */
    bool unique_names;
    struct bytes name; /* of the member to come */
    struct json *root;
    size_t depth;
    struct json *open[JSON_DEPTH_MAX], *last[JSON_DEPTH_MAX]; /* container of each level, and its last member so far */
};

static struct json *add(struct builder *b, enum json_type type)
{
    struct json *value = arena_take(b->arena, sizeof *value);
    if (value == NULL) return NULL;
    value->type = type;
    value->name = b->name;
    b->name = BYTES_ABSENT;
    if (b->depth == 0) {
        b->root = value;
        return value;
    }
    struct json *parent = b->open[b->depth - 1], **last = &b->last[b->depth - 1];
    if (*last == NULL)
        parent->first = value;
    else
        (*last)->next = value;
    *last = value;
    parent->count++;
    return value;
}

/* yajl points into what it reads but where it had to take an escape out */
static struct bytes keep(struct builder *b, struct bytes text)
{
    bool is_kept = (uintptr_t)text.at - (uintptr_t)b->text.at < b->text.len;
    return is_kept ? text : arena_copy(b->arena, text);
}

static bool add_text(struct builder *b, enum json_type type, struct bytes text)
{
    struct json *value = add(b, type);
    if (value == NULL) return false;
    value->text = keep(b, text);
    return bytes_present(value->text);
}

static bool open_container(struct builder *b, enum json_type type)
{
    struct json *value = add(b, type);
    if (value == NULL) return false;
    b->last[b->depth] = NULL;
    b->open[b->depth++] = value;
    return true;
}

static bool build_null(void *data) { return add(data, JSON_NULL) != NULL; }

static bool build_bool(void *data, bool truth)
{
    struct json *value = add(data, JSON_BOOL);
    if (value != NULL) value->truth = truth;
    return value != NULL;
}

static bool build_number(void *data, struct bytes text) { return add_text(data, JSON_NUMBER, text); }

static bool build_string(void *data, struct bytes text) { return add_text(data, JSON_STRING, text); }

static bool build_name(void *data, struct bytes name)
{
    struct builder *b = data;
    b->name = keep(b, name);
    return bytes_present(b->name);
}

static bool build_object(void *data) { return open_container(data, JSON_OBJECT); }

static bool build_array(void *data) { return open_container(data, JSON_ARRAY); }

static bool build_array_end(void *data)
{
    struct builder *b = data;
    b->depth--;
    return true;
}

static int compare_names(const void *a, const void *b)
{
    const struct json *x = *(const struct json *const *)a, *y = *(const struct json *const *)b;
    if (x->name.len != y->name.len) return x->name.len < y->name.len ? -1 : 1;
    return x->name.len == 0 ? 0 : memcmp(x->name.at, y->name.at, x->name.len);
}

/* sorted, so that an object of many names takes no quadratic time */
static bool check_unique(struct builder *b, const struct json *object)
{
    const struct json **sorted = arena_take(b->arena, object->count * sizeof(struct json *));
    size_t count = 0;
    if (sorted == NULL) return false;
    for (const struct json *member = object->first; member != NULL; member = member->next) sorted[count++] = member;
    qsort(sorted, count, sizeof(struct json *), compare_names);
    for (size_t i = 1; i < count; i++) {
        if (compare_names(&sorted[i - 1], &sorted[i]) != 0) continue;
        *b->why = "an object that has one name twice, ending";
        return false;
    }
    return true;
}

static bool build_object_end(void *data)
{
    struct builder *b = data;
    const struct json *object = b->open[--b->depth];
    return !b->unique_names || object->count < 2 || check_unique(b, object);
}

static const struct json_events building = {
    .on_null = build_null,
    .on_bool = build_bool,
    .on_number = build_number,
    .on_string = build_string,
    .on_object = build_object,
    .on_name = build_name,
    .on_object_end = build_object_end,
    .on_array = build_array,
    .on_array_end = build_array_end,
};

struct json *json_parse(struct arena *a, struct bytes text, const struct json_limits *limits, struct fault *fault)
{
    struct json_walk w = {.events = &building};
    struct builder b = {.arena = a, .why = &w.why, .unique_names = limits->unique_names};
    w.data = &b;
    b.text = text.len > limits->size_max ? text : arena_copy(a, text);
    if (!a->overflowed && json_walk_run(&w, b.text, limits->size_max, fault)) return b.root;
    if (a->overflowed) fault_set(fault, FAULT_FULL, "json", "over the %zu bytes of its arena", a->cap);
    return NULL;
}

/* but for its members */
static struct json *copy_alone(struct arena *a, const struct json *value)
{
    struct json *copy = arena_take(a, sizeof *copy);
    if (copy == NULL) return NULL;
    *copy = (struct json){.type = value->type, .truth = value->truth, .count = value->count};
    copy->name = arena_copy(a, value->name);
    copy->text = arena_copy(a, value->text);
    return copy;
}

struct json *json_copy(struct arena *a, const struct json *value)
{
    struct json *copy = value == NULL ? NULL : copy_alone(a, value);
    if (copy == NULL) return NULL;
    struct json **place = &copy->first;
    for (const struct json *member = value->first; member != NULL; member = member->next) {
        *place = json_copy(a, member);
        if (*place == NULL) return NULL;
        place = &(*place)->next;
    }
    return a->overflowed ? NULL : copy;
}

static const struct json *find(const struct json *object, struct bytes name)
{
    if (!json_is(object, JSON_OBJECT)) return NULL;
    for (const struct json *member = object->first; member != NULL; member = member->next)
        if (bytes_equal(member->name, name)) return member;
    return NULL;
}

const struct json *json_find(const struct json *object, const char *name) { return find(object, bytes_of(name)); }

const struct json *json_find_path(const struct json *object, const char *path)
{
    struct bytes rest = bytes_of(path), name;
    while (bytes_take_word(&rest, '.', &name)) object = find(object, name);
    return object;
}

struct bytes json_string(const struct json *value) { return json_is(value, JSON_STRING) ? value->text : BYTES_ABSENT; }

bool json_is(const struct json *value, enum json_type type) { return value != NULL && value->type == type; }

bool json_integer(const struct json *value, int64_t min, int64_t max, int64_t *number)
{
    if (!json_is(value, JSON_NUMBER)) return false;
    struct bytes digits = value->text;
    bool negative = bytes_start_with(digits, BYTES("-"));
    if (negative) digits = (struct bytes){digits.at + 1, digits.len - 1};
    uint64_t size;
    if (!bytes_to_number(digits, INT64_MAX, &size)) return false;
    int64_t whole = negative ? -(int64_t)size : (int64_t)size;
    if (whole < min || whole > max) return false;
    *number = whole;
    return true;
}

static void write_members(struct text *t, const struct json *container)
{
    for (const struct json *member = container->first; member != NULL; member = member->next) {
        if (container->type == JSON_OBJECT)
            text_put_json_name(t, member->name);
        else if (member != container->first)
            text_put_char(t, ',');
        json_write(t, member);
    }
}

void json_write(struct text *t, const struct json *value)
{
    switch (value->type) {
    case JSON_NULL: text_put(t, BYTES("null")); break;
    case JSON_BOOL: text_put(t, value->truth ? BYTES("true") : BYTES("false")); break;
    case JSON_NUMBER: text_put(t, value->text); break;
    case JSON_STRING: text_put_json(t, value->text); break;
    case JSON_OBJECT:
        text_put_char(t, '{');
        write_members(t, value);
        text_put_char(t, '}');
        break;
    case JSON_ARRAY:
        text_put_char(t, '[');
        write_members(t, value);
        text_put_char(t, ']');
        break;
    }
}
