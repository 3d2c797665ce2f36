/* own_cookie: Kratos' session cookie that a browser put onto this request by itself, and the rules against requests that another site made it send (docs/exchange.md, "The cookie of this request").
 * Rule: only with a cookie that was found here may Kratos be asked in the browser's name, and only to such a request may the cookie that Kratos renews be passed on. */
#ifndef OAUTH_OWN_COOKIE_H
#define OAUTH_OWN_COOKIE_H

#include "oauth/client.h"
#include "oauth/context.h"

enum own_cookie_outcome {
    OWN_COOKIE_FOUND,
    OWN_COOKIE_ORIGIN,     /* no Origin, two, or one that this client does not have */
    OWN_COOKIE_CROSS_SITE, /* Sec-Fetch-Site says so */
    OWN_COOKIE_NONE,
    OWN_COOKIE_TWO,        /* RFC 6265 8.6: a sibling domain may have set one of them */
};
/* *value: with OWN_COOKIE_FOUND, as it came: its alphabet is still to be looked at (credential_well_formed) */
enum own_cookie_outcome own_cookie_find(const struct request *request, const struct client *client, struct bytes *value);

#endif
