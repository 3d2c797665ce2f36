#include "keys/signature.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "keys/algorithm.h"

enum { HALF_MAX = 48, ECDSA_DER_MAX = 2 * HALF_MAX + 9, SHA384_LEN = 48 };

/* A context that stays prepared signs a digest; EVP_DigestSign would set itself up anew for each message. Ed25519 signs
 * messages, and has no other way. */
struct prepared {
    enum key_algorithm algorithm;
    EVP_PKEY *pair;
    EVP_PKEY_CTX *context; /* NULL for Ed25519 */
    EVP_MD_CTX *one_shot;  /* for Ed25519 */
};

/* ---- digests ---- */

struct hashed {
    unsigned char at[SHA384_LEN];
    size_t len;
};

static struct hashed hash(const struct algorithm *a, struct bytes input)
{
    struct hashed hashed = {.len = a->digest_len};
    if (a->digest_len == DIGEST_LEN)
        digest_sha256(input, hashed.at);
    else if (EVP_Digest(input.at, input.len, hashed.at, NULL, EVP_sha384(), NULL) != 1)
        abort();
    return hashed;
}

static bool choose_digest(const struct algorithm *a, EVP_PKEY_CTX *context)
{
    const EVP_MD *md = a->digest_len == DIGEST_LEN ? EVP_sha256() : EVP_sha384();
    if (EVP_PKEY_CTX_set_signature_md(context, md) != 1) return false;
    if (a->kind != KIND_RSA) return true;
    if (EVP_PKEY_CTX_set_rsa_padding(context, a->pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) != 1) return false;
    /* RFC 7518 3.5: MGF1 with the same hash, which is what it is unless said otherwise; a salt as long as the hash */
    return !a->pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* ---- ECDSA's two spellings ---- */

/* RFC 7518 3.4: r and s, each as long as the curve's order, not shortened */
static bool from_der(const struct algorithm *a, struct signature *signature)
{
    const unsigned char *at = signature->at;
    const int half = (int)a->coordinate_len;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)signature->len);
    bool good = pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature->at, half) == half &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature->at + half, half) == half;
    signature->len = 2 * a->coordinate_len;
    ECDSA_SIG_free(pair);
    return good;
}

/* at most ECDSA_DER_MAX octets; 0 when it can't be */
static size_t to_der(struct bytes fixed, unsigned char *der)
{
    const unsigned char *at = (const unsigned char *)fixed.at;
    const int half = (int)fixed.len / 2;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(at, half, NULL), *s = BN_bin2bn(at + half, half, NULL);
    if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) abort();
    int len = i2d_ECDSA_SIG(pair, &der);
    ECDSA_SIG_free(pair);
    return len > 0 ? (size_t)len : 0;
}

/* ---- making ---- */

static bool prepare(struct prepared *p, const struct algorithm *a, EVP_PKEY *pair)
{
    if (EVP_PKEY_up_ref(pair) != 1) return false;
    p->pair = pair;
    if (a->digest_len == 0) return (p->one_shot = EVP_MD_CTX_new()) != NULL;
    p->context = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
    return p->context != NULL && EVP_PKEY_sign_init(p->context) == 1 && choose_digest(a, p->context);
}

struct prepared *signature_prepare(enum key_algorithm algorithm, EVP_PKEY *pair)
{
    struct prepared *p = calloc(1, sizeof *p);
    if (p == NULL) abort();
    p->algorithm = algorithm;
    if (prepare(p, algorithm_of(algorithm), pair)) return p;
    ERR_clear_error();
    signature_release(p);
    return NULL;
}

void signature_release(struct prepared *p)
{
    if (p == NULL) return;
    EVP_PKEY_CTX_free(p->context);
    EVP_MD_CTX_free(p->one_shot);
    EVP_PKEY_free(p->pair);
    free(p);
}

static bool sign_message(struct prepared *p, struct bytes input, struct signature *out)
{
    return EVP_DigestSignInit_ex(p->one_shot, NULL, NULL, NULL, NULL, p->pair, NULL) == 1 &&
           EVP_DigestSign(p->one_shot, out->at, &out->len, (const unsigned char *)input.at, input.len) == 1;
}

static bool sign_digest(struct prepared *p, const struct algorithm *a, struct bytes input, struct signature *out)
{
    struct hashed hashed = hash(a, input);
    return EVP_PKEY_sign(p->context, out->at, &out->len, hashed.at, hashed.len) == 1 &&
           (a->kind != KIND_EC || from_der(a, out));
}

bool signature_make(struct prepared *p, struct bytes input, struct signature *out)
{
    const struct algorithm *a = algorithm_of(p->algorithm);
    out->len = sizeof out->at;
    bool made = a->digest_len == 0 ? sign_message(p, input, out) : sign_digest(p, a, input, out);
    ERR_clear_error();
    return made;
}

/* ---- checking ---- */

static bool check_message(EVP_PKEY *pair, struct bytes input, struct bytes signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestVerifyInit_ex(context, NULL, NULL, NULL, NULL, pair, NULL) == 1 &&
                EVP_DigestVerify(context, (const unsigned char *)signature.at, signature.len,
                                 (const unsigned char *)input.at, input.len) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static bool check_digest(const struct algorithm *a, EVP_PKEY *pair, struct bytes input, struct bytes signature)
{
    struct hashed hashed = hash(a, input);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
    bool good =
        context != NULL && EVP_PKEY_verify_init(context) == 1 && choose_digest(a, context) &&
        EVP_PKEY_verify(context, (const unsigned char *)signature.at, signature.len, hashed.at, hashed.len) == 1;
    EVP_PKEY_CTX_free(context);
    return good;
}

bool signature_check(enum key_algorithm algorithm, EVP_PKEY *pair, struct bytes input, struct bytes signature)
{
    const struct algorithm *a = algorithm_of(algorithm);
    unsigned char der[ECDSA_DER_MAX];
    if (a->kind == KIND_EC) {
        /* RFC 7518 3.4: exactly twice the length of the curve's order */
        if (signature.len != 2 * a->coordinate_len) return false;
        signature = (struct bytes){(char *)der, to_der(signature, der)};
    }
    bool good = a->digest_len == 0 ? check_message(pair, input, signature) : check_digest(a, pair, input, signature);
    ERR_clear_error();
    return good;
}
