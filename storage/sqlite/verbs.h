/* verbs: what each verb of storage/storage.h does in SQL; run by the writer, each inside a transaction.
 * Each reads call->in and fills call->result, with bytes in call->arena; false with *fault: nothing it wrote may stay.
 */
#ifndef STORAGE_SQLITE_VERBS_H
#define STORAGE_SQLITE_VERBS_H

#include "storage/call.h"
#include "storage/sqlite/database.h"

bool verb_run(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;

/* clients.c */
bool clients_find(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;
bool clients_list(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;
bool clients_add(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;
bool clients_delete(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;
bool clients_find_origin(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;
/* grants.c */
bool grants_store(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;
bool grants_rotate(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;
bool grants_find(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;
/* revocations.c */
bool revocations_make(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;
bool revocations_end_client(struct database *db, struct bytes client_id, int64_t now, struct fault *fault) MUST_USE;
/* listing.c */
bool listing_grants(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;
bool listing_endings(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;
/* keys.c */
bool keys_list(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;
bool keys_change(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;
/* sweep.c */
bool sweep_run(struct database *db, struct storage_call *call, struct fault *fault) MUST_USE;

#endif
