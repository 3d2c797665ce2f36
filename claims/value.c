#include "claims/value.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_MOST = 1024 * 1024, NUMBER_LEN_MAX = 400 };

static const double whole_max = 9007199254740992.0; /* 2^53: from here on two whole numbers may be one double */

/* ---- reading ---- */

struct reader {
    jv root;
    size_t depth;
    jv open[JSON_DEPTH_MAX], name[JSON_DEPTH_MAX]; /* of each level: the container, and the member to come */
};

static bool put(struct reader *r, jv value)
{
    if (r->depth == 0) {
        r->root = value;
        return true;
    }
    jv *container = &r->open[r->depth - 1], *name = &r->name[r->depth - 1];
    if (jv_get_kind(*container) == JV_KIND_ARRAY) {
        *container = jv_array_append(*container, value);
        return true;
    }
    *container = jv_object_set(*container, *name, value);
    *name = jv_invalid();
    return true;
}

static bool open_container(struct reader *r, jv container)
{
    r->open[r->depth] = container;
    r->name[r->depth++] = jv_invalid();
    return true;
}

static bool on_null(void *data) { return put(data, jv_null()); }

static bool on_bool(void *data, bool truth) { return put(data, jv_bool(truth)); }

static bool on_number(void *data, struct bytes text)
{
    char room[NUMBER_LEN_MAX + 1];
    if (text.len > NUMBER_LEN_MAX) return false;
    memcpy(room, text.at, text.len);
    room[text.len] = '\0';
    return put(data, jv_number(fmax(-DBL_MAX, fmin(DBL_MAX, strtod(room, NULL)))));
}

static bool on_string(void *data, struct bytes text) { return put(data, jv_string_sized(text.at, (int)text.len)); }

static bool on_object(void *data) { return open_container(data, jv_object()); }

static bool on_name(void *data, struct bytes name)
{
    struct reader *r = data;
    r->name[r->depth - 1] = jv_string_sized(name.at, (int)name.len);
    return true;
}

static bool on_array(void *data) { return open_container(data, jv_array()); }

static bool on_end(void *data)
{
    struct reader *r = data;
    r->depth--;
    return put(r, r->open[r->depth]);
}

static const struct json_events reading = {.on_null = on_null,
                                           .on_bool = on_bool,
                                           .on_number = on_number,
                                           .on_string = on_string,
                                           .on_object = on_object,
                                           .on_name = on_name,
                                           .on_object_end = on_end,
                                           .on_array = on_array,
                                           .on_array_end = on_end};

bool value_read(struct bytes json, jv *out)
{
    struct reader r = {.root = jv_invalid()};
    bool read = json_walk(json, SIZE_MOST, &reading, &r, NULL);
    *out = r.root;
    if (read) return true;
    for (; r.depth > 0; r.depth--) {
        jv_free(r.open[r.depth - 1]);
        jv_free(r.name[r.depth - 1]);
    }
    jv_free(r.root);
    return false;
}

/* ---- writing ---- */

struct writer {
    struct text *out;
    size_t len_max, depth;
};

static const char too_long[] = "a result that is too long";

static const char *write_any(struct writer *w, jv value);

/* as few digits as read back to the same */
static void put_fraction(struct text *out, double number)
{
    char room[40];
    int digits = DBL_DIG;
    do {
        snprintf(room, sizeof room, "%.*g", digits, number);
    } while (digits++ < DBL_DECIMAL_DIG && strtod(room, NULL) != number);
    text_put(out, bytes_of(room));
}

static const char *write_number(struct text *out, double number)
{
    if (!isfinite(number)) return "a number that JSON does not have";
    if (fabs(number) >= whole_max) return "a number too large to keep its digits";
    if (number == trunc(number))
        text_put_number(out, (int64_t)number);
    else
        put_fraction(out, number);
    return NULL;
}

/* jv_get_ functions free what they are asked about: hence the copies */
static struct bytes borrow_string(jv string)
{
    return (struct bytes){jv_string_value(string), (size_t)jv_string_length_bytes(jv_copy(string))};
}

static const char *write_string(struct writer *w, struct bytes string)
{
    if (string.len > w->len_max) return too_long;
    text_put_json(w->out, string);
    return NULL;
}

static const char *write_array(struct writer *w, jv array)
{
    const char *why = NULL;
    int count = jv_array_length(jv_copy(array));
    text_put_char(w->out, '[');
    for (int i = 0; i < count && why == NULL; i++) {
        jv member = jv_array_get(jv_copy(array), i);
        if (i > 0) text_put_char(w->out, ',');
        why = write_any(w, member);
        jv_free(member);
    }
    text_put_char(w->out, ']');
    return why;
}

static const char *write_object(struct writer *w, jv object)
{
    const char *why = NULL;
    text_put_char(w->out, '{');
    for (int i = jv_object_iter(object); why == NULL && jv_object_iter_valid(object, i);
         i = jv_object_iter_next(object, i)) {
        jv name = jv_object_iter_key(object, i), member = jv_object_iter_value(object, i);
        text_put_json_name(w->out, borrow_string(name));
        why = write_any(w, member);
        jv_free(name);
        jv_free(member);
    }
    text_put_char(w->out, '}');
    return why;
}

static const char *write_container(struct writer *w, jv value)
{
    if (w->depth == JSON_DEPTH_MAX) return "too many levels";
    w->depth++;
    const char *why = jv_get_kind(value) == JV_KIND_ARRAY ? write_array(w, value) : write_object(w, value);
    w->depth--;
    return why;
}

static const char *write_any(struct writer *w, jv value)
{
    /* a small value may hold one of its own parts many times over */
    if (w->out->len > w->len_max) return too_long;
    switch (jv_get_kind(value)) {
    case JV_KIND_NULL: text_put(w->out, BYTES("null")); return NULL;
    case JV_KIND_FALSE: text_put(w->out, BYTES("false")); return NULL;
    case JV_KIND_TRUE: text_put(w->out, BYTES("true")); return NULL;
    case JV_KIND_NUMBER: return write_number(w->out, jv_number_value(value));
    case JV_KIND_STRING: return write_string(w, borrow_string(value));
    case JV_KIND_ARRAY:
    case JV_KIND_OBJECT: return write_container(w, value);
    case JV_KIND_INVALID: break;
    }
    abort();
}

const char *value_write(struct text *out, jv value, size_t len_max)
{
    struct writer w = {out, len_max, 0};
    return write_any(&w, value);
}
