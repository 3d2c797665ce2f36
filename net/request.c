#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/secret.h"
#include "net/origin.h"
#include "net/refusal.h"
#include "net/router.h"
#include "net/server_h2o.h"
#include "net/vet.h"

enum { LEAVE_WATCH_AFTER_MS = 50 }; /* a client who leaves before is noticed then */

static struct bytes bytes_of_h2o(h2o_iovec_t v) { return (struct bytes){v.base, v.len}; }
static h2o_socket_t *socket_of(const struct request *request)
{
    h2o_conn_t *conn = request->net->h2o->conn;
    return conn->callbacks->get_socket(conn);
}

/* ---- headers ---- */

struct bytes request_header(const struct request *request, const char *name)
{
    const h2o_headers_t *headers = &request->net->h2o->headers;
    struct bytes wanted = bytes_of(name);
    if (bytes_equal(wanted, BYTES("host"))) return request->net->host;
    for (size_t i = 0; i < headers->size; i++)
        if (bytes_equal(bytes_of_h2o(*headers->entries[i].name), wanted))
            return bytes_trim(bytes_of_h2o(headers->entries[i].value));
    return BYTES_ABSENT;
}

size_t request_header_count(const struct request *request, const char *name)
{
    const h2o_headers_t *headers = &request->net->h2o->headers;
    struct bytes wanted = bytes_of(name);
    size_t count = 0;
    if (bytes_equal(wanted, BYTES("host"))) return bytes_present(request->net->host) ? 1 : 0;
    for (size_t i = 0; i < headers->size; i++)
        if (bytes_equal(bytes_of_h2o(*headers->entries[i].name), wanted)) count++;
    return count;
}

/* ---- what net refuses by itself is a route too: a table of no steps ---- */

static void refused_finish(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    const struct refusal *refusal = refusal_of(request->net->refusal);
    struct answer answer = {
        .status = refusal->status, .content_type = BYTES("application/json"), .body = refusal->body};
    request->log.outcome = bytes_of(refusal->outcome);
    if (refusal->status == 405) /* RFC 9110 15.5.6: MUST have Allow */
        answer_header(&answer, BYTES("allow"), router_allow(&request->arena, request->net->methods));
    request_answer(request, &answer);
}

static const struct step no_steps[] = {{NULL, NULL}};
static const struct route refused_route = {
    .path = "", .size = sizeof(struct request), .steps = no_steps, .finish = refused_finish, .name = "-"};

/* ---- what is asked ---- */

struct asked {
    struct bytes authority, path, query; /* authority: of an absolute target, else absent */
    enum method method;
    struct routed routed;
    int refusal;
};

static struct bytes after(struct bytes b, size_t len) { return (struct bytes){b.at + len, b.len - len}; }

/* RFC 9112 3.2.2: a server MUST accept the absolute form, and believe its host rather than the header's */
static void split_target(struct asked *asked, struct bytes target)
{
    bool tls = target.len >= 8 && bytes_equal_nocase((struct bytes){target.at, 8}, BYTES("https://"));
    bool plain = target.len >= 7 && bytes_equal_nocase((struct bytes){target.at, 7}, BYTES("http://"));
    if (tls || plain) {
        struct bytes rest = after(target, tls ? 8 : 7);
        size_t slash = bytes_find(rest, '/'), question = bytes_find(rest, '?');
        asked->authority = (struct bytes){rest.at, slash < question ? slash : question};
        target = after(rest, asked->authority.len);
    }
    size_t path_len = bytes_find(target, '?');
    asked->path = path_len == 0 ? BYTES("/") : (struct bytes){target.at, path_len};
    asked->query = path_len < target.len ? after(target, path_len + 1) : BYTES_ABSENT;
}

static int find_refusal(const struct asked *asked, const struct vet *vet, size_t target_len)
{
    switch (vet->outcome) {
    case VET_BAD: return 400;
    /* RFC 9112 6.3: a server MAY ask for a length. libh2o has found an end of the chunks already, but takes bare LF and
     * more in them that others don't: nobody may rely on that end. */
    case VET_CODED: return 411;
    case VET_TOO_LARGE: return 431;
    case VET_GOOD: break;
    }
    if (target_len > TARGET_MAX) return 414;
    if (memchr(asked->authority.at == NULL ? "" : asked->authority.at, '@', asked->authority.len) != NULL) return 400;
    if (asked->routed.route != NULL) return 0;
    return asked->routed.methods == 0 ? 404 : 405;
}

static struct asked read_asked(h2o_req_t *h2o, const struct vet *vet, const struct route *routes)
{
    struct asked asked = {.method = router_method(bytes_of_h2o(h2o->input.method))};
    split_target(&asked, bytes_of_h2o(h2o->input.path));
    asked.routed = router_find(routes, asked.path, asked.method);
    asked.refusal = find_refusal(&asked, vet, h2o->input.path.len);
    return asked;
}

/* ---- the end of a request ---- */

static void watch_peer_no_more(struct connection *connection)
{
    connection->watched = NULL;
    h2o_socket_read_stop(connection->socket);
    h2o_socket_dont_read(connection->socket, 0);
}

void request_settle(struct request *request)
{
    struct request_net *net = request->net;
    timer_stop(request->worker->loop, &net->deadline);
    if (net->connection->watched == request) watch_peer_no_more(net->connection);
}

static enum log_level level_of(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_NONE:
    case FAULT_REFUSED:
    case FAULT_LEFT: return LOG_INFO;
    case FAULT_AWAY:
    case FAULT_LATE:
    case FAULT_FULL: return LOG_WARN;
    case FAULT_INPUT:
    case FAULT_BUG: return LOG_ERROR;
    }
    return LOG_ERROR;
}

static void log_fault_of(struct log_line *line, const struct request *request)
{
    const struct fault *fault = &request->flow.fault;
    const struct request_log *known = &request->log;
    bool faulted = fault->kind != FAULT_NONE;
    log_text(line, "outcome",
             bytes_present(known->outcome) || !faulted ? known->outcome : bytes_of(fault_kind_name(fault->kind)));
    log_text(line, "reason", bytes_present(known->reason) || !faulted ? known->reason : bytes_of(fault->what));
    if (!faulted) return;
    log_text(line, "step", bytes_of(request->flow.at->name));
    log_text(line, "where", bytes_of(fault->where));
}

static void log_us(struct log_line *line, const char *name, int64_t us)
{
    if (us > 0) log_number(line, name, us);
}

static void log_request(const struct request *request)
{
    struct log_line line;
    const struct request_log *known = &request->log;
    log_begin(&line, level_of(request->flow.fault.kind), "request");
    log_text(&line, "id", request->id);
    log_text(&line, "trace_id", request->trace_id);
    log_text(&line, "endpoint", bytes_of(request->route->name));
    log_text(&line, "method", request->method == METHOD_OTHER ? BYTES("other") : request->method_name);
    log_number(&line, "status", request->net->status);
    log_text(&line, "grant", known->grant);
    log_text(&line, "client", known->client);
    log_fault_of(&line, request);
    log_number(&line, "duration_us", request->net->duration_us);
    log_us(&line, "storage_us", known->storage_us);
    log_us(&line, "identity_us", known->identity_us);
    log_us(&line, "sign_us", known->sign_us);
    log_end(&line);
}

/* what libh2o has of the request: its head as it came, and copies of the headers when there was a body */
static void wipe_input(const struct request *request)
{
    h2o_req_t *h2o = request->net->h2o;
    h2o_buffer_t *input = socket_of(request)->input;
    assert(request->net->raw_len <= input->size);
    secret_wipe(input->bytes, request->net->raw_len);
    if (h2o->entity.base == NULL) return;
    for (size_t i = 0; i < h2o->headers.size; i++)
        secret_wipe(h2o->headers.entries[i].value.base, h2o->headers.entries[i].value.len);
}

static void request_dispose(void *memory)
{
    struct request *request = memory;
    struct server_worker *worker = (struct server_worker *)request->worker;
    size_t size = request->route->size;
    flow_release(&request->flow);
    request_settle(request);
    log_request(request);
    if (request->route->dispose != NULL) request->route->dispose(request);
    wipe_input(request);
    connection_turn_idle(request->net->connection);
    arena_release(&request->arena);
    secret_wipe(request, size);
    atomic_fetch_sub_explicit(&worker->open_requests, 1, memory_order_relaxed);
    metric_add(METRIC_REQUESTS_IN_FLIGHT, -1);
}

/* ---- waiting ---- */

static void on_deadline(struct timer *timer)
{
    struct request_net *net = H2O_STRUCT_FROM_MEMBER(struct request_net, deadline, timer);
    flow_abort(net->flow, FAULT_LATE, "net", "the request's deadline passed");
}

static void on_peer(h2o_socket_t *socket, const char *error)
{
    (void)error; /* what is wrong shows in the look */
    struct connection *connection = socket->on_close.data;
    struct request *request = connection->watched;
    char byte;
    ssize_t len = recv(h2o_socket_get_fd(socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (len < 0 && errno == EAGAIN) return;
    watch_peer_no_more(connection);
    /* more than nothing is the next request of a pipeline: what comes behind it can't be seen, so the deadline has to
     * do */
    if (len <= 0) flow_abort(&request->flow, FAULT_LEFT, "net", "the client left");
}

/* libh2o doesn't read while a request is being answered, so its own socket can be borrowed to hear of the end: a watch
 * of its own would need a descriptor for each request that waits. */
static void watch_peer(struct request *request)
{
    struct connection *connection = request->net->connection;
    assert(!h2o_socket_is_reading(connection->socket));
    connection->watched = request;
    h2o_socket_dont_read(connection->socket, 1);
    h2o_socket_read_start(connection->socket, on_peer);
}

/* Its system calls cost as much as the rest of a quick request's HTTP, so only who waits for long gets here. */
static void on_long_wait(struct timer *timer)
{
    struct request_net *net = H2O_STRUCT_FROM_MEMBER(struct request_net, deadline, timer);
    struct request *request = (struct request *)net->flow;
    net->deadline.run = on_deadline;
    timer_start(request->worker->loop, &net->deadline, REQUEST_DEADLINE_MS - LEAVE_WATCH_AFTER_MS);
    /* Under TLS the end of the stream can't be told from the next record without reading it; in a drain the end may be
     * ours. */
    if (socket_of(request)->ssl == NULL && !worker_of(net->h2o)->draining) watch_peer(request);
}

static void request_wait(struct request *request)
{
    request->net->deadline.run = on_long_wait;
    timer_start(request->worker->loop, &request->net->deadline, LEAVE_WATCH_AFTER_MS);
}

/* ---- the beginning of a request ---- */

static void take_body(struct request *request)
{
    h2o_iovec_t entity = request->net->h2o->entity;
    h2o_buffer_t *input = socket_of(request)->input;
    if (entity.base == NULL) return;
    request->body = arena_copy(&request->arena, bytes_of_h2o(entity));
    request->net->raw_len = (size_t)(entity.base + entity.len - input->bytes);
    secret_wipe(entity.base, entity.len);
    /* a chunked body was moved together in place and left a copy of its end behind */
    secret_wipe(input->bytes + input->size, (size_t)(input->_buf + input->capacity - (input->bytes + input->size)));
}

static void request_on_finish(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    request->route->finish(flow);
    if (request->net->status != 0) return;
    assert(flow->fault.kind == FAULT_LEFT);
    request_answer(request, &(struct answer){.status = 499}); /* nobody reads it; it ends the connection */
}

/* where the time went, for the log: a wait's name begins with the room that it waits for */
static void request_waited(struct flow *flow, const char *on, int64_t us)
{
    struct request_log *log = &((struct request *)flow)->log;
    if (bytes_start_with(bytes_of(on), BYTES("storage"))) log->storage_us += us;
    if (bytes_start_with(bytes_of(on), BYTES("identity"))) log->identity_us += us;
}

static struct request *request_create(h2o_req_t *h2o, const struct asked *asked, const struct vet *vet)
{
    struct connection *connection = connection_of(h2o);
    struct server_worker *worker = connection->acceptor->worker;
    const struct route *route = asked->refusal == 0 ? asked->routed.route : &refused_route;
    assert(route->size >= sizeof(struct request));
    connection_turn_busy(connection);
    connection->has_asked = true;
    struct request *request = h2o_mem_alloc_shared(&h2o->pool, route->size, request_dispose);
    memset(request, 0, route->size);
    atomic_fetch_add_explicit(&worker->open_requests, 1, memory_order_relaxed);
    metric_add(METRIC_REQUESTS_IN_FLIGHT, 1);
    arena_init(&request->arena, REQUEST_ARENA_MAX);
    flow_init(&request->flow, route->steps, request_on_finish);
    request->flow.waited = request_waited;
    request->route = route;
    request->worker = &worker->worker;
    request->net = arena_take(&request->arena, sizeof *request->net);
    *request->net = (struct request_net){.h2o = h2o,
                                         .flow = &request->flow,
                                         .connection = connection,
                                         .host = bytes_present(asked->authority) ? asked->authority : vet->host,
                                         .raw_len = vet->head_len,
                                         .refusal = asked->refusal,
                                         .methods = asked->routed.methods,
                                         .begin_us = clock_steady_us()};
    return request;
}

static void request_fill(struct request *request, const struct asked *asked)
{
    request->method = asked->method;
    request->method_name = bytes_of_h2o(request->net->h2o->input.method);
    request->path = asked->path;
    request->query = asked->query;
    if (bytes_present(asked->routed.segment)) request->segment = router_decode(&request->arena, asked->routed.segment);
    take_body(request);
    origin_fill(request);
}

/* the gate guards what has a place here; what isn't HTTP doesn't get as far */
static bool may_pass(struct request *request)
{
    const struct listen_at *at = request->net->connection->acceptor->at;
    int refusal = request->net->refusal;
    if (at->gate == NULL || (refusal != 0 && refusal != 404 && refusal != 405)) return true;
    if (at->gate(request, at->gate_data)) return true;
    assert(request->net->status != 0);
    return false;
}

int request_on_h2o(h2o_handler_t *self, h2o_req_t *h2o)
{
    (void)self;
    const h2o_buffer_t *input = h2o->conn->callbacks->get_socket(h2o->conn)->input;
    struct vet vet = vet_head((struct bytes){input->bytes, input->size}, HEAD_MAX, h2o->version < 0x101);
    struct asked asked = read_asked(h2o, &vet, connection_of(h2o)->acceptor->at->routes);
    struct request *request = request_create(h2o, &asked, &vet);
    request_fill(request, &asked);
    if (!may_pass(request)) return 0;
    flow_drive(&request->flow);
    if (request->net->status == 0) request_wait(request);
    return 0;
}
