/* tally: what storage.c counts of the verbs that it asks (base/metrics.h). */
#ifndef STORAGE_TALLY_H
#define STORAGE_TALLY_H

#include "storage/call.h"

/* it has ended, well or not */
void tally_wait(const struct storage_call *call);
/* its waiter is told of a fault */
void tally_failure(const struct storage_call *call, enum fault_kind kind);
/* it was done: what came of it, where that is counted */
void tally_result(const struct storage_call *call);

#endif
