#include "net/refusal.h"

#include "base/encoding.h"
#include "base/log.h"
#include "net/router.h"
#include "net/server_h2o.h"

#define REFUSAL_BODY(error, words) BYTES("{\"error\":\"" error "\",\"error_description\":\"" words "\"}")

static const struct refusal refusals[] = {
    {500, "Internal Server Error", REFUSAL_BODY("server_error", "The server met an error of its own."), "bug"},
    {400, "Bad Request", REFUSAL_BODY("invalid_request", "The request is not well-formed HTTP."), "malformed"},
    {404, "Not Found", REFUSAL_BODY("invalid_request", "There is nothing at this path."), "unknown_path"},
    {405, "Method Not Allowed", REFUSAL_BODY("invalid_request", "This path does not have that method."),
     "unknown_method"},
    {408, "Request Timeout", REFUSAL_BODY("invalid_request", "The request did not arrive in time."), "slow"},
    {411, "Length Required",
     REFUSAL_BODY("invalid_request", "The request needs a Content-Length instead of a transfer coding."),
     "length_missing"},
    {413, "Content Too Large", REFUSAL_BODY("invalid_request", "The request's body is too large."), "body_too_large"},
    {414, "URI Too Long", REFUSAL_BODY("invalid_request", "The request's target is too long."), "target_too_long"},
    {417, "Expectation Failed", REFUSAL_BODY("invalid_request", "The expectation is not understood."), "expectation"},
    {431, "Request Header Fields Too Large", REFUSAL_BODY("invalid_request", "The request's header is too large."),
     "head_too_large"},
};

const struct refusal *refusal_of(int status)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (refusals[i].status == status) return &refusals[i];
    return &refusals[0];
}

void request_id_make(char id[REQUEST_ID_LEN + 1])
{
    unsigned char uuid[16];
    uuid_make(uuid);
    uuid_write(uuid, id);
}

void refusal_log(const struct refusal *refusal, struct bytes id, struct bytes method)
{
    struct log_line line;
    log_begin(&line, LOG_INFO, "request");
    log_text(&line, "id", id);
    log_text(&line, "endpoint", BYTES("-"));
    log_text(&line, "method", method);
    log_number(&line, "status", refusal->status);
    log_text(&line, "outcome", bytes_of(refusal->outcome));
    log_end(&line);
}

/* ---- libh2o's own refusals ---- */

struct refusal_ostream {
    h2o_ostream_t super;
    const struct refusal *refusal;
};

static void send_refusal(h2o_ostream_t *self, h2o_req_t *h2o, h2o_iovec_t *parts, size_t part_count,
                         h2o_send_state_t state)
{
    (void)parts;
    struct bytes body = ((struct refusal_ostream *)self)->refusal->body;
    h2o_iovec_t part = h2o_iovec_init(body.at, body.len);
    h2o_ostream_send_next(self, h2o, &part, part_count == 0 ? 0 : 1, state);
}

static void refusal_add_headers(h2o_req_t *h2o)
{
    h2o_headers_t *headers = &h2o->res.headers;
    char *id = h2o_mem_alloc_pool(&h2o->pool, REQUEST_ID_LEN + 1);
    request_id_make(id);
    headers->size = 0;
    h2o_add_header_by_str(&h2o->pool, headers, H2O_STRLIT("x-request-id"), 0, NULL, id, REQUEST_ID_LEN);
    h2o_add_header_by_str(&h2o->pool, headers, H2O_STRLIT("content-type"), 0, NULL, H2O_STRLIT("application/json"));
    refusal_log(refusal_of(h2o->res.status), (struct bytes){id, REQUEST_ID_LEN},
                (struct bytes){h2o->input.method.base, h2o->input.method.len});
}

void refusal_on_h2o(h2o_filter_t *self, h2o_req_t *h2o, h2o_ostream_t **slot)
{
    (void)self;
    if (h2o->_generator != &answer_generator) {
        const struct refusal *refusal = refusal_of(h2o->res.status);
        h2o->res.reason = refusal->reason;
        h2o->res.content_length = refusal->body.len;
        refusal_add_headers(h2o);
        tally_refusal(connection_of(h2o), router_method((struct bytes){h2o->input.method.base, h2o->input.method.len}),
                      h2o->res.status);
        connection_will_linger(h2o->conn->callbacks->get_socket(h2o->conn));
        struct refusal_ostream *ostream = (void *)h2o_add_ostream(h2o, sizeof *ostream, slot);
        ostream->super.do_send = send_refusal;
        ostream->refusal = refusal;
        slot = &ostream->super.next;
    }
    h2o_setup_next_ostream(h2o, slot);
}
