#include "companion/tally.h"

static enum metric_hook hook_word(int status)
{
    switch (status) {
    case 0: return HOOK_LEFT;
    case 200: return HOOK_MAPPED;
    case 204: return HOOK_UNCHANGED;
    case 401: return HOOK_NOT_HYDRA;
    case 403: return HOOK_REFUSED;
    }
    return HOOK_MALFORMED;
}

void tally_hook(int status) { metric_count(METRIC_HOOK_ANSWERS, hook_word(status)); }

static enum metric_forward_auth refusal_word(enum oauth_error error)
{
    if (error == OAUTH_LOGIN_REQUIRED) return FORWARD_AUTH_NO_SESSION;
    if (error == OAUTH_STEP_UP) return FORWARD_AUTH_STEP_UP;
    return FORWARD_AUTH_REFUSED;
}

static enum metric_forward_auth forward_auth_word(const struct oauth_request *request)
{
    switch (request->request.flow.fault.kind) {
    case FAULT_REFUSED: return refusal_word(request->refusal.error);
    case FAULT_AWAY:
    case FAULT_LATE:
    case FAULT_FULL: return FORWARD_AUTH_UNAVAILABLE;
    case FAULT_LEFT: return FORWARD_AUTH_LEFT;
    case FAULT_NONE:
    case FAULT_INPUT:
    case FAULT_BUG: break;
    }
    return FORWARD_AUTH_FAILED;
}

void tally_forward_auth_refused(const struct oauth_request *request)
{
    metric_count(METRIC_FORWARD_AUTH, forward_auth_word(request));
}
