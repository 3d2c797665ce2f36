/* grants: /admin/grants: a session's, a subject's or a client's grants, listed and ended; one grant ended by its id
 * (docs/ending.md). No secret and no claims are ever shown.
 *
 * Rule: one filter, never none: an order that forgot to say whose must not mean everyone's. */
#ifndef ADMIN_GRANTS_H
#define ADMIN_GRANTS_H

#include "oauth/context.h"

enum { GRANT_NAME_MAX = 512 };

struct grant_admin { /* the routes' struct */
    struct request request;
    struct arena big; /* a page may be larger than a request's arena */
    struct grant_page_ask ask;
    struct grant_page page;
    struct revocation revocation;
    struct revoked revoked;
    struct bytes error, words;
};
extern const struct step LIST_GRANTS_STEPS[], REVOKE_GRANT_STEPS[], REVOKE_GRANTS_STEPS[];
void list_grants_finish(struct flow *flow);
void revoke_grants_finish(struct flow *flow); /* of both kinds */
void grant_admin_release(struct request *request);

#endif
