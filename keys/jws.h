/* jws: the compact form taken apart: strictly, since what can be read in two ways will be (RFC 7515 7.1, RFC 8725).
 *
 * Rule: taking apart proves nothing. Whoever acts on a token asks keyring_verify, or jwk_check_signature for a key of
 * someone else's set. */
#ifndef KEYS_JWS_H
#define KEYS_JWS_H

#include "base/json.h"
#include "keys/keys.h"

enum { JWS_MAX = 16 * 1024, JWS_HEADER_MAX = 1024 };

struct jws {
    struct bytes header, payload, signature; /* decoded; none is empty */
    struct bytes signed_part;                /* header.payload as they stood */
};
/* Exactly three parts of base64url without padding (RFC 7515 2), at most JWS_MAX. false with FAULT_INPUT; fault may be
 * NULL. The parts live in arena, signed_part as long as token. */
bool jws_parse(struct bytes token, struct arena *arena, struct jws *out, struct fault *fault) MUST_USE;

/* The header as an object: each name once, at most JWS_HEADER_MAX, with neither crit (RFC 7515 4.1.11: what it lists
 * must be understood, and we know no extension) nor b64 (RFC 7797 3: it changes what is signed). NULL with FAULT_INPUT;
 * fault may be NULL. */
const struct json *jws_header(struct bytes header, struct arena *arena, struct fault *fault) MUST_USE;

#endif
