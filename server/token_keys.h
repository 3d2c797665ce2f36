/* token_keys: a key set (RFC 7517 5) from where an operator says: an http or https URL, or a regular file.
 *
 * Rule: nothing is waited for without end: a FIFO, a device or a folder is refused, a server has 10 s. At most 256 KiB
 * and 100 keys. */
#ifndef SERVER_TOKEN_KEYS_H
#define SERVER_TOKEN_KEYS_H

#include "base/json.h"

/* The list under "keys", in arena. NULL with words that say what is wrong with it. */
const struct json *read_key_set(const char *where, struct arena *arena, struct fault *fault) MUST_USE;
/* Does it come over a network that nobody guards: http, and not from this machine? Anyone on the way can put keys of
 * his own into it then. */
bool key_set_is_unprotected(const char *where);

#endif
