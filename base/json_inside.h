/* json_inside: what the walk over yajl (json_walk.c) and the tree that is built by it (json.c) share; not for others.
 */
#ifndef BASE_JSON_INSIDE_H
#define BASE_JSON_INSIDE_H

#include "base/json.h"

struct json_walk {
    const struct json_events *events;
    void *data;
    size_t depth;
    const char *why; /* it was refused, when it was not yajl who did */
};
/* as json_walk; the caller has set events and data, and why where one of them refuses */
bool json_walk_run(struct json_walk *w, struct bytes text, size_t size_max, struct fault *fault) MUST_USE;

#endif
