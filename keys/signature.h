/* signature: one signature made or checked (RFC 7518 3.3 to 3.5, RFC 8037 3.1).
 *
 * Rule: a prepared key is for one thread; it keeps its own reference to the key. */
#ifndef KEYS_SIGNATURE_H
#define KEYS_SIGNATURE_H

#include <openssl/evp.h>

#include "keys/keys.h"

struct prepared;
/* for any number of signature_make; NULL when OpenSSL can't */
struct prepared *signature_prepare(enum key_algorithm algorithm, EVP_PKEY *pair);
void signature_release(struct prepared *prepared); /* NULL is nothing */

struct signature {
    unsigned char at[SIGNATURE_MAX];
    size_t len;
};
bool signature_make(struct prepared *prepared, struct bytes input, struct signature *out);
bool signature_check(enum key_algorithm algorithm, EVP_PKEY *pair, struct bytes input, struct bytes signature);

#endif
