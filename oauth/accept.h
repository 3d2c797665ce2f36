/* accept: does an Accept header name a media type outright (RFC 9110 12.5.1)? Wildcards, which programs send by
 * default, name none. */
#ifndef OAUTH_ACCEPT_H
#define OAUTH_ACCEPT_H

#include "base/bytes.h"

/* accept: the header's value, absent when there is none. type: "text/html". In any case, with any parameters; with q=0
 * it is named not to be sent. */
bool accept_names(struct bytes accept, struct bytes type);

#endif
