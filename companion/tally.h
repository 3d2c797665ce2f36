/* tally: what the companion answers, for /metrics/prometheus. */
#ifndef COMPANION_TALLY_H
#define COMPANION_TALLY_H

#include "base/metrics.h"
#include "oauth/error.h"

/* 0: Hydra left before it was answered */
void tally_hook(int status);
/* no token was handed out */
void tally_forward_auth_refused(const struct oauth_request *request);

#endif
