/* forward_auth_login: where the browser behind the proxy is sent when its session doesn't do, and how it comes back.
 *
 * Rule: what the proxy says of the original request (X-Original-Method, X-Original-URL; X-Forwarded-Method, -Proto,
 * -Host, -Uri; or, as Envoy does it, the method, Host and path of its own request) is used for nothing but this. The
 * client may have sent such a header itself where its proxy doesn't set it: it leads to one of the profile's origins or
 * is dropped, and only he who sent it is led there. */
#ifndef COMPANION_FORWARD_AUTH_LOGIN_H
#define COMPANION_FORWARD_AUTH_LOGIN_H

#include "companion/forward_auth_profile.h"
#include "net/server.h"

enum {
    RETURN_URL_MAX = 2048
}; /* bytes; what is longer isn't returned to: three times as long, it would stand in a header */

/* The page to send the browser to, with return_to where the original address is at one of the profile's origins; in the
 * request's arena. Absent: it is no browser that asks for a page (GET or HEAD, Accept names text/html), or page is
 * absent or no http URL. */
struct bytes forward_login_page(struct request *request, const struct forward_profile *profile, struct bytes page);
/* Can the proxy pass a redirect on? One that says X-Original-URL can't, as nginx' auth_request: there the page goes
 * into the Location of a 401 or 403. */
bool forward_login_may_redirect(const struct request *request);

#endif
