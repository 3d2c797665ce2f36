#include "oauth/session_cookie.h"

enum session_cookie session_cookie_find(const struct request *request, struct bytes name, struct bytes *value)
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
    if (count == 0) return SESSION_COOKIE_NONE;
    return count == 1 && request_header_count(request, "cookie") == 1 ? SESSION_COOKIE_ONE : SESSION_COOKIE_SEVERAL;
}
