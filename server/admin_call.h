/* admin_call: one request to the admin API, for the commands on top of it. Blocks until it is answered. */
#ifndef SERVER_ADMIN_CALL_H
#define SERVER_ADMIN_CALL_H

#include "base/arena.h"
#include "net/client.h"

enum { ADMIN_CALL_MAX_MS = 10 * 1000 };

struct admin_call {
    const char *endpoint; /* NULL: HYDRANT_ADMIN_ENDPOINT, or http://127.0.0.1:4478 */
    const char *method;
    struct bytes path;    /* with its query */
    struct bytes body;    /* absent: none */
};
struct admin_result {
    int status;
    struct bytes body;
    struct bytes link; /* RFC 8288; absent: none */
};
/* false when no answer came: *fault says what to look at */
bool admin_call(const struct admin_call *call, struct arena *arena, struct admin_result *result, struct fault *fault) MUST_USE;

#endif
