#include <errno.h>
#include <stdlib.h>

#include "net/farewell.h"
#include "net/server_h2o.h"

static void connection_end(void *data)
{
    struct connection *connection = data;
    struct server_worker *worker = connection->acceptor->worker;
    free(connection);
    worker->connection_count--;
    if (!worker->accepting && !worker->draining) worker_start_accepting(worker);
}

/* libh2o has closed it, for whatever reason */
static void on_close(void *data)
{
    struct connection *connection = data;
    if (connection->farewell == NULL)
        connection_end(connection);
    else
        farewell_finish(connection->farewell, LINGER_MAX_MS, connection_end, connection);
}

static void connection_meet_peer(struct connection *connection, h2o_socket_t *socket)
{
    struct sockaddr_storage peer = {0};
    h2o_socket_getpeername(socket, (struct sockaddr *)&peer);
    if (!address_of_socket((struct sockaddr *)&peer, &connection->peer)) return;
    address_write(&connection->peer, connection->peer_ip);
    connection->from_proxy = networks_contain(&connection->acceptor->worker->server->proxies, &connection->peer);
}

static void connection_open(struct acceptor *acceptor, h2o_socket_t *socket)
{
    struct server_worker *worker = acceptor->worker;
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) abort();
    connection->acceptor = acceptor;
    connection_meet_peer(connection, socket);
    socket->on_close.cb = on_close;
    socket->on_close.data = connection;
    worker->connection_count++;
    if (worker->sweep.place == 0) timer_start(worker->worker.loop, &worker->sweep, SWEEP_MS);
    h2o_accept(&acceptor->h2o, socket);
}

static bool is_out_of_descriptors(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

bool connection_accept(struct acceptor *acceptor)
{
    struct server_worker *worker = acceptor->worker;
    bool full = worker->connection_count >= worker->server->connections_max;
    h2o_socket_t *socket = full ? NULL : h2o_evloop_socket_accept(acceptor->socket);
    /* the listener stays readable then, and the loop would spin */
    if (full || (socket == NULL && is_out_of_descriptors(errno))) worker_stop_accepting(worker);
    if (socket != NULL) connection_open(acceptor, socket);
    return socket != NULL;
}

struct connection *connection_of(h2o_req_t *h2o) { return h2o->conn->callbacks->get_socket(h2o->conn)->on_close.data; }

void connection_will_linger(h2o_socket_t *socket)
{
    struct connection *connection = socket->on_close.data;
    if (connection->farewell != NULL) return;
    connection->farewell = farewell_create(connection->acceptor->worker->worker.loop, h2o_socket_get_fd(socket));
}
