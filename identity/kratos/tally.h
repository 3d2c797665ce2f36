/* tally: what is counted of the calls to Kratos (base/metrics.h). */
#ifndef IDENTITY_KRATOS_TALLY_H
#define IDENTITY_KRATOS_TALLY_H

#include "base/metrics.h"
#include "net/client.h"

/* one of answer and fault is NULL; sent_us: clock_steady_us() when it went out */
void kratos_tally(enum metric_kratos_call call, int64_t sent_us, const struct call_answer *answer,
                  const struct fault *fault);

#endif
