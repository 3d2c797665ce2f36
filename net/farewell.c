#include "net/farewell.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct farewell {
    struct loop *loop;
    int fd; /* a dup */
    struct watch *watch;
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
    watch_destroy(farewell->watch);
    close(farewell->fd);
    free(farewell);
    on_end(data);
}

static void on_timer(struct timer *timer)
{
    end((struct farewell *)(void *)((char *)timer - offsetof(struct farewell, timer)));
}

static void on_readable(void *data)
{
    struct farewell *farewell = data;
    char forgotten[32 * 1024];
    ssize_t len = recv(farewell->fd, forgotten, sizeof forgotten, MSG_DONTWAIT);
    if (len > 0 || (len < 0 && errno == EAGAIN)) return;
    farewell->peer_closed = true;
    watch_destroy(farewell->watch);
    farewell->watch = NULL;
    if (farewell->on_end != NULL) end(farewell);
}

struct farewell *farewell_create(struct loop *loop, int fd)
{
    int own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own_fd < 0) return NULL;
    struct farewell *farewell = calloc(1, sizeof *farewell);
    if (farewell == NULL) abort();
    *farewell = (struct farewell){.loop = loop, .fd = own_fd, .timer.run = on_timer};
    farewell->watch = watch_create(loop, own_fd, on_readable, farewell);
    return farewell;
}

void farewell_finish(struct farewell *farewell, int64_t max_ms, void (*on_end)(void *data), void *data)
{
    farewell->on_end = on_end;
    farewell->data = data;
    shutdown(farewell->fd, SHUT_WR);
    timer_start(farewell->loop, &farewell->timer, farewell->peer_closed ? 0 : max_ms);
}
