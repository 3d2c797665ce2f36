#include <string.h>

#include "standin/standin.h"

struct answer begin_answer(const struct request *request, int status, struct bytes body)
{
    struct answer answer = {.status = status, .body = body};
    if (request->method == METHOD_GET)
        answer_header(&answer, BYTES("cache-control"), BYTES("private, no-cache, no-store, must-revalidate"));
    answer_header(&answer, BYTES("vary"), BYTES("Cookie"));
    return answer;
}

void answer_json(struct request *request, int status, struct bytes body)
{
    struct answer answer = begin_answer(request, status, body);
    answer.content_type = BYTES("application/json; charset=utf-8");
    request_answer(request, &answer);
}

/* Kratos repeats the request's id behind the status */
static struct bytes with_request_id(struct request *request, struct bytes body)
{
    static const struct bytes before = BYTES("\",\"reason\":");
    struct bytes id = request_header(request, "x-request-id");
    struct text t;
    for (size_t i = 0; bytes_present(id) && i + before.len < body.len; i++) {
        if (memcmp(body.at + i, before.at, before.len) != 0) continue;
        text_init(&t, &request->arena, body.len + id.len + 32);
        text_put(&t, (struct bytes){body.at, i + 2});
        text_put(&t, BYTES("\"request\":"));
        text_put_json(&t, id);
        text_put(&t, (struct bytes){body.at + i + 1, body.len - i - 1});
        return text_bytes(&t);
    }
    return body;
}

static struct bytes error_id_of(struct bytes body)
{
    return bytes_contain(body, BYTES("\"session_aal2_required\"")) ? BYTES("session_aal2_required") : BYTES("");
}

void answer_canned(struct request *request, const struct canned *canned)
{
    struct answer answer = begin_answer(request, canned->status, with_request_id(request, canned->body));
    answer.content_type = BYTES("application/json");
    if (canned->status >= 400) answer_header(&answer, BYTES("ory-error-id"), error_id_of(canned->body));
    request_answer(request, &answer);
}

void answer_error(struct request *request, int status, struct bytes body)
{
    answer_canned(request, &(struct canned){status, body});
}

void answer_nothing(struct request *request)
{
    struct answer answer = begin_answer(request, 204, BYTES_ABSENT);
    request_answer(request, &answer);
}

void answer_session(struct request *request, const struct session_row *session, const struct template *template)
{
    answer_json(request, 200, template_fill(template, &request->arena, session, session->person));
}
