#include "admin/gate.h"

#include <arpa/inet.h>
#include <string.h>

#include "admin/answer.h"

static const struct bytes BEARER = {"Bearer ", 7};

static bool is_ip_address(struct bytes host)
{
    char text[64];
    unsigned char address[16];
    if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']') host = (struct bytes){host.at + 1, host.len - 2};
    if (host.len == 0 || host.len >= sizeof text) return false;
    memcpy(text, host.at, host.len);
    text[host.len] = 0;
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static struct bytes without_port(struct bytes host)
{
    size_t end = host.len > 0 && host.at[0] == '[' ? bytes_find(host, ']') : 0;
    size_t colon = end + bytes_find((struct bytes){host.at + end, host.len - end}, ':');
    return (struct bytes){host.at, colon < host.len ? colon : host.len};
}

/* A page that made a name point here (DNS rebinding) sends that name as Host. */
static bool host_may_ask(struct bytes host, const struct admin_rules *rules)
{
    struct bytes name = without_port(host);
    return is_ip_address(name) || bytes_equal_nocase(name, BYTES("localhost")) || bytes_equal_nocase(name, rules->host);
}

/* hooks take keys of their own */
static bool needs_token(const struct request *request)
{
    if (bytes_start_with(request->path, BYTES("/hooks/"))) return false;
    return !bytes_start_with(request->path, BYTES("/health/")) && !bytes_equal(request->path, BYTES("/version"));
}

static bool has_token(const struct request *request, const struct admin_rules *rules)
{
    struct bytes header = request_header(request, "authorization");
    if (!secret_present(&rules->token)) return true;
    if (header.len <= BEARER.len || !bytes_equal_nocase((struct bytes){header.at, BEARER.len}, BEARER)) return false;
    return secret_equals(&rules->token, (struct bytes){header.at + BEARER.len, header.len - BEARER.len});
}

bool admin_gate(struct request *request, void *gate_data)
{
    const struct admin_rules *rules = gate_data;
    if (bytes_present(request_header(request, "origin"))) {
        admin_error(request, 403, BYTES("access_denied"), BYTES("The admin API takes no requests from browsers (an Origin header came)."));
        return false;
    }
    if (!host_may_ask(request_header(request, "host"), rules)) {
        admin_error(request, 403, BYTES("access_denied"), BYTES("The Host must be serve.admin.host, localhost, or an IP address."));
        return false;
    }
    if (!needs_token(request) || has_token(request, rules)) return true;
    admin_error(request, 401, BYTES("access_denied"), BYTES("The admin API needs serve.admin.token: Authorization: Bearer <token>."));
    return false;
}
