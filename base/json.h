/* json: reading JSON (RFC 8259) over yajl, with caps; writing is base/text.h.
 * Rule: the tree lives in the arena and borrows nothing from the input. Numbers stay as they stood in the text, since a
 * double would lose digits. Refused: over 64 levels deep, over limits->size_max bytes, invalid UTF-8, half of a
 * surrogate pair as an escape, anything behind the value, and, where limits->unique_names is set, an object with one
 * name twice (set it wherever we decide on a member). */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "base/fault.h"

enum { JSON_DEPTH_MAX = 64 };

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_type type;
    bool truth;         /* JSON_BOOL */
    struct bytes name;  /* as a member of an object: its name, decoded */
    struct bytes text;  /* JSON_STRING: decoded; JSON_NUMBER: as it stood */
    struct json *first; /* JSON_ARRAY, JSON_OBJECT: its members in the order of the text */
    struct json *next;  /* its next sibling */
    size_t count;       /* of members */
};

struct json_limits {
    size_t size_max; /* bytes */
    bool unique_names;
};

/* NULL with *fault (FAULT_INPUT; the words name line and column and quote nothing) when it is not JSON or over a limit;
 * FAULT_FULL when the arena's cap is passed */
struct json *json_parse(struct arena *a, struct bytes text, const struct json_limits *limits, struct fault *fault)
    __attribute__((warn_unused_result));
/* the whole tree; NULL for NULL, and when the arena's cap is passed */
struct json *json_copy(struct arena *a, const struct json *value);

/* The member of that name, or NULL; also when object is NULL or no object: look-ups can be chained. */
const struct json *json_find(const struct json *object, const char *name);
/* Walks "a.b.c". */
const struct json *json_find_path(const struct json *object, const char *path);
/* the text of a string; absent when value is NULL or no string */
struct bytes json_string(const struct json *value);
bool json_is(const struct json *value, enum json_type type); /* false for NULL */
/* a whole number without fraction or exponent, from min to max */
bool json_integer(const struct json *value, int64_t min, int64_t max, int64_t *number);

struct text;
/* writes the value again, compactly, names and numbers as they stood */
void json_write(struct text *t, const struct json *value);

/* The event interface, for building another kind of tree without one between. A function that returns false ends the
 * walk with FAULT_INPUT. None may be NULL. Numbers come as they stood; what is handed over lives during the call. The
 * same refusals as above but unique_names. */
struct json_events {
    bool (*on_null)(void *data);
    bool (*on_bool)(void *data, bool truth);
    bool (*on_number)(void *data, struct bytes text);
    bool (*on_string)(void *data, struct bytes text);
    bool (*on_object)(void *data);
    bool (*on_name)(void *data, struct bytes name);
    bool (*on_object_end)(void *data);
    bool (*on_array)(void *data);
    bool (*on_array_end)(void *data);
};
bool json_walk(struct bytes text, size_t size_max, const struct json_events *events, void *data, struct fault *fault)
    __attribute__((warn_unused_result));

#endif
