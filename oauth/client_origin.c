#include "oauth/client_origin.h"

#include <string.h>

static bool is_loopback_host(struct bytes host)
{
    return bytes_equal(host, BYTES("localhost")) || bytes_equal(host, BYTES("127.0.0.1")) ||
           bytes_equal(host, BYTES("[::1]"));
}

static bool host_well_formed(struct bytes host)
{
    if (host.len == 0) return false;
    for (size_t i = 0; i < host.len; i++) {
        char c = host.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && strchr(".-[]:", c) == NULL) return false;
    }
    return true;
}

bool origin_well_formed(struct bytes origin)
{
    bool https = bytes_start_with(origin, BYTES("https://"));
    if (!https && !bytes_start_with(origin, BYTES("http://"))) return false;
    size_t skip = https ? 8 : 7;
    struct bytes host = {origin.at + skip, origin.len - skip};
    size_t after_bracket = host.len > 0 && host.at[0] == '[' ? bytes_find(host, ']') : 0;
    size_t colon = after_bracket + bytes_find((struct bytes){host.at + after_bracket, host.len - after_bracket}, ':');
    uint64_t port;
    if (colon < host.len && !bytes_to_number((struct bytes){host.at + colon + 1, host.len - colon - 1}, 65535, &port))
        return false;
    host.len = colon;
    return host_well_formed(host) && (https || is_loopback_host(host));
}

bool client_allows_origin(const struct client *client, struct bytes origin)
{
    return bytes_list_have(&client->allowed_cors_origins, origin);
}
