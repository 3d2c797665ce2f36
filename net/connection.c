#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/metrics.h"
#include "net/farewell.h"
#include "net/server_h2o.h"

static void connection_end(void *data)
{
    struct connection *connection = data;
    struct acceptor *acceptor = connection->acceptor;
    free(connection);
    atomic_fetch_sub_explicit(&acceptor->listener->connection_count, 1, memory_order_relaxed);
    acceptor->worker->connection_count--;
    metric_add(METRIC_CONNECTIONS_OPEN, -1, acceptor->at->counted_as);
    acceptor_resume(acceptor);
}

/* ---- idle and busy ---- */

void connection_turn_busy(struct connection *connection)
{
    if (h2o_linklist_is_linked(&connection->idle_link)) h2o_linklist_unlink(&connection->idle_link);
}

void connection_turn_idle(struct connection *connection)
{
    assert(!h2o_linklist_is_linked(&connection->idle_link));
    h2o_linklist_insert(&connection->acceptor->idle, &connection->idle_link);
}

void connection_close(struct connection *connection)
{
    h2o_socket_t *socket = connection->socket;
    assert(h2o_socket_is_reading(socket) && !h2o_socket_is_writing(socket));
    /* libh2o closes a connection when its reader is told of an error; there is no other way in */
    socket->_cb.read(socket, h2o_socket_error_closed);
}

/* a request that the kernel has and libh2o doesn't yet, or a handshake that goes on, isn't to be cut off */
static bool is_quiet(h2o_socket_t *socket)
{
    int waiting_len = 0;
    if (!h2o_socket_is_reading(socket) || h2o_socket_is_writing(socket)) return false;
    return ioctl(h2o_socket_get_fd(socket), FIONREAD, &waiting_len) == 0 && waiting_len == 0;
}

/* false when all are busy */
static bool make_room(struct acceptor *acceptor)
{
    h2o_linklist_t *next;
    for (h2o_linklist_t *link = acceptor->idle.next; link != &acceptor->idle; link = next) {
        struct connection *connection = H2O_STRUCT_FROM_MEMBER(struct connection, idle_link, link);
        next = link->next;
        if (connection->socket->input->size > 0) { /* a request has begun: the sweep looks after it now */
            connection_turn_busy(connection);
        } else if (is_quiet(connection->socket)) {
            metric_count(METRIC_CONNECTIONS_CUT, acceptor->at->counted_as, CUT_FOR_ROOM);
            connection_close(connection);
            return true;
        }
    }
    return false;
}

/* ---- the end ---- */

/* libh2o has closed it, for whatever reason */
static void on_close(void *data)
{
    struct connection *connection = data;
    connection_turn_busy(connection);
    connection->socket = NULL;
    if (connection->farewell == NULL) {
        connection_end(connection);
        return;
    }
    connection->acceptor->worker->double_count--;
    farewell_finish(connection->farewell, LINGER_MAX_MS, connection_end, connection);
}

/* ---- the beginning ---- */

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
    connection->socket = socket;
    connection_turn_idle(connection);
    connection_meet_peer(connection, socket);
    socket->on_close.cb = on_close;
    socket->on_close.data = connection;
    atomic_fetch_add_explicit(&acceptor->listener->connection_count, 1, memory_order_relaxed);
    worker->connection_count++;
    metric_add(METRIC_CONNECTIONS_OPEN, 1, acceptor->at->counted_as);
    if (worker->sweep.place == 0) timer_start(worker->worker.loop, &worker->sweep, SWEEP_MS);
    h2o_accept(&acceptor->h2o, socket);
}

static bool is_out_of_descriptors(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static bool somebody_waits(const struct acceptor *acceptor)
{
    struct pollfd listener = {.fd = h2o_socket_get_fd(acceptor->socket), .events = POLLIN};
    return poll(&listener, 1, 0) == 1;
}

static bool listener_is_full(struct listener *listener)
{
    return atomic_load_explicit(&listener->connection_count, memory_order_relaxed) >= listener->connections_max;
}

bool connection_accept(struct acceptor *acceptor)
{
    bool is_full = listener_is_full(acceptor->listener);
    if (is_full && !somebody_waits(acceptor)) return false; /* nobody is closed for someone who isn't there */
    bool has_room = !is_full || make_room(acceptor);
    h2o_socket_t *socket = has_room ? h2o_evloop_socket_accept(acceptor->socket) : NULL;
    /* the listener stays readable then, and the loop would spin */
    if (!has_room || (socket == NULL && is_out_of_descriptors(errno))) acceptor_pause(acceptor);
    if (socket != NULL) connection_open(acceptor, socket);
    return socket != NULL;
}

struct connection *connection_of(h2o_req_t *h2o) { return h2o->conn->callbacks->get_socket(h2o->conn)->on_close.data; }

void connection_will_linger(h2o_socket_t *socket)
{
    struct connection *connection = socket->on_close.data;
    struct server_worker *worker = connection->acceptor->worker;
    if (connection->farewell != NULL || worker->double_count >= worker->server->doubles_max) return;
    connection->farewell = farewell_create(worker->worker.loop, h2o_socket_get_fd(socket));
    if (connection->farewell != NULL) worker->double_count++;
}
