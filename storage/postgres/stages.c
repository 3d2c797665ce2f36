#include "storage/postgres/stages.h"

#include <assert.h>

const struct stage *stage_of(const struct storage_call *call)
{
    switch (call->verb) {
    case VERB_FIND_CLIENT: return &stage_find_client;
    case VERB_LIST_CLIENTS: return &stage_list_clients;
    case VERB_ADD_CLIENT: return &stage_add_client;
    case VERB_DELETE_CLIENT: return &stage_delete_client;
    case VERB_FIND_ORIGIN: return &stage_find_origin;
    case VERB_STORE_GRANT: return &stage_store_grant;
    case VERB_ROTATE: return stage_of_rotation(&call->in.rotation);
    case VERB_FIND_GRANT: return &stage_find_grant;
    case VERB_REVOKE: return stage_of_revocation(call->in.revocation.by);
    case VERB_LIST_GRANTS: return &stage_list_grants;
    case VERB_LIST_ENDINGS: return &stage_list_endings;
    case VERB_LIST_KEYS: return &stage_list_keys;
    case VERB_CHANGE_KEYS: return &stage_change_keys;
    case VERB_PULSE: return &stage_pulse;
    case VERB_SWEEP: return &stage_sweep;
    }
    assert(!"no such verb");
    return NULL;
}
