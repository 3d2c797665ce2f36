/* grants: the list of grant types. Adding one: its file here, its line in grants.c, its tests. */
#ifndef GRANTS_GRANTS_H
#define GRANTS_GRANTS_H

#include "oauth/token.h"

extern const struct grant_type REFRESH_TOKEN_GRANT;  /* RFC 6749 6, docs/refresh.md */
extern const struct grant_type TOKEN_EXCHANGE_GRANT; /* RFC 8693, docs/exchange.md */

extern const struct grant_type *const GRANT_TYPES[]; /* ends with NULL */

#endif
