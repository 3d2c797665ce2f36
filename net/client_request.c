#include "net/client_request.h"

#include <assert.h>

/* RFC 9110 5.6.2: the characters of a token */
static bool is_token(struct bytes b)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < b.len; i++) {
        char c = b.at[i];
        bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alphanumeric && bytes_find((struct bytes){others, sizeof others - 1}, c) == sizeof others - 1)
            return false;
    }
    return b.len > 0;
}

/* RFC 9112 3.2.1: begins with / and has no space, no control character */
static bool is_target(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (b.at[i] <= ' ' || b.at[i] > '~') return false;
    return bytes_start_with(b, BYTES("/"));
}

/* RFC 9110 5.5: no control character but tab */
static bool is_field_value(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (((unsigned char)b.at[i] < ' ' && b.at[i] != '\t') || b.at[i] == '\x7f') return false;
    return true;
}

/* these delimit the message: they are this file's */
static bool is_framing(struct bytes name)
{
    return bytes_equal_nocase(name, BYTES("host")) || bytes_equal_nocase(name, BYTES("content-length")) ||
           bytes_equal_nocase(name, BYTES("transfer-encoding"));
}

const char *request_check(const struct call *call)
{
    assert(call->header_count <= CLIENT_HEADERS_MAX);
    if (!is_target(call->path)) return "the path is no request target";
    for (size_t i = 0; i < call->header_count; i++) {
        if (!is_token(call->headers[i].name)) return "a header's name is no token";
        if (is_framing(call->headers[i].name)) return "a header that delimits the request";
        if (!is_field_value(call->headers[i].value)) return "a header's value has a control character";
    }
    return NULL;
}

static void put_field(struct text *t, struct bytes name, struct bytes value)
{
    text_put(t, name);
    text_put(t, BYTES(": "));
    text_put(t, value);
    text_put(t, BYTES("\r\n"));
}

struct bytes request_write(struct arena *arena, const struct upstream *upstream, const struct call *call)
{
    struct text t;
    text_init(&t, arena, 1000);
    text_put_format(&t, "%s %.*s%.*s HTTP/1.1\r\n", call->method, BYTES_PRINT(upstream->path), BYTES_PRINT(call->path));
    put_field(&t, BYTES("Host"), upstream->authority); /* RFC 9112 3.2 */
    for (size_t i = 0; i < call->header_count; i++) put_field(&t, call->headers[i].name, call->headers[i].value);
    if (bytes_present(call->body)) text_put_format(&t, "Content-Length: %zu\r\n", call->body.len);
    text_put(&t, BYTES("\r\n"));
    return text_bytes(&t);
}
