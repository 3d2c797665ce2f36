#include "identity/kratos/tally.h"

#include "base/clock.h"

static enum metric_kratos_answer status_word(int status)
{
    switch (status) {
    case 200: return KRATOS_SAID_200;
    case 401: return KRATOS_SAID_401;
    case 403: return KRATOS_SAID_403;
    case 404: return KRATOS_SAID_404;
    default: break;
    }
    if (status >= 400 && status <= 499) return KRATOS_SAID_4XX;
    return status >= 500 ? KRATOS_SAID_5XX : KRATOS_SAID_OTHER;
}

static enum metric_kratos_answer fault_word(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_AWAY: return KRATOS_AWAY;
    case FAULT_LATE: return KRATOS_LATE;
    case FAULT_FULL: return KRATOS_FULL;
    case FAULT_NONE:
    case FAULT_REFUSED:
    case FAULT_LEFT:
    case FAULT_INPUT:
    case FAULT_BUG: break;
    }
    return KRATOS_BUG;
}

void kratos_tally(enum metric_kratos_call call, int64_t sent_us, const struct call_answer *answer,
                  const struct fault *fault)
{
    metric_count(METRIC_KRATOS_CALLS, call, answer == NULL ? fault_word(fault->kind) : status_word(answer->status));
    metric_observe(METRIC_KRATOS_CALL_DURATION, clock_steady_us() - sent_us, call);
}
