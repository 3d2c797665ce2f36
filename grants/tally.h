/* tally: how each request for a token ended, for the metrics (base/metrics.h). */
#ifndef GRANTS_TALLY_H
#define GRANTS_TALLY_H

#include "base/metrics.h"
#include "grants/grants.h"

/* outcome: what the storage said last; ended: a look found that the session or its person is over */
void tally_refresh(const struct flow *flow, enum rotate_outcome outcome, bool ended);
void tally_exchange(const struct flow *flow, enum metric_subject subject);

#endif
