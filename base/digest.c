#include "base/digest.h"

#include <assert.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <stdlib.h>

static const unsigned char *start_of(struct bytes b) { return (const unsigned char *)(b.at == NULL ? "" : b.at); }

void digest_sha256(struct bytes data, unsigned char out[DIGEST_LEN])
{
    if (SHA256(start_of(data), data.len, out) == NULL) abort();
}

void digest_hmac(struct bytes key, struct bytes data, unsigned char out[DIGEST_LEN])
{
    assert(key.len <= INT_MAX);
    if (HMAC(EVP_sha256(), start_of(key), (int)key.len, start_of(data), data.len, out, NULL) == NULL) abort();
}

void digest_hkdf(struct bytes secret, struct bytes info, unsigned char *out, size_t len)
{
    assert(len > 0 && len <= 255 * DIGEST_LEN);
    /* OpenSSL's parameters are not const, but nothing is written through them */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)start_of(secret), secret.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)start_of(info), info.len),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    if (context == NULL || EVP_KDF_derive(context, out, len, params) != 1) abort();
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}
