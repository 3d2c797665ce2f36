#include <stdio.h>

#include "net/refusal.h"
#include "net/server_h2o.h"

enum { VICTIMS_MAX = 64 }; /* in one sweep; the next one comes in 100 ms */

struct sweep {
    struct timeval now; /* libh2o's, as its own timestamps are */
    size_t victim_count;
    struct {
        h2o_socket_t *socket;
        int status;
    } victims[VICTIMS_MAX];
};

static int64_t ms_between(const struct timeval *from, const struct timeval *to)
{
    return (int64_t)(to->tv_sec - from->tv_sec) * 1000 + (to->tv_usec - from->tv_usec) / 1000;
}

/* 0: it may live on */
static int find_status(h2o_req_t *h2o, h2o_socket_t *socket, const struct timeval *now)
{
    bool idle = h2o->timestamps.request_begin_at.tv_sec == 0, arrived = h2o->processed_at.at.tv_sec != 0;
    if (idle || arrived || h2o_socket_is_writing(socket) || !h2o_socket_is_reading(socket)) return 0;
    if (h2o->version == 0 && socket->input->size > HEAD_MAX) return 431;
    return ms_between(&h2o->timestamps.request_begin_at, now) >= ARRIVAL_MAX_MS ? 408 : 0;
}

static int look_at(h2o_req_t *h2o, void *data)
{
    struct sweep *sweep = data;
    h2o_socket_t *socket = h2o->conn->callbacks->get_socket(h2o->conn);
    int status = find_status(h2o, socket, &sweep->now);
    if (status == 0) return 0;
    sweep->victims[sweep->victim_count].socket = socket;
    sweep->victims[sweep->victim_count++].status = status;
    return sweep->victim_count == VICTIMS_MAX;
}

/* libh2o waits for the rest of a request and has no way to answer before: the words go past it, under TLS none can */
static void say(h2o_socket_t *socket, const struct refusal *refusal)
{
    char id[REQUEST_ID_LEN + 1], words[512];
    request_id_make(id);
    refusal_log(refusal, bytes_of(id), BYTES_ABSENT);
    if (socket->ssl != NULL) return;
    int len = snprintf(words, sizeof words,
                       "HTTP/1.1 %d %s\r\nx-request-id: %s\r\nConnection: close\r\ncontent-type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n%.*s",
                       refusal->status, refusal->reason, id, refusal->body.len, BYTES_PRINT(refusal->body));
    (void)!send(h2o_socket_get_fd(socket), words, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void cut(h2o_socket_t *socket, const struct refusal *refusal)
{
    say(socket, refusal);
    connection_will_linger(socket);
    /* libh2o closes a connection when its reader is told of an error; there is no other way in */
    socket->_cb.read(socket, h2o_socket_error_closed);
}

void sweep_on_timer(struct timer *timer)
{
    struct server_worker *worker = H2O_STRUCT_FROM_MEMBER(struct server_worker, sweep, timer);
    struct sweep sweep = {.now = *h2o_get_timestamp(&worker->h2o, NULL, NULL)};
    worker->server->h2o.http1.callbacks.foreach_request(&worker->h2o, look_at, &sweep);
    for (size_t i = 0; i < sweep.victim_count; i++) cut(sweep.victims[i].socket, refusal_of(sweep.victims[i].status));
    if (!worker->accepting && !worker->draining) worker_start_accepting(worker);
    if (worker->connection_count > 0) timer_start(worker->worker.loop, timer, SWEEP_MS);
}
