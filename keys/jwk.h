/* jwk: a public key of someone's JWKS, for who looks at a token from outside (RFC 7517 4).
 *
 * Rule: nothing of the running server asks here; it verifies by the keys of its own ring (keyring_verify). */
#ifndef KEYS_JWK_H
#define KEYS_JWK_H

#include "base/json.h"
#include "keys/keys.h"

struct text;

enum jwk_outcome {
    JWK_GOOD,
    JWK_BAD_SIGNATURE,
    JWK_UNFIT, /* no public key that this algorithm can use: another kind, curve or size, or no point of its curve */
};
/* the key may leave alg out; whoever calls looks that its alg and use say nothing else (RFC 8725 3.1) */
enum jwk_outcome jwk_check_signature(const struct json *jwk, enum key_algorithm algorithm, struct bytes signed_part,
                                     struct bytes signature);
/* the public key as PEM (RFC 7468 13), for libraries that know nothing of JWKs; false when it is unfit */
bool jwk_write_pem(const struct json *jwk, enum key_algorithm algorithm, struct text *out) MUST_USE;

/* is this a member that only the key's owner may know? (RFC 7518 6.2.2, 6.3.2, 6.4.1, RFC 8037 2) */
bool jwk_member_is_private(struct bytes name);

#endif
