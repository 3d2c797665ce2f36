#include <assert.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/refusal.h"
#include "net/server_h2o.h"

h2o_generator_t answer_generator = {NULL, NULL};

void answer_header(struct answer *answer, struct bytes name, struct bytes value)
{
    assert(answer->header_count < ANSWER_HEADERS_MAX);
    answer->headers[answer->header_count++] = (struct answer_header){name, value};
}

/* RFC 9110 15; nothing depends on the words */
static const char *reason_of(int status)
{
    switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 415: return "Unsupported Media Type";
    case 429: return "Too Many Requests";
    case 503: return "Service Unavailable";
    case 500: return "Internal Server Error";
    default: break;
    }
    const struct refusal *refusal = refusal_of(status);
    return refusal->status == status ? refusal->reason : "";
}

/* ---- what must not go out ---- */

static bool is_header_name(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
    }
    return name.len > 0;
}

/* RFC 9110 5.5: no CR, LF or NUL: whoever could put one there would write the rest of our answer */
static bool is_header_value(struct bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) return false;
    }
    return true;
}

static const char *find_wrong(const struct request *request, const struct answer *answer)
{
    if (request->arena.overflowed) return "the request needs more memory than it may have";
    if (!is_header_value(answer->content_type)) return "a content type that could end its line";
    for (size_t i = 0; i < answer->header_count; i++)
        if (!is_header_name(answer->headers[i].name) || !is_header_value(answer->headers[i].value))
            return "a header that could end its line";
    return NULL;
}

/* ---- the answer ---- */

static void put_header(h2o_req_t *h2o, struct bytes name, struct bytes value)
{
    h2o_add_header_by_str(&h2o->pool, &h2o->res.headers, name.at, name.len, 0, NULL, value.at, value.len);
}

static void put_headers(struct request *request, const struct answer *answer)
{
    h2o_req_t *h2o = request->net->h2o;
    put_header(h2o, BYTES("x-request-id"), request->id);
    if (bytes_present(answer->content_type)) put_header(h2o, BYTES("content-type"), answer->content_type);
    for (size_t i = 0; i < answer->header_count; i++)
        put_header(h2o, answer->headers[i].name, answer->headers[i].value);
}

static bool ends_connection(const struct request *request)
{
    const struct request_net *net = request->net;
    bool misframed = net->refusal == 400 || net->refusal == 411 || net->refusal == 414 || net->refusal == 431;
    if (misframed) connection_will_linger(net->h2o->conn->callbacks->get_socket(net->h2o->conn));
    return misframed || request->flow.fault.kind == FAULT_LEFT || worker_of(net->h2o)->draining;
}

static void send_answer(struct request *request, const struct answer *answer)
{
    h2o_req_t *h2o = request->net->h2o;
    bool bodiless = answer->status == 204 || answer->status == 304;
    h2o_iovec_t body = h2o_iovec_init(answer->body.at, answer->body.len);
    h2o->res.status = answer->status;
    h2o->res.reason = reason_of(answer->status);
    h2o->res.content_length = bodiless ? SIZE_MAX : body.len;
    if (ends_connection(request)) h2o->http1_is_persistent = 0;
    put_headers(request, answer);
    h2o_start_response(h2o, &answer_generator);
    bool silent = bodiless || request->method == METHOD_HEAD || body.len == 0;
    h2o_send(h2o, &body, silent ? 0 : 1, H2O_SEND_STATE_FINAL);
}

void request_answer(struct request *request, const struct answer *answer)
{
    struct request_net *net = request->net;
    assert(net->status == 0 && answer->status >= 200 && answer->status <= 599);
    const char *wrong = find_wrong(request, answer);
    const struct answer instead = {
        .status = 500, .content_type = BYTES("application/json"), .body = refusal_of(500)->body};
    if (wrong != NULL) {
        answer = &instead;
        log_say(LOG_ERROR, "answer", "%s: %s", request->route->name, wrong);
    }
    net->status = answer->status;
    net->duration_us = clock_steady_us() - net->begin_us;
    tally_answer(request);
    request_settle(request);
    send_answer(request, answer);
}
