#include "server/settings_url.h"

#include <string.h>

static const char UNRESERVED[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

static struct bytes behind(struct bytes b, size_t len) { return (struct bytes){b.at + len, b.len - len}; }

static bool all_of(struct bytes text, const char *characters)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == 0 || strchr(characters, text.at[i]) == NULL) return false;
    return true;
}

/* takes host[:port] off *rest */
static bool take_authority(struct bytes *rest, struct bytes *host)
{
    struct bytes authority = {rest->at, bytes_find(*rest, '/')};
    *rest = behind(*rest, authority.len);
    bool bracketed = bytes_start_with(authority, BYTES("["));
    size_t len = bytes_find(authority, bracketed ? ']' : ':') + bracketed;
    if (len > authority.len) return false;
    *host = (struct bytes){authority.at, len};
    struct bytes inside = bracketed ? (struct bytes){host->at + 1, len - 2} : *host;
    if (inside.len == 0 || !all_of(inside, bracketed ? "0123456789abcdefABCDEF:." : UNRESERVED)) return false;
    if (len == authority.len) return true;
    uint64_t port;
    return authority.at[len] == ':' && bytes_to_number(behind(authority, len + 1), UINT16_MAX, &port) && port > 0;
}

bool url_parse(struct bytes text, struct url *url)
{
    url->secure = bytes_start_with(text, BYTES("https://"));
    if (!url->secure && !bytes_start_with(text, BYTES("http://"))) return false;
    text = behind(text, url->secure ? 8 : 7);
    if (!take_authority(&text, &url->host)) return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= 0x20 || text.at[i] > 0x7e || strchr("?#\"\\<>", text.at[i]) != NULL) return false;
    url->path = text;
    return true;
}

bool url_path_is_plain(struct bytes path)
{
    while (path.len > 1) {
        path = behind(path, 1);
        struct bytes segment = {path.at, bytes_find(path, '/')};
        if (segment.len == 0 || !all_of(segment, UNRESERVED)) return false;
        if (bytes_equal(segment, BYTES(".")) || bytes_equal(segment, BYTES(".."))) return false;
        path = behind(path, segment.len);
    }
    return true;
}
