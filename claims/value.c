#include "claims/value.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double whole_max = 9007199254740992.0; /* 2^53: from here on two whole numbers may be one double */

/* ---- reading ---- */

static bool read_number(struct bytes text, jv *out)
{
    char room[VALUE_DIGITS_MAX + 1];
    if (text.len > VALUE_DIGITS_MAX) return false;
    memcpy(room, text.at, text.len);
    room[text.len] = '\0';
    *out = jv_number(fmax(-DBL_MAX, fmin(DBL_MAX, strtod(room, NULL))));
    return true;
}

static jv string_of(struct bytes text) { return jv_string_sized(text.at, (int)text.len); }

static bool read_array(const struct json *array, jv *out)
{
    jv member;
    *out = jv_array_sized((int)array->count);
    for (const struct json *each = array->first; each != NULL; each = each->next) {
        if (!value_read(each, &member)) return false;
        *out = jv_array_append(*out, member);
    }
    return true;
}

static bool read_object(const struct json *object, jv *out)
{
    jv member;
    *out = jv_object();
    for (const struct json *each = object->first; each != NULL; each = each->next) {
        if (!value_read(each, &member)) return false;
        *out = jv_object_set(*out, string_of(each->name), member);
    }
    return true;
}

/* false: something may stand in *out already */
static bool read_any(const struct json *json, jv *out)
{
    switch (json->type) {
    case JSON_NULL: *out = jv_null(); return true;
    case JSON_BOOL: *out = jv_bool(json->truth); return true;
    case JSON_NUMBER: return read_number(json->text, out);
    case JSON_STRING: *out = string_of(json->text); return true;
    case JSON_ARRAY: return read_array(json, out);
    case JSON_OBJECT: return read_object(json, out);
    }
    abort();
}

bool value_read(const struct json *json, jv *out)
{
    *out = jv_invalid();
    if (read_any(json, out)) return true;
    jv_free(*out);
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
