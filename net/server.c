#include <assert.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "net/server_h2o.h"

/* ---- what libh2o is told ---- */

static void answer_path(h2o_pathconf_t *path)
{
    h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = request_on_h2o;
    h2o_create_filter(path, sizeof(h2o_filter_t))->on_setup_ostream = refusal_on_h2o;
}

static void configure_h2o(h2o_globalconf_t *h2o, int64_t idle_max_ms)
{
    h2o_config_init(h2o);
    h2o->server_name = h2o_iovec_init(NULL, 0);
    h2o->max_request_entity_size = BODY_MAX;
    h2o->handshake_timeout = ARRIVAL_MAX_MS;
    h2o->http1.req_timeout = (uint64_t)(idle_max_ms == 0 ? IDLE_MAX_MS : idle_max_ms);
    h2o->http1.upgrade_to_http2 = 0;
    h2o_hostconf_t *host = h2o_config_register_host(h2o, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    answer_path(h2o_config_register_path(host, "/", 0));
    answer_path(&host->fallback_path); /* "*", absolute targets, and libh2o's own refusals */
}

/* ---- limits of the process ---- */

unsigned server_core_count(void)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
    return (unsigned)CPU_COUNT(&cores);
}

static size_t find_descriptors_max(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 256;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur;
}

static size_t at_least_one(size_t count) { return count == 0 ? 1 : count; }

static size_t reserve_of(const struct server *server, const struct listen_at *at, size_t all)
{
    size_t wanted = at->connections_max * server->settings.worker_count;
    return wanted <= all / 4 ? wanted : at_least_one(all / 4);
}

/* a reserve is at most a quarter of all; who has none gets an equal part of what they leave */
static void share_connections(struct server *server, size_t all)
{
    size_t rest = all, sharers = 0;
    for (size_t i = 0; i < server->listener_count; i++) {
        const struct listen_at *at = server->listeners[i].at;
        size_t reserve = reserve_of(server, at, all);
        if (at->connections_max == 0) sharers++;
        rest -= reserve < rest ? reserve : rest;
    }
    for (size_t i = 0; i < server->listener_count; i++) {
        const struct listen_at *at = server->listeners[i].at;
        server->listeners[i].connections_max =
            at->connections_max == 0 ? at_least_one(rest / sharers) : reserve_of(server, at, all);
    }
}

/* Of the descriptors five eighths are for connections and a quarter for storage and Kratos. The eighth between is for
 * connections that are about to say farewell: until libh2o has closed its descriptor they have a second one. */
static void share_descriptors(struct server *server)
{
    size_t all = find_descriptors_max(), worker_count = server->settings.worker_count;
    size_t wanted = worker_count * CONNECTIONS_MAX;
    share_connections(server, all / 8 * 5 < wanted ? all / 8 * 5 : wanted);
    server->doubles_max = at_least_one(all / 8 / worker_count);
}

/* ---- create ---- */

static bool open_listeners(struct server *server, struct fault *fault)
{
    for (size_t i = 0; i < server->settings.listener_count; i++, server->listener_count++)
        if (!listener_open(&server->listeners[i], &server->settings.listeners[i], fault)) return false;
    share_descriptors(server);
    return true;
}

static bool start_threads(struct server *server, unsigned count, struct fault *fault)
{
    for (unsigned i = 0; i < count; i++, server->worker_count++) {
        struct server_worker *worker = &server->workers[i];
        worker->server = server;
        worker->worker.index = i;
        int error = pthread_create(&worker->thread, NULL, worker_main, worker);
        if (error != 0) return fault_set(fault, FAULT_FULL, "server", "can't start a thread: %s", strerror(error));
    }
    return true;
}

/* when all have tried: go, or give up with the first fault */
static bool decide_start(struct server *server, bool all_there, struct fault *fault)
{
    pthread_mutex_lock(&server->start.lock);
    while (server->start.ready_count < server->worker_count)
        pthread_cond_wait(&server->start.changed, &server->start.lock);
    bool failed = server->start.fault.kind != FAULT_NONE;
    if (failed && fault != NULL) *fault = server->start.fault;
    server->start.verdict = all_there && !failed ? START_GO : START_GIVE_UP;
    pthread_cond_broadcast(&server->start.changed);
    pthread_mutex_unlock(&server->start.lock);
    return all_there && !failed;
}

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) abort();
    return memory;
}

static void server_destroy(struct server *server)
{
    for (unsigned i = 0; i < server->worker_count; i++) pthread_join(server->workers[i].thread, NULL);
    for (size_t i = 0; i < server->listener_count; i++) listener_close(&server->listeners[i]);
    h2o_config_dispose(&server->h2o);
    networks_release(&server->proxies);
    pthread_mutex_destroy(&server->start.lock);
    pthread_cond_destroy(&server->start.changed);
    free(server->listeners);
    free(server->workers);
    free(server);
}

struct server *server_create(const struct server_settings *settings, struct fault *fault)
{
    unsigned worker_count = settings->worker_count == 0 ? server_core_count() : settings->worker_count;
    struct server *server = zeroed(1, sizeof *server);
    server->settings = *settings;
    server->settings.worker_count = worker_count;
    server->workers = zeroed(worker_count, sizeof server->workers[0]);
    server->listeners = zeroed(settings->listener_count + 1, sizeof server->listeners[0]);
    pthread_mutex_init(&server->start.lock, NULL);
    pthread_cond_init(&server->start.changed, NULL);
    configure_h2o(&server->h2o, settings->idle_max_ms);
    signal(SIGPIPE, SIG_IGN);
    bool good = networks_init(&server->proxies, settings->trusted_proxies, fault) && open_listeners(server, fault) &&
                decide_start(server, start_threads(server, worker_count, fault), fault);
    if (good) return server;
    server_destroy(server);
    return NULL;
}

uint16_t server_port(const struct server *server, size_t listener)
{
    assert(listener < server->listener_count);
    return server->listeners[listener].port;
}

void server_drain(struct server *server)
{
    /* first: what connects to a socket that no worker looks at any more would be reset at the end */
    for (size_t i = 0; i < server->listener_count; i++) listener_stop(&server->listeners[i]);
    for (unsigned i = 0; i < server->worker_count; i++)
        loop_post(server->workers[i].worker.loop, &server->workers[i].drain);
    server_destroy(server);
}

uint64_t server_open_requests(const struct server *server)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < server->worker_count; i++)
        count += atomic_load_explicit(&server->workers[i].open_requests, memory_order_relaxed);
    return count;
}
