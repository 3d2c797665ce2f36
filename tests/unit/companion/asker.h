/* asker: a flow that asks the memory for a session's token, and what became of it; for the tests of session_tokens. */
#ifndef TESTS_UNIT_COMPANION_ASKER_H
#define TESTS_UNIT_COMPANION_ASKER_H

#include <string.h>

#include "companion/session_tokens.h"
#include "torture/world.h"

struct asker {
    struct flow flow; /* first */
    struct session_tokens *tokens;
    struct session_find find;
    bool done;
};

static enum step_result asker_ask(struct flow *flow)
{
    struct asker *asker = (struct asker *)flow;
    return ask_session_token(flow, asker->tokens, &asker->find);
}
static const struct step ASKER_STEPS[] = {{"ask", asker_ask}, {"finish", NULL}};
static void asker_finish(struct flow *flow) { ((struct asker *)flow)->done = true; }

static void asker_init(struct asker *asker, struct session_tokens *tokens, struct loop *loop, const char *cookie)
{
    const struct whoami_ask credential = {CREDENTIAL_COOKIE, bytes_of(cookie)};
    memset(asker, 0, sizeof *asker);
    asker->tokens = tokens;
    session_tokens_key(tokens, 0, &credential, &asker->find.key);
    asker->find.loop = loop;
    flow_init(&asker->flow, ASKER_STEPS, asker_finish);
}

/* as a request's end does it */
static void asker_dispose(struct asker *asker)
{
    flow_release(&asker->flow);
    session_find_release(&asker->find);
}

#endif
