/* client_lookup: a host's addresses, asked for on a thread of its own, since the system's resolver blocks.
 * Rule: the answer comes on the loop's thread, from loop_run, once, unless lookup_cancel came before; then the lookup
 * is gone. The thread is never waited for: it may outlive the loop that asked. */
#ifndef NET_CLIENT_LOOKUP_H
#define NET_CLIENT_LOOKUP_H

#include <netinet/in.h>
#include <sys/socket.h>
#include "net/loop.h"

enum { ADDRESSES_MAX = 8 }; /* of one host; more are left out */

struct address {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at;
};

struct addresses {
    struct address at[ADDRESSES_MAX];
    size_t count;
};

struct lookup;
/* host: a name or an address; port: a number. on_found: why is NULL and there is at least one address, in the
 * resolver's order, or why says in words what was wrong. Both live until it returns. */
struct lookup *lookup_start(struct loop *loop, const char *host, const char *port,
                            void (*on_found)(void *data, const struct addresses *addresses, const char *why),
                            void *data);
void lookup_cancel(struct lookup *lookup);

#endif
