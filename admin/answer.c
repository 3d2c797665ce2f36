#include "admin/answer.h"

void admin_json(struct request *request, int status, struct bytes body)
{
    struct answer answer = {.status = status, .content_type = BYTES("application/json"), .body = body};
    answer_header(&answer, BYTES("cache-control"), BYTES("no-store"));
    if (status == 401) answer_header(&answer, BYTES("www-authenticate"), BYTES("Bearer"));
    if (status == 503) answer_header(&answer, BYTES("retry-after"), BYTES("1"));
    request_answer(request, &answer);
}

void admin_error(struct request *request, int status, struct bytes error, struct bytes words)
{
    struct text t;
    text_init(&t, &request->arena, 256);
    text_put(&t, BYTES("{\"error\":"));
    text_put_json(&t, error);
    text_put(&t, BYTES(",\"error_description\":"));
    text_put_json(&t, words);
    text_put_char(&t, '}');
    request->log.outcome = error;
    admin_json(request, status, text_bytes(&t));
}

void admin_fault(struct request *request)
{
    request->log.reason = arena_copy(&request->arena, bytes_of(request->flow.fault.what));
    switch (request->flow.fault.kind) {
    case FAULT_AWAY:
    case FAULT_LATE:
    case FAULT_FULL:
        admin_error(request, 503, BYTES("temporarily_unavailable"), BYTES("The database can't be reached now: try again soon."));
        return;
    case FAULT_LEFT: request_answer(request, &(struct answer){.status = 499}); return; /* for the log: nobody reads it */
    case FAULT_NONE:
    case FAULT_REFUSED:
    case FAULT_INPUT:
    case FAULT_BUG: admin_error(request, 500, BYTES("server_error"), BYTES("The server met a condition that it did not expect.")); return;
    }
}
