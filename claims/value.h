/* value: JSON in and out of jq's values.
 *
 * Rule: jq 1.6 knows numbers as doubles only: what may have lost digits is not written. */
#ifndef CLAIMS_VALUE_H
#define CLAIMS_VALUE_H

#include <jv.h>

#include "base/json.h"
#include "base/text.h"

enum { VALUE_DIGITS_MAX = 400 }; /* bytes of a number's text */
/* *out is the caller's; false, and nothing in it, where a number is longer than that */
bool value_read(const struct json *json, jv *out);
/* Appends it as JSON; value stays the caller's. NULL when done, else the kind of failure, and then something may stand
 * in out already. It stops when out is len_max long. */
const char *value_write(struct text *out, jv value, size_t len_max);

#endif
