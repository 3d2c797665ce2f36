/* token_keys: a key set (RFC 7517 5) from where an operator says: an http or https URL, or a file. */
#ifndef SERVER_TOKEN_KEYS_H
#define SERVER_TOKEN_KEYS_H

#include "base/json.h"

/* The list under "keys", in arena. NULL with words that say what is wrong with it. */
const struct json *read_key_set(const char *where, struct arena *arena, struct fault *fault) MUST_USE;

#endif
