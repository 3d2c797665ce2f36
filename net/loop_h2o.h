/* loop_h2o: what lies under a struct loop, for net/'s own files only.
 * Rule: borrowed, as long as the loop lives; the loop's thread only. Whoever adds sockets here closes them before
 * loop_destroy. The server makes an h2o_context_t of its own on this loop; nobody else needs one. */
#ifndef NET_LOOP_H2O_H
#define NET_LOOP_H2O_H

#include <h2o.h>
#include "net/loop.h"

/* for h2o_socket_connect, h2o_evloop_socket_create */
h2o_loop_t *loop_h2o(struct loop *loop);
/* for h2o_hostinfo_getaddr: answers come on the loop's thread. Cancel with h2o_hostinfo_getaddr_cancel. */
h2o_multithread_receiver_t *loop_resolver(struct loop *loop);

#endif
