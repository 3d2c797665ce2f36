#include "grants/grants.h"

const struct grant_type *const GRANT_TYPES[] = {&REFRESH_TOKEN_GRANT, &TOKEN_EXCHANGE_GRANT, NULL};
