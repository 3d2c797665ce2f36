#include "base/digest.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

static const unsigned char *start_of(struct bytes b) { return (const unsigned char *)(b.at == NULL ? "" : b.at); }

/* ---- a context for each thread ----
 * OpenSSL's one-call functions look the algorithm up and allocate each time: that takes them five times as long as the
 * digest of a token. */

static EVP_MD *sha256;
static pthread_key_t contexts;

static void free_context(void *context) { EVP_MD_CTX_free(context); }

static void begin(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (sha256 == NULL || pthread_key_create(&contexts, free_context) != 0) abort();
}

static EVP_MD_CTX *own_context(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, begin);
    EVP_MD_CTX *context = pthread_getspecific(contexts);
    if (context != NULL) return context;
    context = EVP_MD_CTX_new();
    if (context == NULL || pthread_setspecific(contexts, context) != 0) abort();
    return context;
}

/* of one piece behind the other */
static void hash_both(struct bytes first, struct bytes second, unsigned char out[DIGEST_LEN])
{
    EVP_MD_CTX *context = own_context();
    if (EVP_DigestInit_ex2(context, sha256, NULL) != 1 ||
        EVP_DigestUpdate(context, start_of(first), first.len) != 1 ||
        EVP_DigestUpdate(context, start_of(second), second.len) != 1 || EVP_DigestFinal_ex(context, out, NULL) != 1)
        abort();
    EVP_MD_CTX_reset(context); /* nothing of it stays */
}

void digest_sha256(struct bytes data, unsigned char out[DIGEST_LEN]) { hash_both(data, BYTES_ABSENT, out); }

/* ---- HMAC ---- */

enum { BLOCK_LEN = 64, INNER_PAD = 0x36, OUTER_PAD = 0x5c }; /* RFC 2104 2 */

static struct bytes pad_key(const unsigned char key[BLOCK_LEN], unsigned char pad, unsigned char padded[BLOCK_LEN])
{
    for (size_t i = 0; i < BLOCK_LEN; i++) padded[i] = key[i] ^ pad;
    return (struct bytes){(const char *)padded, BLOCK_LEN};
}

void digest_hmac(struct bytes key, struct bytes data, unsigned char out[DIGEST_LEN])
{
    unsigned char whole[BLOCK_LEN] = {0}, padded[BLOCK_LEN], inner[DIGEST_LEN];
    if (key.len > BLOCK_LEN) digest_sha256(key, whole); /* RFC 2104 3 */
    else if (key.len > 0) memcpy(whole, key.at, key.len);
    hash_both(pad_key(whole, INNER_PAD, padded), data, inner);
    hash_both(pad_key(whole, OUTER_PAD, padded), (struct bytes){(const char *)inner, DIGEST_LEN}, out);
    secret_wipe(whole, sizeof whole);
    secret_wipe(padded, sizeof padded);
    secret_wipe(inner, sizeof inner);
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
