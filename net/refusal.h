/* refusal: what net says no to by itself, before a route has a say. */
#ifndef NET_REFUSAL_H
#define NET_REFUSAL_H

#include "base/bytes.h"

enum { REQUEST_ID_LEN = 36 };

struct refusal {
    int status;
    const char *reason;  /* of the status line */
    struct bytes body;   /* RFC 6749 5.2 */
    const char *outcome; /* for the log */
};
/* of a status that net may answer with; any other is treated as 500's */
const struct refusal *refusal_of(int status);
/* for a request that has no struct request */
void refusal_log(const struct refusal *refusal, struct bytes id, struct bytes method);
void request_id_make(char id[REQUEST_ID_LEN + 1]);

#endif
