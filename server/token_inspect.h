/* token_inspect: what stands in a token, without any verification.
 *
 * Rule: whatever it writes says that nothing was verified. Of a refresh token it never writes the secret. */
#ifndef SERVER_TOKEN_INSPECT_H
#define SERVER_TOKEN_INSPECT_H

#include "base/json.h"
#include "base/text.h"

/* As lines for people, or as JSON. false with words when it is neither a JWT nor a refresh token of ours. */
struct inspection {
    struct bytes token;
    int64_t now_ms;
    bool as_json;
};
bool token_inspect(const struct inspection *inspection, struct text *out, struct fault *fault) MUST_USE;

#endif
