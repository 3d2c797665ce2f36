/* ending: grants that are ended by order: from an operator (admin/) or from Kratos (companion/). */
#ifndef OAUTH_ENDING_H
#define OAUTH_ENDING_H

#include "net/server.h"
#include "storage/storage.h"

/* revoked_because: who said so */
#define BECAUSE_ADMIN "revoked_by_admin"
#define BECAUSE_KRATOS_HOOK "revoked_by_kratos"

/* all of a session, a subject (its identity_id) or a client */
struct revocation ending_of(enum revoke_by by, struct bytes name, struct bytes because);
/* a line of its own: what was ended, by whom, how many grants; and the outcome for the request's line */
void ending_log(struct request *request, const struct revocation *revocation, uint64_t count);
/* {"revoked":n} */
struct bytes ending_answer(struct request *request, uint64_t count);

#endif
