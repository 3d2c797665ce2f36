#include "grants/tally.h"

/* of an answer with a token */
static enum metric_refresh success_word(enum rotate_outcome outcome)
{
    switch (outcome) {
    case ROTATE_ROTATED: return REFRESH_ROTATED;
    case ROTATE_SAME_AGAIN: return REFRESH_SAME_AGAIN;
    case ROTATE_RETRIED: return REFRESH_RETRIED;
    case ROTATE_SKIPPED: return REFRESH_SKIPPED;
    case ROTATE_HELD: return REFRESH_HELD;
    case ROTATE_AHEAD: return REFRESH_AHEAD;
    case ROTATE_LOOK_DUE:
    case ROTATE_UNKNOWN:
    case ROTATE_REVOKED:
    case ROTATE_EXPIRED:
    case ROTATE_REUSED:
    case ROTATE_FAR_AHEAD: break;
    }
    return REFRESH_FAILED;
}

/* where the rules said no; else it was something in the request */
static enum metric_refresh refusal_word(enum rotate_outcome outcome)
{
    switch (outcome) {
    case ROTATE_UNKNOWN: return REFRESH_UNKNOWN;
    case ROTATE_REVOKED: return REFRESH_REVOKED;
    case ROTATE_EXPIRED: return REFRESH_EXPIRED;
    case ROTATE_REUSED: return REFRESH_REUSED;
    case ROTATE_FAR_AHEAD: return REFRESH_FAR_AHEAD;
    case ROTATE_ROTATED:
    case ROTATE_SAME_AGAIN:
    case ROTATE_RETRIED:
    case ROTATE_SKIPPED:
    case ROTATE_HELD:
    case ROTATE_AHEAD:
    case ROTATE_LOOK_DUE: break;
    }
    return REFRESH_REFUSED;
}

static enum metric_refresh refresh_word(const struct flow *flow, enum rotate_outcome outcome, bool ended)
{
    switch (flow->fault.kind) {
    case FAULT_NONE: return success_word(outcome);
    case FAULT_REFUSED: return ended ? REFRESH_SESSION_ENDED : refusal_word(outcome);
    case FAULT_AWAY:
    case FAULT_LATE:
    case FAULT_FULL: return REFRESH_UNAVAILABLE;
    case FAULT_LEFT: return REFRESH_LEFT;
    case FAULT_INPUT:
    case FAULT_BUG: break;
    }
    return REFRESH_FAILED;
}

void tally_refresh(const struct flow *flow, enum rotate_outcome outcome, bool ended)
{
    metric_count(METRIC_REFRESHES, refresh_word(flow, outcome, ended));
}

static enum metric_exchange exchange_refusal_word(const struct flow *flow)
{
    enum oauth_error error = ((const struct oauth_request *)flow)->refusal.error;
    if (error == OAUTH_SUBJECT_TOKEN) return EXCHANGE_NO_SESSION;
    if (error == OAUTH_STEP_UP) return EXCHANGE_STEP_UP;
    return error == OAUTH_ACCESS_DENIED ? EXCHANGE_ORIGIN : EXCHANGE_REFUSED;
}

static enum metric_exchange exchange_word(const struct flow *flow)
{
    switch (flow->fault.kind) {
    case FAULT_NONE: return EXCHANGE_ISSUED;
    case FAULT_REFUSED: return exchange_refusal_word(flow);
    case FAULT_AWAY:
    case FAULT_LATE:
    case FAULT_FULL: return EXCHANGE_UNAVAILABLE;
    case FAULT_LEFT: return EXCHANGE_LEFT;
    case FAULT_INPUT:
    case FAULT_BUG: break;
    }
    return EXCHANGE_FAILED;
}

void tally_exchange(const struct flow *flow, enum metric_subject subject)
{
    metric_count(METRIC_EXCHANGES, subject, exchange_word(flow));
}
