#include "base/json.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/encoding.h"
#include "base/secret.h"
#include "base/text.h"

/* names line and column, from 1, of the byte at that offset */
static bool refuse(struct bytes text, size_t offset, const char *why, struct fault *fault)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < offset && i < text.len; i++) {
        column = text.at[i] == '\n' ? 1 : column + 1;
        line += text.at[i] == '\n';
    }
    return fault_set(fault, FAULT_INPUT, "json", "%s at line %zu, column %zu", why, line, column);
}

/* What yajl lets through or changes in silence: overlong UTF-8, \v and \f between values, half surrogate pairs. */

/* the code of an escape \uXXXX that b starts with, or -1 */
static int unicode_escape(struct bytes b)
{
    if (b.len < 6 || !bytes_start_with(b, BYTES("\\u"))) return -1;
    int high = hex_byte((struct bytes){b.at + 2, 2}), low = hex_byte((struct bytes){b.at + 4, 2});
    return high < 0 || low < 0 ? -1 : high << 8 | low;
}

/* how long the escape is that b starts with; 0 for a surrogate without its other half */
static size_t escape_len(struct bytes b)
{
    int code = unicode_escape(b);
    if (code < 0) return b.len < 2 ? 1 : 2;
    if (code < 0xd800 || code > 0xdfff) return 6;
    int low = unicode_escape((struct bytes){b.at + 6, b.len - 6});
    return code < 0xdc00 && low >= 0xdc00 && low <= 0xdfff ? 12 : 0;
}

static size_t vetted_len(struct bytes b)
{
    unsigned char c = (unsigned char)b.at[0];
    if (c == '\\') return escape_len(b);
    if (c >= 0x20) return c < 0x80 ? 1 : utf8_char_len(b);
    return c == '\t' || c == '\n' || c == '\r' ? 1 : 0;
}

/* nearly all of any text */
static bool is_usual(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '\\'; }

/* The same of eight bytes at once, as one number: in none is the high bit set, nor does it come up when 0x20 is taken
 * off, or 1 off its difference from a backslash. A byte borrows from its neighbour only where it is unusual itself. */
static bool are_usual(const char *at)
{
    const uint64_t each = 0x0101010101010101;
    uint64_t eight;
    memcpy(&eight, at, sizeof eight);
    uint64_t unusual = eight | (eight - each * 0x20) | ((eight ^ each * '\\') - each);
    return (unusual & each * 0x80) == 0;
}

static size_t skip_usual(struct bytes text, size_t from)
{
    while (text.len - from >= sizeof(uint64_t) && are_usual(text.at + from)) from += sizeof(uint64_t);
    while (from < text.len && is_usual((unsigned char)text.at[from])) from++;
    return from;
}

static bool check_characters(struct bytes text, struct fault *fault)
{
    for (size_t len, i = skip_usual(text, 0); i < text.len; i = skip_usual(text, i + len)) {
        len = vetted_len((struct bytes){text.at + i, text.len - i});
        if (len == 0) return refuse(text, i, "a character that is not allowed", fault);
    }
    return true;
}

/* yajl's buffers hold what people and clients sent: they are wiped. */
struct yajl_piece {
    alignas(max_align_t) size_t size; /* of what stands behind */
};

static struct yajl_piece *piece_of(void *at) { return (struct yajl_piece *)at - 1; }

static void *take_piece(void *data, size_t size)
{
    (void)data;
    struct yajl_piece *piece = malloc(sizeof *piece + size);
    if (piece == NULL) abort();
    piece->size = size;
    return piece + 1;
}

static void free_piece(void *data, void *at)
{
    (void)data;
    if (at == NULL) return;
    secret_wipe(at, piece_of(at)->size);
    free(piece_of(at));
}

static void *grow_piece(void *data, void *at, size_t size)
{
    void *grown = take_piece(data, size);
    if (at != NULL) memcpy(grown, at, piece_of(at)->size < size ? piece_of(at)->size : size);
    free_piece(data, at);
    return grown;
}

struct walk {
    const struct json_events *events;
    void *data;
    size_t depth;
    const char *why; /* it was refused, when it was not yajl who did */
};

static int on_null(void *data)
{
    struct walk *w = data;
    return w->events->on_null(w->data);
}

static int on_bool(void *data, int truth)
{
    struct walk *w = data;
    return w->events->on_bool(w->data, truth != 0);
}

static int on_number(void *data, const char *at, size_t len)
{
    struct walk *w = data;
    return w->events->on_number(w->data, (struct bytes){at, len});
}

static int on_string(void *data, const unsigned char *at, size_t len)
{
    struct walk *w = data;
    return w->events->on_string(w->data, (struct bytes){(const char *)at, len});
}

static int on_name(void *data, const unsigned char *at, size_t len)
{
    struct walk *w = data;
    return w->events->on_name(w->data, (struct bytes){(const char *)at, len});
}

static bool go_deeper(struct walk *w)
{
    if (++w->depth <= JSON_DEPTH_MAX) return true;
    w->why = "too many levels";
    return false;
}

static int on_object(void *data)
{
    struct walk *w = data;
    return go_deeper(w) && w->events->on_object(w->data);
}

static int on_object_end(void *data)
{
    struct walk *w = data;
    w->depth--;
    return w->events->on_object_end(w->data);
}

static int on_array(void *data)
{
    struct walk *w = data;
    return go_deeper(w) && w->events->on_array(w->data);
}

static int on_array_end(void *data)
{
    struct walk *w = data;
    w->depth--;
    return w->events->on_array_end(w->data);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_object,
    .yajl_map_key = on_name,
    .yajl_end_map = on_object_end,
    .yajl_start_array = on_array,
    .yajl_end_array = on_array_end,
};

static bool run_walk(struct walk *w, struct bytes text, size_t size_max, struct fault *fault)
{
    if (text.len > size_max) return fault_set(fault, FAULT_INPUT, "json", "longer than %zu bytes", size_max);
    if (!check_characters(text, fault)) return false;
    yajl_alloc_funcs memory = {take_piece, grow_piece, free_piece, NULL};
    yajl_handle yajl = yajl_alloc(&callbacks, &memory, w);
    yajl_status status = yajl_parse(yajl, (const unsigned char *)text.at, text.len);
    size_t offset = yajl_get_bytes_consumed(yajl);
    if (status == yajl_status_ok) {
        status = yajl_complete_parse(yajl);
        offset = text.len;
    }
    yajl_free(yajl);
    if (status == yajl_status_ok) return true;
    /* yajl's own words quote the text */
    return refuse(text, offset, w->why == NULL ? "not JSON" : w->why, fault);
}

bool json_walk(struct bytes text, size_t size_max, const struct json_events *events, void *data, struct fault *fault)
{
    struct walk w = {.events = events, .data = data};
    return run_walk(&w, text, size_max, fault);
}

/* Building the tree. */
struct builder {
    struct arena *arena;
    struct bytes text; /* a copy of what is read, in the arena */
    const char **why;
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
    struct walk w = {.events = &building};
    struct builder b = {.arena = a, .why = &w.why, .unique_names = limits->unique_names};
    w.data = &b;
    b.text = text.len > limits->size_max ? text : arena_copy(a, text);
    if (!a->overflowed && run_walk(&w, b.text, limits->size_max, fault)) return b.root;
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
