/* signature: one signature made or checked (RFC 7518 3.3, 3.4).
 *
 * Rule: a prepared context is for one thread; it keeps its own reference to the key. */
#ifndef KEYS_SIGNATURE_H
#define KEYS_SIGNATURE_H

#include <openssl/evp.h>

#include "keys/keys.h"

/* for any number of signature_make; NULL when OpenSSL can't. EVP_PKEY_CTX_free frees it */
EVP_PKEY_CTX *signature_prepare(enum key_algorithm algorithm, EVP_PKEY *pair);

struct signature {
    unsigned char at[SIGNATURE_MAX];
    size_t len;
};
bool signature_make(enum key_algorithm algorithm, EVP_PKEY_CTX *prepared, struct bytes input, struct signature *out);
bool signature_check(enum key_algorithm algorithm, EVP_PKEY *pair, struct bytes input, struct bytes signature);

#endif
