/* introspect: POST /admin/oauth2/introspect, as Hydra has it: what any token of ours comes to, for the operator's own services (docs/introspection.md). */
#ifndef ADMIN_INTROSPECT_H
#define ADMIN_INTROSPECT_H

#include "oauth/form.h"
#include "oauth/introspection.h"

struct introspect_admin { /* the route's struct */
    struct request request;
    struct form form;
    struct bytes token;
    struct introspection introspection;
    struct held_client held; /* of a refresh token's grant */
    struct bytes body;
    int status;              /* of a refusal */
    struct bytes words;
};
extern const struct step INTROSPECT_ADMIN_STEPS[];
void introspect_admin_finish(struct flow *flow);
void introspect_admin_release(struct request *request);

#endif
