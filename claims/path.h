/* path: expressions that are nothing but a way into the session, .a.b[0]."c d", followed without jq.
 *
 * Rule: what is found is passed on as it stood in the JSON, so that no number loses a digit. It means what jq means by
 * it: what is not there is null, and null has nothing but null within. */
#ifndef CLAIMS_PATH_H
#define CLAIMS_PATH_H

#include "base/arena.h"
#include "base/json.h"

struct path_step {
    struct bytes name; /* absent: an index */
    int index;         /* below 0: from the end */
};
struct path {
    struct path_step *steps;
    size_t step_count;
};

/* false when it is more than a path, or none; the names borrow from the expression. FAULT_FULL does not occur: the
 * arena's cap passed is false too */
bool path_parse(struct arena *arena, struct bytes expression, struct path *path);
/* false when it leads into what is neither an object (for a name) nor an array (for an index); *found is NULL for null
 */
bool path_follow(const struct path *path, const struct json *session, const struct json **found);

#endif
