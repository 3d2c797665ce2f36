#include "keys/jwk.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "base/text.h"
#include "keys/pair.h"
#include "keys/signature.h"

enum jwk_outcome jwk_check_signature(const struct json *jwk, enum key_algorithm algorithm, struct bytes signed_part,
                                     struct bytes signature)
{
    EVP_PKEY *pair = pair_from_jwk(algorithm, jwk);
    if (pair == NULL) return JWK_UNFIT;
    bool good = signature_check(algorithm, pair, signed_part, signature);
    EVP_PKEY_free(pair);
    return good ? JWK_GOOD : JWK_BAD_SIGNATURE;
}

bool jwk_write_pem(const struct json *jwk, enum key_algorithm algorithm, struct text *out)
{
    char *at;
    EVP_PKEY *pair = pair_from_jwk(algorithm, jwk);
    BIO *memory = BIO_new(BIO_s_mem());
    if (memory == NULL) abort();
    bool written = pair != NULL && PEM_write_bio_PUBKEY(memory, pair) == 1;
    long len = BIO_get_mem_data(memory, &at);
    if (written) text_put(out, (struct bytes){at, (size_t)len});
    BIO_free(memory);
    EVP_PKEY_free(pair);
    ERR_clear_error();
    return written;
}

bool jwk_member_is_private(struct bytes name) { return bytes_have_word(BYTES("d p q dp dq qi oth k"), name); }
