/* form: the parameters of an application/x-www-form-urlencoded body, decoded, in the request's arena.
 * Rule: an empty parameter counts as absent, unknown ones are ignored, one that comes twice is refused, but resource and audience (RFC 6749 3.2, RFC 8693 2.1). */
#ifndef OAUTH_FORM_H
#define OAUTH_FORM_H

#include "net/server.h"

enum { FORM_PARAMETERS_MAX = 64, FORM_TARGETS_MAX = 16 };

struct form_parameter {
    struct bytes name, value;
};
struct form {
    struct form_parameter at[FORM_PARAMETERS_MAX];
    size_t count;
};

enum form_outcome { FORM_READ, FORM_NOT_A_FORM, FORM_MALFORMED, FORM_REPEATS };
/* Reads request->body. What could be read stands in the form whatever the outcome, of a parameter that repeats the first: for who may read the refusal. */
enum form_outcome form_parse(struct form *form, struct request *request);
/* absent when it isn't there, or is empty */
struct bytes form_find(const struct form *form, struct bytes name);
/* all values of a parameter that may repeat; returns their number, at most max; more than max: SIZE_MAX */
size_t form_find_all(const struct form *form, struct bytes name, struct bytes *values, size_t max);

#endif
