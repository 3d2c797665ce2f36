/* client_pool: connections that wait for their next call.
 * Rule: belongs to one upstream. A connection in the pool is watched: one that the other side closes, or says anything
 * on, is closed at once; one that waited CLIENT_IDLE_MS is closed by a timer. */
#ifndef NET_CLIENT_POOL_H
#define NET_CLIENT_POOL_H

#include "net/client.h"
#include "net/loop_h2o.h"

struct client_pool {
    struct loop *loop;
    struct timer timer; /* for the first */
    size_t count;
    struct {
        h2o_socket_t *socket;
        int64_t since_ms;
    } idle[CLIENT_IDLE_MAX]; /* the longest idle first */
};

void client_pool_init(struct client_pool *pool, struct loop *loop);
void client_pool_release(struct client_pool *pool); /* closes them */
/* the one that was used last, or NULL. The taker sets socket->data and reads. */
h2o_socket_t *client_pool_take(struct client_pool *pool);
/* moves the socket in; closes it when the pool is full */
void client_pool_give(struct client_pool *pool, h2o_socket_t *socket);

#endif
