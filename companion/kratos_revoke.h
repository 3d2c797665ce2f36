/* kratos_revoke: POST /hooks/kratos/revoke: what Kratos' web hooks call when a session or everything of a person shall end
 * (docs/ending.md).
 *
 * Rule: its own key, whole: the value of the header Authorization, as kratos.hook_api_key has it. 200 {"revoked":n}, also
 * when nothing was live any more; 401 without the key; 400 for a body that names nobody. */
#ifndef COMPANION_KRATOS_REVOKE_H
#define COMPANION_KRATOS_REVOKE_H

#include "base/secret.h"
#include "oauth/context.h"

struct kratos_revoke_request { /* the route's struct; route->data: the key, a struct secret */
    struct request request;
    struct bytes session_id, identity_id; /* absent: not named */
    struct revocation revocation;         /* the one under way */
    struct revoked revoked;
    uint64_t count; /* of both */
    int status;     /* of a refusal */
    struct bytes error, words;
};
extern const struct step KRATOS_REVOKE_STEPS[];
void kratos_revoke_finish(struct flow *flow);

#endif
