#include "net/client_pool.h"

#include <assert.h>
#include <string.h>

static void close_at(struct client_pool *pool, size_t place)
{
    h2o_socket_t *socket = pool->idle[place].socket;
    pool->count--;
    memmove(&pool->idle[place], &pool->idle[place + 1], (pool->count - place) * sizeof pool->idle[0]);
    h2o_socket_close(socket);
}

static void wait_for_first(struct client_pool *pool)
{
    if (pool->count == 0) return;
    int64_t left_ms = pool->idle[0].since_ms + CLIENT_IDLE_MS - loop_now_ms(pool->loop);
    timer_start(pool->loop, &pool->timer, left_ms > 0 ? left_ms : 0);
}

static void on_timer(struct timer *timer)
{
    struct client_pool *pool = H2O_STRUCT_FROM_MEMBER(struct client_pool, timer, timer);
    int64_t now_ms = loop_now_ms(pool->loop);
    while (pool->count > 0 && now_ms - pool->idle[0].since_ms >= CLIENT_IDLE_MS) close_at(pool, 0);
    wait_for_first(pool);
}

static void on_idle_read(h2o_socket_t *socket, const char *error)
{
    struct client_pool *pool = socket->data;
    size_t place = 0;
    /* nothing read and no error: TLS spoke to itself (a session ticket) */
    if (error == NULL && socket->input->size == 0) return;
    while (place < pool->count && pool->idle[place].socket != socket) place++;
    assert(place < pool->count);
    close_at(pool, place);
}

void client_pool_init(struct client_pool *pool, struct loop *loop)
{
    *pool = (struct client_pool){.loop = loop, .timer = {.run = on_timer}};
}

void client_pool_release(struct client_pool *pool)
{
    timer_stop(pool->loop, &pool->timer);
    while (pool->count > 0) close_at(pool, pool->count - 1);
}

h2o_socket_t *client_pool_take(struct client_pool *pool) { return pool->count == 0 ? NULL : pool->idle[--pool->count].socket; }

void client_pool_give(struct client_pool *pool, h2o_socket_t *socket)
{
    if (pool->count == CLIENT_IDLE_MAX) {
        h2o_socket_close(socket);
        return;
    }
    socket->data = pool;
    h2o_socket_read_start(socket, on_idle_read);
    pool->idle[pool->count].socket = socket;
    pool->idle[pool->count].since_ms = loop_now_ms(pool->loop);
    if (pool->count++ == 0) wait_for_first(pool);
}
