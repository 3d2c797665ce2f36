/* session_cookie: Kratos' session cookie among those that a request brought (RFC 6265 5.4).
 * Rule: only exactly one may be gone by: a sibling domain may have set a second one of that name (RFC 6265 8.6). */
#ifndef OAUTH_SESSION_COOKIE_H
#define OAUTH_SESSION_COOKIE_H

#include "net/server.h"

enum session_cookie { SESSION_COOKIE_NONE, SESSION_COOKIE_ONE, SESSION_COOKIE_SEVERAL };
/* SESSION_COOKIE_ONE fills *value, which is as it came: neither decoded nor checked, and lives as long as the request.
 * Two Cookie headers with such a cookie in the first are SEVERAL: nobody looks for more of them in the second (RFC
 * 6265 5.4: there is one). */
enum session_cookie session_cookie_find(const struct request *request, struct bytes name, struct bytes *value);

#endif
