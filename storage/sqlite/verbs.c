#include "storage/sqlite/verbs.h"

#include "base/clock.h"

static bool pulse(struct database *db, struct storage_call *call, struct fault *fault)
{
    call->result.pulse.now = clock_now_ms();
    return database_run(db, STATEMENT_PULSE, fault);
}

static bool run(struct database *db, struct storage_call *call, struct fault *fault)
{
    switch (call->verb) {
    case VERB_FIND_CLIENT: return clients_find(db, call, fault);
    case VERB_LIST_CLIENTS: return clients_list(db, call, fault);
    case VERB_ADD_CLIENT: return clients_add(db, call, fault);
    case VERB_DELETE_CLIENT: return clients_delete(db, call, fault);
    case VERB_FIND_ORIGIN: return clients_find_origin(db, call, fault);
    case VERB_STORE_GRANT: return grants_store(db, call, fault);
    case VERB_ROTATE: return grants_rotate(db, call, fault);
    case VERB_FIND_GRANT: return grants_find(db, call, fault);
    case VERB_REVOKE: return revocations_make(db, call, fault);
    case VERB_LIST_GRANTS: return listing_grants(db, call, fault);
    case VERB_LIST_ENDINGS: return listing_endings(db, call, fault);
    case VERB_LIST_KEYS: return keys_list(db, call, fault);
    case VERB_CHANGE_KEYS: return keys_change(db, call, fault);
    case VERB_PULSE: return pulse(db, call, fault);
    case VERB_SWEEP: return sweep_run(db, call, fault);
    }
    return fault_set(fault, FAULT_BUG, db->where, "no such verb: %d", (int)call->verb);
}

bool verb_run(struct database *db, struct storage_call *call, struct fault *fault)
{
    db->where = storage_verb_name(call->verb);
    if (!run(db, call, fault)) return false;
    if (!call->arena.overflowed) return true;
    return fault_set(fault, FAULT_FULL, db->where, "what it answers is over the cap");
}
