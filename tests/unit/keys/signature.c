#include "keys/signature.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "base/encoding.h"
#include "base/text.h"
#include "keys/pair.h"
#include "unit/keys/vectors.h"
#include "unit/test.h"

static struct arena arena;

static struct bytes decode(struct bytes text)
{
    char *at = arena_take(&arena, text.len);
    size_t len = 0;
    CHECK(base64url_decode(text, at, text.len, &len));
    return (struct bytes){at, len};
}

static void check_vector(enum key_algorithm algorithm, struct bytes jwk, struct bytes input, struct bytes encoded)
{
    EVP_PKEY *pair = pair_read_jwk(algorithm, jwk, &arena);
    struct bytes signature = decode(encoded);
    CHECK(signature_check(algorithm, pair, input, signature));
    CHECK(!signature_check(algorithm, pair, (struct bytes){input.at, input.len - 1}, signature));
    CHECK(!signature_check(algorithm, pair, input, (struct bytes){signature.at, signature.len - 1}));
    CHECK(!signature_check(algorithm, pair, input, BYTES_ABSENT));
    char longer[SIGNATURE_MAX] = "";
    memcpy(longer, signature.at, signature.len);
    CHECK(!signature_check(algorithm, pair, input, (struct bytes){longer, signature.len + 1}));
    for (size_t i = 0; i < signature.len; i++) {
        char *changed = arena_text(&arena, signature);
        changed[i] ^= 1;
        CHECK(!signature_check(algorithm, pair, input, (struct bytes){changed, signature.len}));
    }
    EVP_PKEY_free(pair);
}

static void check_own(enum key_algorithm algorithm, size_t expected_len, int rounds)
{
    EVP_PKEY *pair = pair_generate(algorithm, RSA_BITS_MIN), *stranger = pair_generate(algorithm, RSA_BITS_MIN);
    struct prepared *prepared = signature_prepare(algorithm, pair);
    for (int i = 0; i < rounds; i++) {
        struct signature signature;
        struct bytes input = {"0123456789", (size_t)i % 10};
        CHECK(signature_make(prepared, input, &signature) && signature.len == expected_len);
        struct bytes made = {(char *)signature.at, signature.len};
        CHECK(signature_check(algorithm, pair, input, made));
        CHECK(!signature_check(algorithm, stranger, input, made));
    }
    signature_release(prepared);
    EVP_PKEY_free(pair);
    EVP_PKEY_free(stranger);
}

/* ---- signing that gives one answer ---- */

static void check_signs(enum key_algorithm algorithm, EVP_PKEY *pair, struct bytes input, struct bytes expected)
{
    struct signature signature;
    struct prepared *prepared = signature_prepare(algorithm, pair);
    for (int i = 0; i < 2; i++) {
        CHECK(signature_make(prepared, input, &signature));
        CHECK_BYTES(((struct bytes){(char *)signature.at, signature.len}), decode(expected));
    }
    signature_release(prepared);
    EVP_PKEY_free(pair);
}

static EVP_PKEY *ed25519_pair(void)
{
    struct bytes d = decode(BYTES(EDDSA_D));
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)d.at, d.len);
}

static EVP_PKEY *rsa_pair(void)
{
    struct bytes d = decode(BYTES(RS256_D)), n = decode(BYTES(RS256_N));
    EVP_PKEY *pair = NULL;
    BIGNUM *e = BN_new(), *modulus = BN_bin2bn((const unsigned char *)n.at, (int)n.len, NULL);
    BIGNUM *exponent = BN_bin2bn((const unsigned char *)d.at, (int)d.len, NULL);
    BN_set_word(e, 65537);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, exponent);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    CHECK(EVP_PKEY_fromdata_init(context) == 1 && EVP_PKEY_fromdata(context, &pair, EVP_PKEY_KEYPAIR, params) == 1);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(e);
    BN_free(modulus);
    BN_free(exponent);
    return pair;
}

static struct bytes public_x(const EVP_PKEY *pair)
{
    unsigned char raw[32];
    size_t len = sizeof raw;
    struct text out;
    text_init(&out, &arena, 64);
    CHECK(EVP_PKEY_get_raw_public_key(pair, raw, &len) == 1);
    text_put_base64url(&out, raw, len);
    return text_bytes(&out);
}

/* ---- RSASSA-PSS, by OpenSSL's other interface ---- */

static struct bytes pss_sign(EVP_PKEY *pair, struct bytes input, int salt_len, const EVP_MD *mgf1)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    size_t len = SIGNATURE_MAX;
    unsigned char *at = arena_take(&arena, len);
    CHECK(EVP_DigestSignInit(context, &options, EVP_sha256(), NULL, pair) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, salt_len) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_mgf1_md(options, mgf1) == 1);
    CHECK(EVP_DigestSign(context, at, &len, (const unsigned char *)input.at, input.len) == 1);
    EVP_MD_CTX_free(context);
    return (struct bytes){(char *)at, len};
}

static bool pss_verifies(EVP_PKEY *pair, struct bytes input, struct bytes signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    CHECK(EVP_DigestVerifyInit(context, &options, EVP_sha256(), NULL, pair) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, 32) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_mgf1_md(options, EVP_sha256()) == 1);
    bool good = EVP_DigestVerify(context, (const unsigned char *)signature.at, signature.len,
                                 (const unsigned char *)input.at, input.len) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static void check_pss(void)
{
    EVP_PKEY *pair = pair_generate(KEY_PS256, RSA_BITS_MIN);
    struct bytes input = BYTES("some input");
    struct signature signature;
    struct prepared *prepared = signature_prepare(KEY_PS256, pair);
    CHECK(signature_make(prepared, input, &signature));
    CHECK(pss_verifies(pair, input, (struct bytes){(char *)signature.at, signature.len}));
    CHECK(signature_check(KEY_PS256, pair, input, pss_sign(pair, input, 32, EVP_sha256())));
    CHECK(!signature_check(KEY_PS256, pair, input, pss_sign(pair, input, 20, EVP_sha256())));
    CHECK(!signature_check(KEY_PS256, pair, input, pss_sign(pair, input, 0, EVP_sha256())));
    CHECK(!signature_check(KEY_PS256, pair, input, pss_sign(pair, input, RSA_PSS_SALTLEN_MAX, EVP_sha256())));
    CHECK(!signature_check(KEY_PS256, pair, input, pss_sign(pair, input, 32, EVP_sha1())));
    /* RFC 8725 3.1: one key, one algorithm, though both are RSA */
    CHECK(!signature_check(KEY_RS256, pair, input, (struct bytes){(char *)signature.at, signature.len}));
    signature_release(prepared);
    EVP_PKEY_free(pair);
}

static void check_zeros(enum key_algorithm algorithm, size_t len)
{
    EVP_PKEY *pair = pair_generate(algorithm, 0);
    char zeros[SIGNATURE_MAX] = "";
    CHECK(!signature_check(algorithm, pair, BYTES("a"), (struct bytes){zeros, len}));
    EVP_PKEY_free(pair);
}

int main(void)
{
    arena_init(&arena, 64 << 20);
    TEST("RFC 7515 A.2: the RS256 example verifies, and nothing near it")
    check_vector(KEY_RS256, BYTES(RSA_JWK(RS256_N)), BYTES(RS256_INPUT), BYTES(RS256_SIGNATURE));
    TEST("RFC 7515 A.3: the ES256 example verifies, and nothing near it")
    check_vector(KEY_ES256, BYTES(EC_JWK(ES256_X, ES256_Y)), BYTES(ES256_INPUT), BYTES(ES256_SIGNATURE));
    TEST("RFC 7518 3.4: an ES256 signature has 64 octets, however small r and s are") check_own(KEY_ES256, 64, 1000);
    TEST("RFC 7518 3.3: an RS256 signature has 256 octets with a key of 2048 bits") check_own(KEY_RS256, 256, 5);
    TEST("RFC 7515 A.2: signing gives the example's signature, each time")
    check_signs(KEY_RS256, rsa_pair(), BYTES(RS256_INPUT), BYTES(RS256_SIGNATURE));
    TEST("RFC 6979 A.2.6: a P-384 signature with SHA-384 verifies, and nothing near it")
    check_vector(KEY_ES384, BYTES(EC384_JWK(ES384_X, ES384_Y)), BYTES(ES384_INPUT), BYTES(ES384_SIGNATURE));
    TEST("RFC 7518 3.4: an ES384 signature has 96 octets, however small r and s are") check_own(KEY_ES384, 96, 300);
    TEST("RFC 7518 3.5: a PS256 signature has 256 octets with a key of 2048 bits") check_own(KEY_PS256, 256, 5);
    TEST("RFC 7518 3.5: PS256's salt is as long as its hash, MGF1's hash the same: nothing else verifies") check_pss();
    TEST("RFC 8037 A.1, A.2: the private key has the public key")
    {
        EVP_PKEY *pair = ed25519_pair();
        CHECK_BYTES(public_x(pair), BYTES(EDDSA_X));
        EVP_PKEY_free(pair);
    }
    TEST("RFC 8037 A.4: Ed25519 signing gives the example's signature, each time")
    check_signs(KEY_EDDSA, ed25519_pair(), BYTES(EDDSA_INPUT), BYTES(EDDSA_SIGNATURE));
    TEST("RFC 8037 A.5: the Ed25519 example verifies, and nothing near it")
    check_vector(KEY_EDDSA, BYTES(OKP_JWK(EDDSA_X)), BYTES(EDDSA_INPUT), BYTES(EDDSA_SIGNATURE));
    TEST("RFC 8032 5.1.6: an Ed25519 signature has 64 octets") check_own(KEY_EDDSA, 64, 100);
    TEST("RFC 7518 3.4: r and s of zeros are no signature, nor are zeros one of Ed25519")
    {
        check_zeros(KEY_ES256, 64);
        check_zeros(KEY_ES384, 96);
        check_zeros(KEY_EDDSA, 64);
    }
    arena_release(&arena);
    return TEST_END();
}
