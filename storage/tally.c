#include "storage/tally.h"

#include "base/clock.h"
#include "base/metrics.h"

static enum metric_storage_verb verb_word(enum storage_verb verb)
{
    switch (verb) {
    case VERB_FIND_CLIENT: return STORAGE_FIND_CLIENT;
    case VERB_LIST_CLIENTS: return STORAGE_LIST_CLIENTS;
    case VERB_ADD_CLIENT: return STORAGE_ADD_CLIENT;
    case VERB_DELETE_CLIENT: return STORAGE_DELETE_CLIENT;
    case VERB_FIND_ORIGIN: return STORAGE_FIND_ORIGIN;
    case VERB_STORE_GRANT: return STORAGE_STORE_GRANT;
    case VERB_ROTATE: return STORAGE_ROTATE;
    case VERB_FIND_GRANT: return STORAGE_FIND_GRANT;
    case VERB_REVOKE: return STORAGE_REVOKE;
    case VERB_LIST_GRANTS: return STORAGE_LIST_GRANTS;
    case VERB_LIST_ENDINGS: return STORAGE_LIST_ENDINGS;
    case VERB_LIST_KEYS: return STORAGE_LIST_KEYS;
    case VERB_CHANGE_KEYS: return STORAGE_CHANGE_KEYS;
    case VERB_PULSE: return STORAGE_PULSE;
    case VERB_SWEEP: return STORAGE_SWEEP;
    }
    return STORAGE_PULSE;
}

void tally_wait(const struct storage_call *call)
{
    metric_observe(METRIC_STORAGE_WAIT, clock_steady_us() - call->asked_us, verb_word(call->verb));
}

static enum metric_failure failure_word(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_AWAY: return FAILURE_AWAY;
    case FAULT_LATE: return FAILURE_LATE;
    case FAULT_FULL: return FAILURE_FULL;
    case FAULT_NONE:
    case FAULT_REFUSED:
    case FAULT_LEFT:
    case FAULT_INPUT:
    case FAULT_BUG: break;
    }
    return FAILURE_BUG;
}

void tally_failure(const struct storage_call *call, enum fault_kind kind)
{
    metric_count(METRIC_STORAGE_FAILURES, verb_word(call->verb), failure_word(kind));
}

static enum metric_revoked_by by_word(enum revoke_by by)
{
    switch (by) {
    case REVOKE_GRANT: return REVOKED_BY_GRANT;
    case REVOKE_SESSION: return REVOKED_BY_SESSION;
    case REVOKE_SUBJECT: return REVOKED_BY_SUBJECT;
    case REVOKE_CLIENT: return REVOKED_BY_CLIENT;
    }
    return REVOKED_BY_GRANT;
}

static enum metric_revoked_because because_word(struct bytes because)
{
#define BECAUSE_ROW(name, word) {name, BYTES(word)},
    static const struct {
        enum metric_revoked_because name;
        struct bytes word;
    } rows[] = {REVOKED_BECAUSE_WORDS(BECAUSE_ROW)};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (bytes_equal(rows[i].word, because)) return rows[i].name;
    return REVOKED_BECAUSE_OTHER;
}

void tally_result(const struct storage_call *call)
{
    const struct revocation *revocation = &call->in.revocation;
    if (call->verb != VERB_REVOKE) return;
    metric_add(METRIC_REVOCATIONS, (int64_t)call->result.revoked.count, by_word(revocation->by),
               because_word(revocation->because));
}
