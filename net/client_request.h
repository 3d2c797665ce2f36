/* client_request: what a call sends. For net/client*.c only. */
#ifndef NET_CLIENT_REQUEST_H
#define NET_CLIENT_REQUEST_H

#include "base/text.h"
#include "net/client_upstream.h"

/* NULL, or what in the call must not go into a head, in words that quote nothing */
const char *request_check(const struct call *call);
/* the head with the empty line at its end */
struct bytes request_write(struct arena *arena, const struct upstream *upstream, const struct call *call);

#endif
