/* json_text: trees from text and text from trees, for tests. */
#ifndef UNIT_JSON_TEXT_H
#define UNIT_JSON_TEXT_H

#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"

/* ends the test where it is no JSON */
static inline const struct json *json_of(struct arena *arena, struct bytes text)
{
    const struct json *json = json_parse(arena, text, &(struct json_limits){1 << 20, true}, NULL);
    if (json == NULL) abort();
    return json;
}

/* absent for NULL */
static inline struct bytes json_text(struct arena *arena, const struct json *json)
{
    struct text t;
    if (json == NULL) return BYTES_ABSENT;
    text_init(&t, arena, 4096);
    json_write(&t, json);
    return text_bytes(&t);
}

#endif
