#include "oauth/own_cookie.h"

static bool is_same_site(struct bytes fetch_site)
{
    return !bytes_present(fetch_site) || bytes_equal(fetch_site, BYTES("same-origin")) || bytes_equal(fetch_site, BYTES("same-site"));
}

/* how many cookies of that name came; *value: the last one's */
static size_t find_cookies(const struct request *request, struct bytes name, struct bytes *value)
{
    struct bytes rest = request_header(request, "cookie"), pair;
    size_t count = 0;
    while (bytes_take_word(&rest, ';', &pair)) {
        pair = bytes_trim(pair);
        size_t equals = bytes_find(pair, '=');
        if (equals == pair.len || !bytes_equal((struct bytes){pair.at, equals}, name)) continue;
        *value = (struct bytes){pair.at + equals + 1, pair.len - equals - 1};
        count++;
    }
    return count;
}

enum own_cookie_outcome own_cookie_find(const struct request *request, const struct client *client, struct bytes *value)
{
    struct bytes origin = request_header(request, "origin");
    if (!bytes_present(origin) || request_header_count(request, "origin") > 1 || !client_allows_origin(client, origin)) return OWN_COOKIE_ORIGIN;
    if (!is_same_site(request_header(request, "sec-fetch-site"))) return OWN_COOKIE_CROSS_SITE;
    size_t count = find_cookies(request, context_of(request)->policy->cookie_name, value);
    if (count == 0) return OWN_COOKIE_NONE;
    return count == 1 && request_header_count(request, "cookie") == 1 ? OWN_COOKIE_FOUND : OWN_COOKIE_TWO;
}
