/* server: HTTP in: worker threads, listeners, routes, limits, the request's deadline, drain, one log line for each
 * request.
 *
 * Rule: the rooms above describe endpoints as rows of struct route; the server makes the request's struct (of
 * route->size, beginning with struct request), runs route->steps through base/flow, and calls finish, which must call
 * request_answer exactly once (or, after FAULT_LEFT, may). dispose runs last, once for each request, also when the
 * client has left, and is the only place that frees. Everything that lives as long as the request comes from
 * request->arena, which is wiped.
 *
 * Limits (RFC 9110, 9112 and interface.md): head 32 KiB -> 431; body 64 KiB -> 413; target 8 KiB -> 414; not arrived
 * whole in 10 s -> 408 and cut; idle connection 60 s, one that never said a word 10 s, and where a listener's room for
 * connections is full the one that has been idle for longest is closed for a new one; Content-Length with
 * Transfer-Encoding, two lengths, two Hosts or none, folded or bare-LF lines -> 400 and closed; Transfer-Encoding
 * (chunked) alone -> 411 and closed, whatever follows, so that no two parsers need to agree where chunks end (RFC
 * 9112 6.3); answered within REQUEST_DEADLINE_MS, whatever waits. Bodies of refusals are the JSON of RFC 6749 5.2
 * ({"error":"invalid_request","error_description":"..."}). Unknown path 404, other method 405 with Allow. */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "base/arena.h"
#include "base/flow.h"
#include "base/metrics_table.h"
#include "base/text.h"
#include "net/loop.h"

enum {
    HEAD_MAX = 32 * 1024,
    TARGET_MAX = 8 * 1024,
    BODY_MAX = 64 * 1024,
    ARRIVAL_MAX_MS = 10 * 1000,
    IDLE_MAX_MS = 60 * 1000,
    REQUEST_DEADLINE_MS = 4500, /* the contract says 5 s: the rest is for the answer */
    DRAIN_MAX_MS = 25 * 1000,
    REQUEST_ARENA_MAX = 2 * 1024 * 1024,
    ANSWER_HEADERS_MAX = 24,
};

enum method {
    METHOD_GET = 1,
    METHOD_HEAD = 2,
    METHOD_POST = 4,
    METHOD_PUT = 8,
    METHOD_PATCH = 16,
    METHOD_DELETE = 32,
    METHOD_OPTIONS = 64,
    METHOD_OTHER = 128,
    METHOD_ANY = 255
};

struct request;

struct route {
    /* exact; or ending in "/{}": one more segment follows, percent-decoded into request->segment; or in "/{}/...": and
     * whatever may follow that */
    const char *path;
    unsigned methods; /* of enum method; HEAD is answered wherever GET is, without its body */
    size_t size;      /* of the struct that begins with struct request */
    const struct step *steps;
    void (*finish)(struct flow *flow);
    void (*dispose)(struct request *request); /* may be NULL */
    const char *name;                         /* the endpoint in logs: "token" */
    void *data;                               /* for the steps: request->route->data */
    unsigned counted_as;                      /* metric_name of the endpoint's name; 0: "-" */
};

struct answer_header {
    struct bytes name, value; /* name in lower case; must live until request_answer returns */
};

/* What is known for the request's log line; whoever learns it fills it in. All absent at first. */
struct request_log {
    struct bytes grant, client, outcome, reason;
    int64_t storage_us, identity_us, sign_us;
};

struct request {
    struct flow flow; /* first: a flow is a request */
    const struct route *route;
    struct worker *worker; /* request->worker->data is what the worker's start function made */
    struct arena arena;
    enum method method;
    struct bytes method_name; /* as it came */
    struct bytes path, query; /* query without its ?; absent when there was none. Not decoded */
    struct bytes segment;     /* of a route with "/{}", decoded */
    struct bytes body;        /* a copy of our own: wiped with the arena */
    struct bytes id;          /* X-Request-Id: the caller's when it is 1-64 of [A-Za-z0-9._-], else made */
    struct bytes trace_id;    /* of a W3C traceparent, or absent */
    struct bytes peer_ip;     /* the client's address as text: trusted proxies' X-Forwarded-For taken into account */
    bool secure;              /* TLS, or a trusted proxy's X-Forwarded-Proto: https */
    bool from_proxy;          /* the connection itself comes from one of trusted_proxies */
    struct request_log log;
    struct request_net *net; /* net's own */
};

/* The first header of that name (lower case), absent when there is none. "host" is the target's authority where the
 * target had one (RFC 9112 3.2.2). Content-Length, Transfer-Encoding, Expect and Upgrade are the server's business and
 * not to be had. Lives as long as the request. */
struct bytes request_header(const struct request *request, const char *name);
size_t request_header_count(const struct request *request, const char *name);

/* Answers. X-Request-Id, Date and Content-Length are the server's business; status 204 and 304 have no body. body must
 * live in the request's arena or for ever; it goes out without a copy that nobody wipes. A header that could end its
 * line early, or an arena that has overflowed, makes the answer a 500: better none than another one. */
struct answer {
    int status;
    struct bytes content_type; /* absent: none */
    struct bytes body;
    struct answer_header headers[ANSWER_HEADERS_MAX];
    size_t header_count;
};
void answer_header(struct answer *answer, struct bytes name, struct bytes value); /* asserts the maximum */
void request_answer(struct request *request, const struct answer *answer);

/* A worker: one thread, one loop. */
struct worker {
    struct loop *loop;
    unsigned index; /* from 0 */
    void *data;
};

struct listen_at {
    const char *host; /* address or name; "0.0.0.0", "::", "127.0.0.1" */
    uint16_t port;
    const char *tls_cert_file, *tls_key_file; /* NULL: plaintext */
    const struct route *routes;               /* ends with a row whose path is NULL */
    const char *name;                         /* "public", "admin": for logs */
    enum metric_listener counted_as;
    /* Connections, times the workers, that are kept for this listener alone, at most a quarter of all; no flood of
     * another listener can take them. 0: an equal part of what such reserves leave. */
    size_t connections_max;
    /* Runs first for each request to this listener, before its route's steps: false when it has answered (the admin
     * port's rules). NULL: none */
    bool (*gate)(struct request *request, void *gate_data);
    void *gate_data;
};

struct server_settings {
    unsigned worker_count;             /* 0: one for each core */
    const struct listen_at *listeners; /* these, and what they point to, live as long as the server */
    size_t listener_count;
    const char *const *trusted_proxies; /* addresses or CIDR blocks, NULL at the end; NULL: none */
    int64_t idle_max_ms;                /* 0: IDLE_MAX_MS */
    /* On each worker's thread, before it accepts: makes worker->data. false ends the start. */
    bool (*start_worker)(struct worker *worker, void *data, struct fault *fault);
    /* On each worker's thread, after its last request. */
    void (*stop_worker)(struct worker *worker);
    void *data;
};

struct server;
/* Binds (a port in use is a fault that names host and port), starts the workers, accepts. Ignores SIGPIPE. SIGTERM,
 * SIGINT and SIGHUP must be blocked before. Raises the soft limit of descriptors to the hard one. NULL with *fault. */
struct server *server_create(const struct server_settings *settings, struct fault *fault) MUST_USE;
/* the port that a listener is bound to, by its place in the settings: what was asked for, or what the system chose for
 * 0 */
uint16_t server_port(const struct server *server, size_t listener);
/* stops accepting, finishes what is under way within DRAIN_MAX_MS, ends the workers, frees */
void server_drain(struct server *server);
unsigned server_core_count(void); /* cores that this process may use */
/* Requests that are being answered, on all workers (for tests and metrics). */
uint64_t server_open_requests(const struct server *server);

#endif
