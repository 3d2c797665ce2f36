/* kratos: identity/identity.h over Ory Kratos' public and admin API. */
#ifndef IDENTITY_KRATOS_KRATOS_H
#define IDENTITY_KRATOS_KRATOS_H

#include "identity/identity.h"

/* settings and what they point to must outlive it; NULL with FAULT_INPUT for a URL that is none */
struct identity *kratos_create(struct loop *loop, const struct identity_settings *settings,
                               struct fault *fault) MUST_USE;
void kratos_destroy(struct identity *identity); /* flows that wait are not woken */

#endif
