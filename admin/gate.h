/* gate: the admin port's rules (interface.md, Admin endpoints): its token, and no requests that a browser or a rebound name could have made.
 * A request with an Origin header, or with a Host that is neither the configured one, loopback, nor an IP address, is refused. /health/ and /version take no token, /hooks/ each a key of its own, everything else does. */
#ifndef ADMIN_GATE_H
#define ADMIN_GATE_H

#include "base/secret.h"
#include "net/server.h"

struct admin_rules {
    struct secret token;  /* absent: none is asked for */
    struct bytes host;    /* serve.admin.host */
};
/* listen_at.gate; gate_data is a struct admin_rules */
bool admin_gate(struct request *request, void *gate_data);

#endif
