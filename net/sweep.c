#include <stdio.h>

#include "net/refusal.h"
#include "net/server_h2o.h"

/* what becomes of a connection: one of these, or the status that it ends with */
enum { LIVE_ON = 0, CLOSE_SILENTLY = 1 };

struct sweep {
    struct timeval now;     /* libh2o's, as its own timestamps are */
    struct connection *due; /* all whose time has come, by connection->sweep */
};

static int64_t ms_between(const struct timeval *from, const struct timeval *to)
{
    return (int64_t)(to->tv_sec - from->tv_sec) * 1000 + (to->tv_usec - from->tv_usec) / 1000;
}

static int verdict_of(const h2o_req_t *h2o, const struct connection *connection, const struct timeval *now)
{
    h2o_socket_t *socket = connection->socket;
    bool idle = h2o->timestamps.request_begin_at.tv_sec == 0, arrived = h2o->processed_at.at.tv_sec != 0;
    if (arrived || h2o_socket_is_writing(socket) || !h2o_socket_is_reading(socket)) return LIVE_ON;
    if (idle && connection->has_asked) return LIVE_ON; /* until libh2o's own limit, IDLE_MAX_MS */
    if (idle) return ms_between(&h2o->conn->connected_at, now) >= ARRIVAL_MAX_MS ? CLOSE_SILENTLY : LIVE_ON;
    if (h2o->version == 0 && socket->input->size > HEAD_MAX) return 431;
    return ms_between(&h2o->timestamps.request_begin_at, now) >= ARRIVAL_MAX_MS ? 408 : LIVE_ON;
}

static int look_at(h2o_req_t *h2o, void *data)
{
    struct sweep *sweep = data;
    struct connection *connection = connection_of(h2o);
    connection->sweep.verdict = verdict_of(h2o, connection, &sweep->now);
    if (connection->sweep.verdict == LIVE_ON) return 0;
    connection->sweep.next = sweep->due;
    sweep->due = connection;
    return 0;
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

static void cut(struct connection *connection)
{
    tally_cut(connection, connection->sweep.verdict);
    if (connection->sweep.verdict != CLOSE_SILENTLY) {
        say(connection->socket, refusal_of(connection->sweep.verdict));
        connection_will_linger(connection->socket);
    }
    connection_close(connection);
}

void sweep_on_timer(struct timer *timer)
{
    struct server_worker *worker = H2O_STRUCT_FROM_MEMBER(struct server_worker, sweep, timer);
    struct sweep sweep = {.now = *h2o_get_timestamp(&worker->h2o, NULL, NULL)};
    worker->server->h2o.http1.callbacks.foreach_request(&worker->h2o, look_at, &sweep);
    while (sweep.due != NULL) {
        struct connection *connection = sweep.due;
        sweep.due = connection->sweep.next;
        cut(connection);
    }
    worker_resume_acceptors(worker);
    if (worker->connection_count > 0) timer_start(worker->worker.loop, timer, SWEEP_MS);
}
