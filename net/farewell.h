/* farewell: keeps a connection a little longer than its owner, so that its last answer arrives.
 * Why: closing a socket that has unread bytes sends a reset, and the peer may then never see what was sent before (RFC
 * 9112 9.6). It holds a dup, reads and forgets what comes, says FIN when the owner has closed, and ends by itself. */
#ifndef NET_FAREWELL_H
#define NET_FAREWELL_H

#include "net/loop.h"

struct farewell;
/* NULL when no descriptor is left: then there is none */
struct farewell *farewell_create(struct loop *loop, int fd);
/* The owner has closed. on_end runs once, when the peer has closed too or after max_ms; the farewell is gone then. */
void farewell_finish(struct farewell *farewell, int64_t max_ms, void (*on_end)(void *data), void *data);

#endif
