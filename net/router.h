/* router: which row of the routes a method and a path belong to.
 * Rule: the path is compared as it came, undecoded and unnormalized; whatever is spelled in another way is unknown. */
#ifndef NET_ROUTER_H
#define NET_ROUTER_H

#include "net/server.h"

struct routed {
    const struct route *route; /* NULL: unknown path, or a method that it hasn't got */
    struct bytes segment;      /* not decoded yet, but it can be */
    unsigned methods;          /* of all rows with this path; 0: unknown path */
};

struct routed router_find(const struct route *routes, struct bytes path, enum method method);
enum method router_method(struct bytes name);
/* "GET, HEAD, POST" in arena */
struct bytes router_allow(struct arena *arena, unsigned methods);
/* %XX becomes a byte, + stays; the segment must have come from router_find */
struct bytes router_decode(struct arena *arena, struct bytes segment);

#endif
