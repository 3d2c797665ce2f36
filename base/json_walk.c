#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/encoding.h"
#include "base/json_inside.h"
#include "base/secret.h"

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

static int on_null(void *data)
{
    struct json_walk *w = data;
    return w->events->on_null(w->data);
}

static int on_bool(void *data, int truth)
{
    struct json_walk *w = data;
    return w->events->on_bool(w->data, truth != 0);
}

static int on_number(void *data, const char *at, size_t len)
{
    struct json_walk *w = data;
    return w->events->on_number(w->data, (struct bytes){at, len});
}

static int on_string(void *data, const unsigned char *at, size_t len)
{
    struct json_walk *w = data;
    return w->events->on_string(w->data, (struct bytes){(const char *)at, len});
}

static int on_name(void *data, const unsigned char *at, size_t len)
{
    struct json_walk *w = data;
    return w->events->on_name(w->data, (struct bytes){(const char *)at, len});
}

static bool go_deeper(struct json_walk *w)
{
    if (++w->depth <= JSON_DEPTH_MAX) return true;
    w->why = "too many levels";
    return false;
}

static int on_object(void *data)
{
    struct json_walk *w = data;
    return go_deeper(w) && w->events->on_object(w->data);
}

static int on_object_end(void *data)
{
    struct json_walk *w = data;
    w->depth--;
    return w->events->on_object_end(w->data);
}

static int on_array(void *data)
{
    struct json_walk *w = data;
    return go_deeper(w) && w->events->on_array(w->data);
}

static int on_array_end(void *data)
{
    struct json_walk *w = data;
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

bool json_walk_run(struct json_walk *w, struct bytes text, size_t size_max, struct fault *fault)
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
    struct json_walk w = {.events = events, .data = data};
    return json_walk_run(&w, text, size_max, fault);
}
