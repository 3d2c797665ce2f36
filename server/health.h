/* health: /health/alive, /health/ready and /version, as Ory's services answer them. */
#ifndef SERVER_HEALTH_H
#define SERVER_HEALTH_H

#include "net/server.h"
#include "storage/storage.h"

#ifndef HYDRANT_VERSION
#error "the build says which version this is"
#endif

struct ready_request {
    struct request request;
    struct storage_pulse pulse;
};
extern const struct step ALIVE_STEPS[], READY_STEPS[];
void alive_finish(struct flow *flow);
void ready_finish(struct flow *flow);
void version_finish(struct flow *flow);

#endif
