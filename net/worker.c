#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/metrics.h"
#include "net/server_h2o.h"

enum {
    ACCEPTS_AT_ONCE = 32, /* then the others get a turn */
    CUT_MAX_MS = LINGER_MAX_MS + 1000,
};

/* ---- accepting ---- */

static void on_acceptable(h2o_socket_t *socket, const char *error)
{
    if (error != NULL) return;
    for (int i = 0; i < ACCEPTS_AT_ONCE && connection_accept(socket->data); i++) continue;
}

void acceptor_resume(struct acceptor *acceptor)
{
    if (!acceptor->paused || acceptor->socket == NULL) return;
    acceptor->paused = false;
    h2o_socket_read_start(acceptor->socket, on_acceptable);
}

void acceptor_pause(struct acceptor *acceptor)
{
    struct server_worker *worker = acceptor->worker;
    acceptor->paused = true;
    h2o_socket_read_stop(acceptor->socket);
    metric_count(METRIC_ACCEPT_PAUSES, acceptor->at->counted_as);
    if (worker->sweep.place == 0) timer_start(worker->worker.loop, &worker->sweep, SWEEP_MS);
}

void worker_resume_acceptors(struct server_worker *worker)
{
    for (size_t i = 0; i < worker->server->listener_count; i++) acceptor_resume(&worker->acceptors[i]);
}

/* ---- drain ---- */

/* an idle connection reads its end and is closed; what has already come in is read before that */
static int end_when_idle(h2o_req_t *h2o, void *data)
{
    (void)data;
    if (h2o->timestamps.request_begin_at.tv_sec == 0)
        shutdown(h2o_socket_get_fd(h2o->conn->callbacks->get_socket(h2o->conn)), SHUT_RD);
    return 0;
}

static int end_now(h2o_req_t *h2o, void *data)
{
    (void)data;
    shutdown(h2o_socket_get_fd(h2o->conn->callbacks->get_socket(h2o->conn)), SHUT_RDWR);
    return 0;
}

static void for_each_connection(struct server_worker *worker, int (*run)(h2o_req_t *h2o, void *data))
{
    worker->server->h2o.http1.callbacks.foreach_request(&worker->h2o, run, NULL);
}

static void close_acceptors(struct server_worker *worker)
{
    for (size_t i = 0; i < worker->server->listener_count; i++) {
        if (worker->acceptors[i].socket != NULL) h2o_socket_close(worker->acceptors[i].socket);
        worker->acceptors[i].socket = NULL;
    }
}

void worker_on_drain(struct post *post)
{
    struct server_worker *worker = H2O_STRUCT_FROM_MEMBER(struct server_worker, drain, post);
    worker->draining = true;
    worker->drain_until_ms = loop_now_ms(worker->worker.loop) + DRAIN_MAX_MS;
    size_t count = worker->server->listener_count;
    for (size_t i = 0; i < count; i++) /* closing a listener would reset those who wait in it */
        while (connection_accept(&worker->acceptors[i])) continue;
    close_acceptors(worker);
    for_each_connection(worker, end_when_idle);
}

static void run_until_closed(struct server_worker *worker, int64_t until_ms)
{
    struct loop *loop = worker->worker.loop;
    while (worker->connection_count > 0 && loop_now_ms(loop) < until_ms) loop_run(loop, 100);
}

static void worker_run(struct server_worker *worker)
{
    struct loop *loop = worker->worker.loop;
    worker_resume_acceptors(worker);
    while (!worker->draining) loop_run(loop, INT32_MAX);
    run_until_closed(worker, worker->drain_until_ms);
    for_each_connection(worker, end_now); /* who doesn't even take an answer */
    run_until_closed(worker, loop_now_ms(loop) + CUT_MAX_MS);
}

/* ---- a thread's life ---- */

static void acceptor_init(struct acceptor *acceptor, struct server_worker *worker, struct listener *listener)
{
    int fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
    assert(fd >= 0);
    *acceptor = (struct acceptor){.worker = worker, .listener = listener, .at = listener->at, .paused = true};
    h2o_linklist_init_anchor(&acceptor->idle);
    acceptor->h2o =
        (h2o_accept_ctx_t){.ctx = &worker->h2o, .hosts = worker->server->h2o.hosts, .ssl_ctx = listener->tls};
    acceptor->socket = h2o_evloop_socket_create(worker->h2o.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    acceptor->socket->data = acceptor;
}

static void worker_init(struct server_worker *worker)
{
    struct server *server = worker->server;
    worker->worker.loop = loop_create();
    worker->sweep.run = sweep_on_timer;
    worker->drain.run = worker_on_drain;
    h2o_context_init(&worker->h2o, loop_h2o(worker->worker.loop), &server->h2o);
    worker->acceptors = calloc(server->listener_count, sizeof worker->acceptors[0]);
    if (worker->acceptors == NULL) abort();
    for (size_t i = 0; i < server->listener_count; i++)
        acceptor_init(&worker->acceptors[i], worker, &server->listeners[i]);
}

static void worker_release(struct server_worker *worker)
{
    timer_stop(worker->worker.loop, &worker->sweep);
    close_acceptors(worker);
    if (worker->connection_count > 0) { /* what they hold can't be freed under them; the process is about to end */
        log_say(LOG_WARN, "drain", "worker %u ends with %zu connections open", worker->worker.index,
                worker->connection_count);
        return;
    }
    free(worker->acceptors);
    h2o_context_dispose(&worker->h2o);
    loop_destroy(worker->worker.loop);
}

/* says how it went, and waits for what the server makes of all of them */
static bool worker_may_go(struct server_worker *worker, const struct fault *fault)
{
    struct server *server = worker->server;
    pthread_mutex_lock(&server->start.lock);
    server->start.ready_count++;
    if (fault != NULL && server->start.fault.kind == FAULT_NONE) server->start.fault = *fault;
    pthread_cond_broadcast(&server->start.changed);
    while (server->start.verdict == START_WAIT) pthread_cond_wait(&server->start.changed, &server->start.lock);
    bool go = server->start.verdict == START_GO;
    pthread_mutex_unlock(&server->start.lock);
    return go;
}

void *worker_main(void *data)
{
    struct server_worker *worker = data;
    const struct server_settings *settings = &worker->server->settings;
    struct fault fault = {.kind = FAULT_NONE};
    worker_init(worker);
    bool started = settings->start_worker == NULL || settings->start_worker(&worker->worker, settings->data, &fault);
    if (!started && fault.kind == FAULT_NONE)
        fault_set(&fault, FAULT_BUG, "server", "a worker didn't start, without a reason");
    if (worker_may_go(worker, started ? NULL : &fault)) worker_run(worker);
    if (started && settings->stop_worker != NULL) settings->stop_worker(&worker->worker);
    worker_release(worker);
    return NULL;
}
