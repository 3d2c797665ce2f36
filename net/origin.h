/* origin: where a request comes from, and what it is called: address behind trusted proxies, request id, trace id. */
#ifndef NET_ORIGIN_H
#define NET_ORIGIN_H

#include "net/server.h"

/* Fills peer_ip, secure, from_proxy, id and trace_id. The headers must be there to be had. */
void origin_fill(struct request *request);

#endif
