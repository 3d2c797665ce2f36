#include "storage/postgres/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Held by two, the loop and the thread: who lets go last frees it. */
struct resolve {
    atomic_int holders;
    atomic_bool done; /* set by the thread before it rings */
    int bell_fd;      /* an eventfd */
    struct watch *watch;
    void (*on_done)(void *data, const struct endpoints *endpoints);
    void *data;
    struct endpoint hosts[DSN_HOSTS_MAX];
    size_t host_count;
    struct endpoints endpoints; /* the thread's until it rings */
};

static void let_go(struct resolve *resolve)
{
    if (atomic_fetch_sub(&resolve->holders, 1) > 1) return;
    close(resolve->bell_fd);
    free(resolve);
}

static void add(struct endpoints *endpoints, const struct endpoint *endpoint)
{
    if (endpoints->count < ENDPOINTS_MAX) endpoints->all[endpoints->count++] = *endpoint;
}

static void look_up(const struct endpoint *host, struct endpoints *endpoints)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *found = NULL;
    if (getaddrinfo(host->host, NULL, &hints, &found) != 0) return;
    for (const struct addrinfo *a = found; a != NULL; a = a->ai_next) {
        struct endpoint endpoint = *host;
        int refused =
            getnameinfo(a->ai_addr, a->ai_addrlen, endpoint.address, sizeof endpoint.address, NULL, 0, NI_NUMERICHOST);
        if (refused == 0) add(endpoints, &endpoint);
    }
    freeaddrinfo(found);
}

static void look_all_up(const struct endpoint *hosts, size_t count, struct endpoints *endpoints)
{
    endpoints->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (endpoint_needs_lookup(&hosts[i]))
            look_up(&hosts[i], endpoints);
        else
            add(endpoints, &hosts[i]);
    }
}

void resolve_now(const struct dsn *dsn, struct endpoints *endpoints)
{
    look_all_up(dsn->hosts, dsn->host_count, endpoints);
}

bool resolve_needed(const struct dsn *dsn)
{
    for (size_t i = 0; i < dsn->host_count; i++)
        if (endpoint_needs_lookup(&dsn->hosts[i])) return true;
    return false;
}

static void *run_thread(void *data)
{
    struct resolve *resolve = data;
    look_all_up(resolve->hosts, resolve->host_count, &resolve->endpoints);
    atomic_store(&resolve->done, true);
    if (eventfd_write(resolve->bell_fd, 1) != 0) abort(); /* only of a descriptor that isn't one */
    let_go(resolve);
    return NULL;
}

static void on_bell(void *data)
{
    struct resolve *resolve = data;
    if (!atomic_load(&resolve->done)) return;
    watch_destroy(resolve->watch);
    resolve->on_done(resolve->data, &resolve->endpoints);
    let_go(resolve);
}

static bool start_thread(struct resolve *resolve)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool started = pthread_create(&thread, &attributes, run_thread, resolve) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

struct resolve *resolve_start(struct loop *loop, const struct dsn *dsn,
                              void (*on_done)(void *data, const struct endpoints *endpoints), void *data)
{
    struct resolve *resolve = calloc(1, sizeof *resolve);
    if (resolve == NULL) abort();
    *resolve = (struct resolve){.holders = 2, .on_done = on_done, .data = data, .host_count = dsn->host_count};
    memcpy(resolve->hosts, dsn->hosts, sizeof resolve->hosts);
    resolve->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (resolve->bell_fd >= 0) resolve->watch = watch_create(loop, resolve->bell_fd, on_bell, resolve);
    if (resolve->watch != NULL && start_thread(resolve)) return resolve;
    watch_destroy(resolve->watch);
    if (resolve->bell_fd >= 0) close(resolve->bell_fd);
    free(resolve);
    return NULL;
}

void resolve_cancel(struct resolve *resolve)
{
    if (resolve == NULL) return;
    watch_destroy(resolve->watch);
    let_go(resolve);
}
