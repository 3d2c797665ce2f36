/* stages: where each verb's job begins; the stages themselves stand in the verbs' files. */
#ifndef STORAGE_POSTGRES_STAGES_H
#define STORAGE_POSTGRES_STAGES_H

#include "storage/postgres/job.h"

const struct stage *stage_of(const struct storage_call *call);

/* rotate.c */
const struct stage *stage_of_rotation(const struct rotation *rotation);
/* find_grant.c; and how it asks, for whoever has a grant to read first */
extern const struct stage stage_find_grant;
bool find_send(struct batch *batch, struct job *job) MUST_USE;
bool find_send_many(struct batch *batch, struct job **jobs, size_t count) MUST_USE;
/* store_grant.c */
extern const struct stage stage_store_grant;
/* revoke.c */
const struct stage *stage_of_revocation(enum revoke_by by);
extern const struct stage stage_delete_client;
/* listing.c */
extern const struct stage stage_list_grants, stage_list_endings;
/* clients.c */
extern const struct stage stage_find_client, stage_list_clients, stage_add_client, stage_find_origin;
/* keys.c */
extern const struct stage stage_list_keys, stage_change_keys;
/* house.c */
extern const struct stage stage_pulse, stage_sweep;

#endif
