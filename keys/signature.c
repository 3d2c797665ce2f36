#include "keys/signature.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

enum { HALF_LEN = 32, ES256_LEN = 2 * HALF_LEN, ES256_DER_MAX = 72 };

static bool choose_digest(enum key_algorithm algorithm, EVP_PKEY_CTX *context)
{
    if (EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1) return false;
    return algorithm != KEY_RS256 || EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
}

/* A context that stays prepared signs a digest; EVP_DigestSign would set itself up anew for each message. */
EVP_PKEY_CTX *signature_prepare(enum key_algorithm algorithm, EVP_PKEY *pair)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
    if (context != NULL && EVP_PKEY_sign_init(context) == 1 && choose_digest(algorithm, context)) return context;
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return NULL;
}

/* RFC 7518 3.4: r and s, each as 32 octets, not shortened */
static bool from_der(struct signature *signature)
{
    const unsigned char *at = signature->at;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)signature->len);
    bool good = pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature->at, HALF_LEN) == HALF_LEN &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature->at + HALF_LEN, HALF_LEN) == HALF_LEN;
    signature->len = ES256_LEN;
    ECDSA_SIG_free(pair);
    return good;
}

/* at most ES256_DER_MAX octets; 0 when it can't be */
static size_t to_der(struct bytes fixed, unsigned char *der)
{
    const unsigned char *at = (const unsigned char *)fixed.at;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(at, HALF_LEN, NULL), *s = BN_bin2bn(at + HALF_LEN, HALF_LEN, NULL);
    if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) abort();
    int len = i2d_ECDSA_SIG(pair, &der);
    ECDSA_SIG_free(pair);
    return len > 0 ? (size_t)len : 0;
}

bool signature_make(enum key_algorithm algorithm, EVP_PKEY_CTX *prepared, struct bytes input, struct signature *out)
{
    unsigned char digest[DIGEST_LEN];
    digest_sha256(input, digest);
    out->len = sizeof out->at;
    bool made = EVP_PKEY_sign(prepared, out->at, &out->len, digest, sizeof digest) == 1 &&
                (algorithm != KEY_ES256 || from_der(out));
    ERR_clear_error();
    return made;
}

static bool check_digest(enum key_algorithm algorithm, EVP_PKEY *pair, struct bytes signature,
                         const unsigned char *digest)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
    bool good = context != NULL && EVP_PKEY_verify_init(context) == 1 && choose_digest(algorithm, context) &&
                EVP_PKEY_verify(context, (const unsigned char *)signature.at, signature.len, digest, DIGEST_LEN) == 1;
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return good;
}

bool signature_check(enum key_algorithm algorithm, EVP_PKEY *pair, struct bytes input, struct bytes signature)
{
    unsigned char digest[DIGEST_LEN], der[ES256_DER_MAX];
    if (algorithm == KEY_ES256) {
        /* RFC 7518 3.4: exactly 64 octets */
        if (signature.len != ES256_LEN) return false;
        signature = (struct bytes){(char *)der, to_der(signature, der)};
    }
    digest_sha256(input, digest);
    return check_digest(algorithm, pair, signature, digest);
}
