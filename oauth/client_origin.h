/* client_origin: the origins that a client's pages have (RFC 6454 4): exact ones alone. */
#ifndef OAUTH_CLIENT_ORIGIN_H
#define OAUTH_CLIENT_ORIGIN_H

#include "oauth/client.h"

/* exact origins: https, or http on loopback; scheme://host[:port], lower case, no path (exchange.md) */
bool origin_well_formed(struct bytes origin);
bool client_allows_origin(const struct client *client, struct bytes origin);

#endif
