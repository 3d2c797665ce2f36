#include "server/admin_call.h"

#include <stdlib.h>

#include "base/text.h"
#include "server/one_call.h"

static const char ENDPOINT[] = "http://127.0.0.1:4478";

static void put_header(struct call *call, struct bytes name, struct bytes value)
{
    call->headers[call->header_count++] = (struct call_header){name, value};
}

static void fill_call(struct call *out, const struct admin_call *call, struct arena *arena)
{
    const char *token = getenv("HYDRANT_ADMIN_TOKEN");
    struct text bearer;
    *out = (struct call){.method = call->method, .path = call->path, .body = call->body};
    put_header(out, BYTES("accept"), BYTES("application/json"));
    if (bytes_present(call->body)) put_header(out, BYTES("content-type"), BYTES("application/json"));
    if (token == NULL || *token == 0) return;
    text_init(&bearer, arena, 64);
    text_put(&bearer, BYTES("Bearer "));
    text_put(&bearer, bytes_of(token));
    put_header(out, BYTES("authorization"), text_bytes(&bearer));
}

static const char *endpoint_of(const struct admin_call *call)
{
    const char *from_environment = getenv("HYDRANT_ADMIN_ENDPOINT");
    if (call->endpoint != NULL) return call->endpoint;
    return from_environment != NULL && *from_environment != 0 ? from_environment : ENDPOINT;
}

bool admin_call(const struct admin_call *call, struct arena *arena, struct admin_result *result, struct fault *fault)
{
    struct one_call one = {.base_url = bytes_of(endpoint_of(call)), .timeout_ms = ADMIN_CALL_MAX_MS};
    struct call_answer answer = {.status = 0};
    struct fault why;
    fill_call(&one.call, call, arena);
    if (one_call(&one, arena, &answer, &why)) {
        *result = (struct admin_result){answer.status, answer.body, answer.link};
        return true;
    }
    if (why.kind == FAULT_INPUT) return *fault = why, false;
    return fault_set(fault, FAULT_AWAY, "admin API", "%s did not answer (%s): is the server running, and is --endpoint right?", endpoint_of(call), why.what);
}
