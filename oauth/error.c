#include "oauth/error.h"

#include <assert.h>

#define ROW(name, wire_name, http_status, sentence, defined_in)                                                                            \
    [OAUTH_##name] = {.wire = {wire_name, sizeof wire_name - 1}, .words = {sentence, sizeof sentence - 1}, .status = http_status, .rfc = defined_in},
static const struct oauth_error_row ROWS[OAUTH_ERROR_COUNT] = {OAUTH_ERRORS(ROW)};

enum {
    RETRY_AFTER_S = 1, /* for our own trouble: short, since a client's user is waiting */
    STATUS_LEFT = 499, /* for the log: the client left, and nobody reads the answer */
};

const struct oauth_error_row *oauth_error_row(enum oauth_error error)
{
    assert(error < OAUTH_ERROR_COUNT);
    return &ROWS[error];
}

enum step_result refuse(struct flow *flow, enum oauth_error error, const char *reason)
{
    struct oauth_request *r = oauth_request_of(flow);
    r->refusal.refused = true;
    r->refusal.error = error;
    r->request.log.reason = bytes_of(reason);
    fault_set(&flow->fault, FAULT_REFUSED, flow->at->name, "%s", reason);
    return STEP_END;
}

enum oauth_error oauth_error_of_fault(const struct oauth_request *request)
{
    switch (request->request.flow.fault.kind) {
    case FAULT_REFUSED: return request->refusal.error;
    case FAULT_AWAY:
    case FAULT_LATE:
    case FAULT_FULL:
    case FAULT_LEFT: return OAUTH_UNAVAILABLE;
    case FAULT_NONE:
    case FAULT_INPUT:
    case FAULT_BUG: return OAUTH_SERVER_ERROR;
    }
    return OAUTH_SERVER_ERROR;
}

void answer_no_store(struct answer *answer)
{
    answer_header(answer, BYTES("cache-control"), BYTES("no-store"));
    answer_header(answer, BYTES("pragma"), BYTES("no-cache"));
}

static struct bytes write_body(struct oauth_request *r, const struct oauth_error_row *row)
{
    struct text t;
    text_init(&t, &r->request.arena, 256);
    text_put(&t, BYTES("{\"error\":"));
    text_put_json(&t, row->wire);
    text_put(&t, BYTES(",\"error_description\":"));
    text_put_json(&t, row->words);
    if (bytes_present(r->refusal.redirect_to)) {
        text_put(&t, BYTES(",\"redirect_browser_to\":"));
        text_put_json(&t, r->refusal.redirect_to);
    }
    text_put_char(&t, '}');
    return text_bytes(&t);
}

static struct bytes write_number(struct arena *arena, int number)
{
    struct text t;
    text_init(&t, arena, 16);
    text_put_number(&t, number);
    return text_bytes(&t);
}

void oauth_error_answer(struct oauth_request *r, struct answer *answer)
{
    enum oauth_error error = oauth_error_of_fault(r);
    const struct oauth_error_row *row = oauth_error_row(error);
    if (r->request.flow.fault.kind != FAULT_LEFT) r->request.log.outcome = row->wire; /* who left is no trouble of ours */
    if (!r->refusal.refused) r->request.log.reason = arena_copy(&r->request.arena, bytes_of(r->request.flow.fault.what));
    answer->status = r->request.flow.fault.kind == FAULT_LEFT ? STATUS_LEFT : row->status;
    answer->content_type = BYTES("application/json");
    answer->body = write_body(r, row);
    answer_no_store(answer);
    int retry_after_s = r->refusal.retry_after_s;
    if (retry_after_s == 0 && row->status == 503) retry_after_s = RETRY_AFTER_S;
    if (retry_after_s > 0) answer_header(answer, BYTES("retry-after"), write_number(&r->request.arena, retry_after_s));
    if (row->status == 401 && bytes_present(r->refusal.challenge)) /* RFC 6749 5.2 */
        answer_header(answer, BYTES("www-authenticate"), r->refusal.challenge);
}
