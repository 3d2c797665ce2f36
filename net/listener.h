/* listener: a bound socket, and the TLS that is spoken on it. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "net/server.h"

struct listener {
    const struct listen_at *at;
    int fd;
    SSL_CTX *tls; /* NULL: plaintext */
    uint16_t port;
    size_t connections_max;         /* on all workers, whichever takes them; the server's to say */
    atomic_size_t connection_count; /* one more for each worker where they take the last at once */
};

/* false with FAULT_INPUT that names host and port, or the file; nothing is open then */
bool listener_open(struct listener *listener, const struct listen_at *at, struct fault *fault) MUST_USE;
/* nobody can connect any more once the workers have closed theirs; what is under way goes on */
void listener_stop(struct listener *listener);
void listener_close(struct listener *listener);

#endif
