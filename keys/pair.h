/* pair: one key pair as OpenSSL holds it: made, read, written, named.
 *
 * Rule: who gets an EVP_PKEY frees it with EVP_PKEY_free. Whatever is read is checked: it is of the algorithm's kind
 * and size, a public point lies on its curve. Nothing is left in OpenSSL's error queue. RFC 7517, 7518 6, 7638, 8037.
 */
#ifndef KEYS_PAIR_H
#define KEYS_PAIR_H

#include <openssl/evp.h>

#include "keys/keys.h"

struct text;

struct json;

EVP_PKEY *pair_generate(enum key_algorithm algorithm, unsigned rsa_bits); /* NULL when OpenSSL can't */

/* PKCS#8 (RFC 5208) in DER */
EVP_PKEY *pair_read_private(enum key_algorithm algorithm, struct bytes der); /* NULL when it isn't one */
bool pair_write_private(const EVP_PKEY *pair, struct secret *der);

/* the public half; alg must be there and the algorithm's own */
EVP_PKEY *pair_read_jwk(enum key_algorithm algorithm, struct bytes jwk, struct arena *arena);
/* the same of a JWK that may leave alg out */
EVP_PKEY *pair_from_jwk(enum key_algorithm algorithm, const struct json *jwk);
/* {"use":"sig","alg":..,"kid":.., and what makes the key} (RFC 7517 4) */
void pair_write_jwk(enum key_algorithm algorithm, const EVP_PKEY *pair, struct text *out);

/* RFC 7638, base64url, and a NUL */
void pair_write_kid(enum key_algorithm algorithm, const EVP_PKEY *pair, char kid[KID_LEN + 1]);

#endif
