/* client_upstream: where calls go: the parsed base URL, its TLS rules, its pool, the calls under way. For net/client*.c
 * only. */
#ifndef NET_CLIENT_UPSTREAM_H
#define NET_CLIENT_UPSTREAM_H

#include "net/client_lookup.h"
#include "net/client_pool.h"

struct upstream {
    struct loop *loop;
    struct arena arena; /* of the texts */
    const char *host;   /* a name or an address without brackets */
    const char *port;
    struct bytes authority; /* as the Host field has it */
    struct bytes path;      /* of the base URL, without a / at its end */
    bool host_is_address;
    SSL_CTX *tls; /* NULL: plaintext */
    int64_t timeout_ms;
    struct client_pool pool;
    struct lookup *lookup; /* under way for all calls that wait for addresses, or NULL */
    struct call_handle *calls;
    size_t call_count;
};

#endif
