#include "net/client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "net/client_request.h"
#include "net/client_response.h"

enum {
    CALL_ARENA_MAX = 4 * 1024 * 1024, /* request and answer, with what growing leaves behind */
    PIECE_MAX = 64 * 1024,
};

enum phase {
    PHASE_LOOKUP,
    PHASE_CONNECT,
    PHASE_TLS,
    PHASE_EXCHANGE,
    PHASE_FAILED, /* and not told yet */
    PHASE_TOLD,
};

struct call_handle {
    struct upstream *upstream;
    struct call_handle *next, **link; /* of upstream->calls */
    const char *method;
    struct bytes head, body;
    struct arena arena; /* of head, body and response: wiped, for there are tokens in them */
    struct timer timer; /* the deadline; in PHASE_FAILED the next turn */
    enum phase phase;
    h2o_socket_t *socket;
    struct addresses addresses;
    size_t address_at;
    struct response response;
    bool pooled, tried_again;
    struct fault fault;
    void (*on_done)(void *data, const struct call_answer *answer, const struct fault *fault);
    void *data;
};

/* Room for a whole answer of the usual size at once: a buffer that libh2o grows leaves an unwiped copy behind. Never
 * written to, hence shared. */
static h2o_buffer_prototype_t input_prototype = {._initial_buf.capacity = PIECE_MAX};

/* ---- the end of a call ---- */

static void unlink_call(struct call_handle *handle)
{
    *handle->link = handle->next;
    if (handle->next != NULL) handle->next->link = handle->link;
    handle->upstream->call_count--;
    timer_stop(handle->upstream->loop, &handle->timer);
}

static void destroy_call(struct call_handle *handle)
{
    arena_release(&handle->arena);
    secret_wipe(handle, sizeof *handle);
    free(handle);
}

static void drop_socket(struct call_handle *handle)
{
    if (handle->socket != NULL) h2o_socket_close(handle->socket);
    handle->socket = NULL;
}

static void on_failed(struct timer *timer)
{
    struct call_handle *handle = H2O_STRUCT_FROM_MEMBER(struct call_handle, timer, timer);
    unlink_call(handle);
    handle->phase = PHASE_TOLD;
    handle->on_done(handle->data, NULL, &handle->fault);
    destroy_call(handle);
}

/* Told in the next turn: never from inside call_start, nor while somebody walks upstream->calls. */
static void fail(struct call_handle *handle, enum fault_kind kind, const char *what, const char *why)
{
    char where[sizeof handle->fault.where];
    snprintf(where, sizeof where, "client: %s %s", handle->method, handle->upstream->host);
    fault_set(&handle->fault, kind, where, "%s%s", what, why);
    drop_socket(handle);
    handle->phase = PHASE_FAILED;
    handle->timer.run = on_failed;
    timer_start(handle->upstream->loop, &handle->timer, 0);
}

static void on_deadline(struct timer *timer)
{
    static const char *const whiles[] = {
        [PHASE_LOOKUP] = "looking up the name",
        [PHASE_CONNECT] = "connecting",
        [PHASE_TLS] = "agreeing on TLS",
        [PHASE_EXCHANGE] = "waiting for the answer",
    };
    struct call_handle *handle = H2O_STRUCT_FROM_MEMBER(struct call_handle, timer, timer);
    fail(handle, FAULT_LATE, "out of time while ", whiles[handle->phase]);
}

static void succeed(struct call_handle *handle)
{
    struct response *response = &handle->response;
    unlink_call(handle);
    handle->phase = PHASE_TOLD;
    /* RFC 9112 9.5: who is answered before the request has gone out whole can't say where the next one begins */
    if (!response->keep || h2o_socket_is_writing(handle->socket))
        drop_socket(handle);
    else
        client_pool_give(&handle->upstream->pool, handle->socket);
    handle->on_done(handle->data, &response->answer, NULL);
    destroy_call(handle);
}

/* ---- request and answer ---- */

static void look_up(struct call_handle *handle);

static void lose_connection(struct call_handle *handle)
{
    bool may_repeat = strcmp(handle->method, "GET") == 0 && handle->pooled && !handle->response.begun;
    if (!may_repeat || handle->tried_again) {
        fail(handle, FAULT_AWAY, "the connection ended before the answer did", "");
        return;
    }
    /* RFC 9110 9.2.2: what is idempotent may go again */
    handle->tried_again = true;
    handle->pooled = false;
    drop_socket(handle);
    look_up(handle);
}

static void on_read(h2o_socket_t *socket, const char *error)
{
    struct call_handle *handle = socket->data;
    size_t len = socket->input->size;
    enum response_progress progress = response_take(&handle->response, socket->input->bytes, len);
    if (len > 0) secret_wipe(socket->input->bytes, len);
    h2o_buffer_consume(&socket->input, len);
    switch (progress) {
    case RESPONSE_MORE:
        if (error != NULL) lose_connection(handle);
        return;
    case RESPONSE_DONE: succeed(handle); return;
    case RESPONSE_BAD: fail(handle, FAULT_AWAY, "bad answer: ", handle->response.why); return;
    }
}

static void on_written(h2o_socket_t *socket, const char *error)
{
    (void)socket;
    (void)error; /* a connection that can't be written to may still hold an answer, and shows its end to the reader */
}

static void send_request(struct call_handle *handle)
{
    h2o_iovec_t pieces[] = {
        h2o_iovec_init(handle->head.at, handle->head.len),
        h2o_iovec_init(handle->body.at, handle->body.len),
    };
    handle->phase = PHASE_EXCHANGE;
    handle->socket->data = handle;
    response_init(&handle->response, &handle->arena);
    h2o_socket_write(handle->socket, pieces, handle->body.len > 0 ? 2 : 1, on_written);
    h2o_socket_read_start(handle->socket, on_read);
}

/* ---- a new connection ---- */

static void on_tls(h2o_socket_t *socket, const char *error)
{
    struct call_handle *handle = socket->data;
    /* libh2o's own look at the name knows no addresses, and is left out under TLS 1.3; OpenSSL has checked both by now
     * (client_upstream.c) and ended the handshake where they don't fit */
    if (error != NULL && error != h2o_socket_error_ssl_cert_name_mismatch)
        fail(handle, FAULT_AWAY, "TLS: ", error);
    else
        send_request(handle);
}

static void connect_next(struct call_handle *handle);

static void on_connect(h2o_socket_t *socket, const char *error)
{
    struct call_handle *handle = socket->data;
    struct upstream *upstream = handle->upstream;
    if (error != NULL) {
        drop_socket(handle);
        connect_next(handle);
        return;
    }
    h2o_buffer_set_prototype(&socket->input, &input_prototype);
    /* what libh2o reads in one go is bounded by this alone */
    setsockopt(h2o_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUF, &(int){CLIENT_BODY_MAX}, sizeof(int));
    if (upstream->tls == NULL) {
        send_request(handle);
        return;
    }
    handle->phase = PHASE_TLS;
    /* RFC 6066 3: an address is not sent as a server name */
    h2o_socket_ssl_handshake(socket, upstream->tls, upstream->host_is_address ? "" : upstream->host, on_tls);
}

static void connect_next(struct call_handle *handle)
{
    handle->phase = PHASE_CONNECT;
    while (handle->address_at < handle->addresses.count) {
        struct address *address = &handle->addresses.at[handle->address_at++];
        handle->socket =
            h2o_socket_connect(loop_h2o(handle->upstream->loop), &address->at.any, address->len, on_connect);
        if (handle->socket == NULL) continue;
        handle->socket->data = handle;
        return;
    }
    fail(handle, FAULT_AWAY, "no address of the host takes connections", "");
}

static void on_found(void *data, const struct addresses *addresses, const char *why)
{
    struct upstream *upstream = data;
    upstream->lookup = NULL;
    for (struct call_handle *handle = upstream->calls; handle != NULL; handle = handle->next) {
        if (handle->phase != PHASE_LOOKUP) continue;
        handle->addresses = *addresses;
        handle->address_at = 0;
        if (why != NULL)
            fail(handle, FAULT_AWAY, "the host's name: ", why);
        else
            connect_next(handle);
    }
}

static void look_up(struct call_handle *handle)
{
    struct upstream *upstream = handle->upstream;
    handle->phase = PHASE_LOOKUP;
    if (upstream->lookup == NULL)
        upstream->lookup = lookup_start(upstream->loop, upstream->host, upstream->port, on_found, upstream);
}

/* ---- the start of a call ---- */

static void begin(struct call_handle *handle)
{
    timer_start(handle->upstream->loop, &handle->timer, handle->upstream->timeout_ms);
    handle->socket = client_pool_take(&handle->upstream->pool);
    handle->pooled = handle->socket != NULL;
    if (handle->pooled)
        send_request(handle);
    else
        look_up(handle);
}

static struct call_handle *create_call(struct upstream *upstream, const char *method)
{
    struct call_handle *handle = calloc(1, sizeof *handle);
    if (handle == NULL) abort();
    handle->upstream = upstream;
    handle->method = method;
    handle->timer.run = on_deadline;
    arena_init(&handle->arena, CALL_ARENA_MAX);
    handle->next = upstream->calls;
    handle->link = &upstream->calls;
    if (handle->next != NULL) handle->next->link = &handle->next;
    upstream->calls = handle;
    upstream->call_count++;
    return handle;
}

struct call_handle *call_start(struct upstream *upstream, const struct call *call,
                               void (*on_done)(void *data, const struct call_answer *answer, const struct fault *fault),
                               void *data)
{
    assert(strcmp(call->method, "HEAD") != 0); /* its answers have a length and no body */
    struct call_handle *handle = create_call(upstream, call->method);
    const char *why = request_check(call);
    handle->on_done = on_done;
    handle->data = data;
    if (why == NULL) handle->head = request_write(&handle->arena, upstream, call);
    if (why == NULL) handle->body = arena_copy(&handle->arena, call->body);
    if (why != NULL)
        fail(handle, FAULT_BUG, why, "");
    else if (handle->arena.overflowed)
        fail(handle, FAULT_FULL, "the request is more than a call may keep", "");
    else if (upstream->call_count > CLIENT_CALLS_MAX)
        fail(handle, FAULT_FULL, "too many calls under way", "");
    else
        begin(handle);
    return handle;
}

void call_cancel(struct call_handle *handle)
{
    if (handle->phase == PHASE_TOLD) return; /* from inside on_done */
    unlink_call(handle);
    drop_socket(handle);
    destroy_call(handle);
}

/* ---- a flow's call ---- */

/* In the caller's arena, where it stays when the flow goes on: what a flow waited on is told after the wait. */
struct asking {
    struct wait wait; /* first */
    char on[sizeof(((struct fault *)NULL)->where)];
    struct flow *flow;
    struct call_handle *handle;
    struct arena *arena;
    struct call_answer *answer;
};

static void fail_full(struct flow *flow, const char *on)
{
    struct fault full;
    fault_set(&full, FAULT_FULL, on, "the arena is too small for the answer");
    flow_fail(flow, &full);
}

static void keep_answer(struct call_answer *kept, struct arena *arena, const struct call_answer *answer)
{
    *kept = *answer;
    kept->content_type = arena_copy(arena, answer->content_type);
    kept->link = arena_copy(arena, answer->link);
    kept->body = arena_copy(arena, answer->body);
    for (size_t i = 0; i < answer->set_cookie_count; i++)
        kept->set_cookies[i] = arena_copy(arena, answer->set_cookies[i]);
}

static void on_answer(void *data, const struct call_answer *answer, const struct fault *fault)
{
    struct asking *asking = data;
    if (answer == NULL) {
        flow_fail(asking->flow, fault);
        return;
    }
    keep_answer(asking->answer, asking->arena, answer);
    if (asking->arena->overflowed)
        fail_full(asking->flow, asking->on);
    else
        flow_wake(asking->flow);
}

static void cancel_asking(struct wait *wait) { call_cancel(((struct asking *)wait)->handle); }

enum step_result ask_call(struct flow *flow, struct upstream *upstream, const struct call *call, struct arena *arena,
                          struct call_answer *answer)
{
    struct asking *asking = arena_take(arena, sizeof *asking);
    if (asking == NULL) {
        fail_full(flow, "client");
        return STEP_WAIT;
    }
    *asking = (struct asking){.wait.cancel = cancel_asking, .flow = flow, .arena = arena, .answer = answer};
    snprintf(asking->on, sizeof asking->on, "client: %s %s", call->method, upstream->host);
    asking->wait.on = asking->on;
    flow->waiting = &asking->wait;
    asking->handle = call_start(upstream, call, on_answer, asking);
    return STEP_WAIT;
}
