#include "oauth/own_cookie.h"

#include "oauth/client_origin.h"
#include "oauth/session_cookie.h"

static bool is_same_site(struct bytes fetch_site)
{
    return !bytes_present(fetch_site) || bytes_equal(fetch_site, BYTES("same-origin")) || bytes_equal(fetch_site, BYTES("same-site"));
}

enum own_cookie_outcome own_cookie_find(const struct request *request, const struct client *client, struct bytes *value)
{
    struct bytes origin = request_header(request, "origin");
    if (!bytes_present(origin) || request_header_count(request, "origin") > 1 || !client_allows_origin(client, origin)) return OWN_COOKIE_ORIGIN;
    if (!is_same_site(request_header(request, "sec-fetch-site"))) return OWN_COOKIE_CROSS_SITE;
    switch (session_cookie_find(request, context_of(request)->policy->cookie_name, value)) {
    case SESSION_COOKIE_NONE: return OWN_COOKIE_NONE;
    case SESSION_COOKIE_ONE: return OWN_COOKIE_FOUND;
    case SESSION_COOKIE_SEVERAL: return OWN_COOKIE_TWO;
    }
    return OWN_COOKIE_NONE;
}
