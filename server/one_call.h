/* one_call: one request to an HTTP server, to its answer: for commands. Blocks until it is there. */
#ifndef SERVER_ONE_CALL_H
#define SERVER_ONE_CALL_H

#include "base/arena.h"
#include "net/client.h"

struct one_call {
    struct bytes base_url; /* as upstream_create has it */
    int64_t timeout_ms;
    struct call call;
};
/* false when no answer came: FAULT_INPUT where base_url is none, else what ask_call says; answer's bytes in arena */
bool one_call(const struct one_call *call, struct arena *arena, struct call_answer *answer,
              struct fault *fault) MUST_USE;

#endif
