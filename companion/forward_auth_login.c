#include "companion/forward_auth_login.h"

#include <string.h>

#include "oauth/accept.h"

/* absent unless it came exactly once: of two the proxy set only one */
static struct bytes single(const struct request *request, const char *name)
{
    return request_header_count(request, name) == 1 ? request_header(request, name) : BYTES_ABSENT;
}

static struct bytes or_else(struct bytes first, struct bytes otherwise)
{
    return bytes_present(first) ? first : otherwise;
}
static struct bytes behind(struct bytes b, size_t len) { return (struct bytes){b.at + len, b.len - len}; }

/* ---- is it a browser that asks for a page? ---- */

static bool asks_for_page(const struct request *request)
{
    struct bytes method = or_else(or_else(single(request, "x-original-method"), single(request, "x-forwarded-method")),
                                  request->method_name);
    if (!bytes_equal(method, BYTES("GET")) && !bytes_equal(method, BYTES("HEAD"))) return false;
    return accept_names(request_header(request, "accept"), BYTES("text/html"));
}

bool forward_login_may_redirect(const struct request *request)
{
    return request_header_count(request, "x-original-url") == 0;
}

/* ---- the original address ---- */

/* what stands behind /session/token/{profile}, as Envoy sends it: from its slash */
static struct bytes path_behind_prefix(const struct request *request)
{
    static const size_t prefix_len = sizeof "/session/token/" - 1;
    struct bytes rest = behind(request->path, prefix_len);
    size_t name_len = bytes_find(rest, '/');
    return name_len == rest.len ? BYTES_ABSENT : behind(rest, name_len);
}

static void put_address(struct text *t, const struct request *request, struct bytes host)
{
    bool unsaid = request_header_count(request, "x-forwarded-proto") == 0;
    text_put(t, unsaid ? (request->secure ? BYTES("https") : BYTES("http")) : single(request, "x-forwarded-proto"));
    text_put(t, BYTES("://"));
    text_put(t, host);
}

static struct bytes original_url(struct request *request)
{
    struct bytes whole = single(request, "x-original-url"), uri = single(request, "x-forwarded-uri"),
                 path = path_behind_prefix(request);
    struct text t;
    if (bytes_present(whole)) return whole;
    text_init(&t, &request->arena, 256);
    if (bytes_present(uri)) {
        put_address(&t, request, single(request, "x-forwarded-host"));
        text_put(&t, uri);
        return text_bytes(&t);
    }
    if (!bytes_present(path)) return BYTES_ABSENT;
    put_address(&t, request, request_header(request, "host"));
    text_put(&t, path);
    if (bytes_present(request->query)) text_put_char(&t, '?');
    text_put(&t, request->query);
    return text_bytes(&t);
}

/* ---- may the browser come back there? ---- */

/* no browser may read another address in it than we do */
static bool is_plain(struct bytes url)
{
    for (size_t i = 0; i < url.len; i++)
        if (url.at[i] <= ' ' || url.at[i] > '~' || url.at[i] == '\\' || url.at[i] == '#') return false;
    return true;
}

/* an origin has no slash behind it: what follows must end it, or it is the beginning of another host's name */
static bool is_at_origin(struct bytes url, struct bytes origin)
{
    if (url.len < origin.len || !bytes_equal_nocase((struct bytes){url.at, origin.len}, origin)) return false;
    return url.len == origin.len || url.at[origin.len] == '/' || url.at[origin.len] == '?';
}

static bool may_return(const struct forward_profile *profile, struct bytes url)
{
    if (!bytes_present(url) || url.len > RETURN_URL_MAX || !is_plain(url)) return false;
    for (size_t i = 0; i < profile->return_to.count; i++)
        if (is_at_origin(url, profile->return_to.at[i])) return true;
    return false;
}

/* RFC 3986 2.3: all but the unreserved characters as %XX */
static void put_encoded(struct text *t, struct bytes value)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < value.len; i++) {
        if (strchr(unreserved, value.at[i]) != NULL)
            text_put_char(t, value.at[i]);
        else
            text_put_format(t, "%%%02X", (unsigned char)value.at[i]);
    }
}

struct bytes forward_login_page(struct request *request, const struct forward_profile *profile, struct bytes page)
{
    struct text t;
    bool is_url = bytes_start_with(page, BYTES("https://")) || bytes_start_with(page, BYTES("http://"));
    if (!is_url || !is_plain(page) || !asks_for_page(request)) return BYTES_ABSENT;
    struct bytes url = original_url(request);
    if (!may_return(profile, url)) return page;
    text_init(&t, &request->arena, page.len + 3 * url.len + 16);
    text_put(&t, page);
    text_put(&t, bytes_find(page, '?') < page.len ? BYTES("&return_to=") : BYTES("?return_to="));
    put_encoded(&t, url);
    return text_bytes(&t);
}
