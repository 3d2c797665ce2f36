#include "net/farewell.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/loop_h2o.h"

struct farewell {
    struct loop *loop;
    h2o_socket_t *socket; /* of a dup */
    struct timer timer;
    bool peer_closed;
    void (*on_end)(void *data);
    void *data;
};

static void end(struct farewell *farewell)
{
    void (*on_end)(void *data) = farewell->on_end;
    void *data = farewell->data;
    timer_stop(farewell->loop, &farewell->timer);
    h2o_socket_close(farewell->socket);
    free(farewell);
    on_end(data);
}

static void on_timer(struct timer *timer)
{
    end((struct farewell *)(void *)((char *)timer - offsetof(struct farewell, timer)));
}

static void on_readable(h2o_socket_t *socket, const char *error)
{
    (void)error; /* what is wrong shows in the reading */
    struct farewell *farewell = socket->data;
    char forgotten[32 * 1024];
    ssize_t len = recv(h2o_socket_get_fd(socket), forgotten, sizeof forgotten, MSG_DONTWAIT);
    if (len > 0 || (len < 0 && errno == EAGAIN)) return;
    farewell->peer_closed = true;
    h2o_socket_read_stop(socket);
    if (farewell->on_end != NULL) end(farewell);
}

struct farewell *farewell_create(struct loop *loop, int fd)
{
    int own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own_fd < 0) return NULL;
    struct farewell *farewell = calloc(1, sizeof *farewell);
    if (farewell == NULL) abort();
    h2o_socket_t *socket = h2o_evloop_socket_create(loop_h2o(loop), own_fd, H2O_SOCKET_FLAG_DONT_READ);
    *farewell = (struct farewell){.loop = loop, .socket = socket, .timer.run = on_timer};
    socket->data = farewell;
    h2o_socket_read_start(socket, on_readable);
    return farewell;
}

void farewell_finish(struct farewell *farewell, int64_t max_ms, void (*on_end)(void *data), void *data)
{
    farewell->on_end = on_end;
    farewell->data = data;
    shutdown(h2o_socket_get_fd(farewell->socket), SHUT_WR);
    timer_start(farewell->loop, &farewell->timer, farewell->peer_closed ? 0 : max_ms);
}
