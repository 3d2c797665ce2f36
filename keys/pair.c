#include "keys/pair.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/algorithm.h"
#include "keys/wipe.h"

enum { COORDINATE_MAX = 48, NUMBER_MAX = RSA_BITS_MAX / 8, JWK_MAX = 4096 };

static EVP_PKEY *generate(enum key_algorithm algorithm, unsigned rsa_bits)
{
    const struct algorithm *a = algorithm_of(algorithm);
    switch (a->kind) {
    case KIND_EC: return EVP_EC_gen(a->curve);
    case KIND_RSA: return EVP_RSA_gen(rsa_bits);
    case KIND_OKP: return EVP_PKEY_Q_keygen(NULL, NULL, a->curve);
    }
    abort();
}

EVP_PKEY *pair_generate(enum key_algorithm algorithm, unsigned rsa_bits)
{
    wipe_begin();
    EVP_PKEY *pair = generate(algorithm, rsa_bits);
    wipe_end();
    return pair;
}

static bool fits(enum key_algorithm algorithm, const EVP_PKEY *pair)
{
    char group[32] = "";
    int bits = EVP_PKEY_get_bits(pair);
    const struct algorithm *a = algorithm_of(algorithm);
    switch (a->kind) {
    case KIND_EC:
        return EVP_PKEY_is_a(pair, "EC") == 1 &&
               EVP_PKEY_get_utf8_string_param(pair, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL) == 1 &&
               strcmp(group, a->group) == 0;
    /* RFC 7518 3.3, 3.5: a key of 2048 bits or larger */
    case KIND_RSA: return EVP_PKEY_is_a(pair, "RSA") == 1 && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
    case KIND_OKP: return EVP_PKEY_is_a(pair, a->curve) == 1;
    }
    abort();
}

/* frees a pair that fails its check */
static EVP_PKEY *checked(enum key_algorithm algorithm, EVP_PKEY *pair)
{
    EVP_PKEY_CTX *context = pair == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
    bool good = context != NULL && fits(algorithm, pair) && EVP_PKEY_public_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    if (good) return pair;
    EVP_PKEY_free(pair);
    return NULL;
}

EVP_PKEY *pair_read_private(enum key_algorithm algorithm, struct bytes der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    wipe_begin();
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.len);
    bool whole = info != NULL && at == (const unsigned char *)der.at + der.len;
    EVP_PKEY *pair = whole ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    wipe_end();
    return checked(algorithm, pair);
}

bool pair_write_private(const EVP_PKEY *pair, struct secret *der)
{
    unsigned char *at = NULL;
    wipe_begin();
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pair);
    int len = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &at);
    PKCS8_PRIV_KEY_INFO_free(info);
    if (len > 0) secret_init(der, (struct bytes){(char *)at, (size_t)len});
    OPENSSL_clear_free(at, len > 0 ? (size_t)len : 0);
    wipe_end();
    return len > 0;
}

/* ---- reading a JWK ---- */

struct octets {
    unsigned char at[NUMBER_MAX];
    size_t len;
};

static bool read_octets(const struct json *jwk, const char *name, struct octets *out)
{
    struct bytes text = json_string(json_find(jwk, name));
    return base64url_decode(text, out->at, sizeof out->at, &out->len) && out->len > 0;
}

static EVP_PKEY *from_params(const char *kind, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *pair = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pair, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pair = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return pair;
}

/* RFC 7518 6.2.1.2: the full size of a coordinate, no less */
static bool read_coordinate(const struct algorithm *algorithm, const struct json *jwk, const char *name,
                            struct octets *out)
{
    return read_octets(jwk, name, out) && out->len == algorithm->coordinate_len;
}

static EVP_PKEY *read_ec(const struct algorithm *algorithm, const struct json *jwk)
{
    struct octets x, y;
    size_t len = algorithm->coordinate_len;
    unsigned char point[1 + 2 * COORDINATE_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    if (!read_coordinate(algorithm, jwk, "x", &x) || !read_coordinate(algorithm, jwk, "y", &y)) return NULL;
    memcpy(point + 1, x.at, len);
    memcpy(point + 1 + len, y.at, len);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, algorithm->group, 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * len);
    EVP_PKEY *pair = from_params("EC", build);
    OSSL_PARAM_BLD_free(build);
    return pair;
}

/* RFC 8037 2 */
static EVP_PKEY *read_okp(const struct algorithm *algorithm, const struct json *jwk)
{
    struct octets x;
    if (!read_coordinate(algorithm, jwk, "x", &x)) return NULL;
    return EVP_PKEY_new_raw_public_key_ex(NULL, algorithm->curve, NULL, x.at, x.len);
}

static EVP_PKEY *read_rsa(const struct json *jwk)
{
    struct octets n, e;
    /* RFC 7518 6.3.1.1: no leading zero octet */
    if (!read_octets(jwk, "n", &n) || n.at[0] == 0 || !read_octets(jwk, "e", &e) || e.at[0] == 0) return NULL;
    BIGNUM *modulus = BN_bin2bn(n.at, (int)n.len, NULL), *exponent = BN_bin2bn(e.at, (int)e.len, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent);
    EVP_PKEY *pair = from_params("RSA", build);
    OSSL_PARAM_BLD_free(build);
    BN_free(modulus);
    BN_free(exponent);
    return pair;
}

static EVP_PKEY *read_kind(const struct algorithm *algorithm, const struct json *jwk)
{
    switch (algorithm->kind) {
    case KIND_EC: return read_ec(algorithm, jwk);
    case KIND_RSA: return read_rsa(jwk);
    case KIND_OKP: return read_okp(algorithm, jwk);
    }
    abort();
}

EVP_PKEY *pair_from_jwk(enum key_algorithm algorithm, const struct json *jwk)
{
    const struct algorithm *a = algorithm_of(algorithm);
    if (!bytes_equal(json_string(json_find(jwk, "kty")), algorithm_kty(a->kind))) return NULL;
    if (!bytes_equal(json_string(json_find(jwk, "crv")), bytes_of(a->curve))) return NULL;
    return checked(algorithm, read_kind(a, jwk));
}

EVP_PKEY *pair_read_jwk(enum key_algorithm algorithm, struct bytes text, struct arena *arena)
{
    const struct json *jwk = json_parse(arena, text, &(struct json_limits){JWK_MAX, true}, NULL);
    /* RFC 8725 3.1: a key is used with its own algorithm and no other */
    if (!bytes_equal(json_string(json_find(jwk, "alg")), key_algorithm_name(algorithm))) return NULL;
    return pair_from_jwk(algorithm, jwk);
}

/* ---- writing a JWK ---- */

static void put_octets(struct text *out, const char *name, const unsigned char *octets, size_t len)
{
    text_put_json_name(out, bytes_of(name));
    text_put_char(out, '"');
    text_put_base64url(out, octets, len);
    text_put_char(out, '"');
}

/* len 0: as many octets as the number needs */
static void put_number(struct text *out, const char *name, const EVP_PKEY *pair, const char *param, size_t len)
{
    BIGNUM *number = NULL;
    unsigned char octets[NUMBER_MAX];
    if (EVP_PKEY_get_bn_param(pair, param, &number) != 1) abort();
    int least = BN_num_bytes(number), wanted = len == 0 ? least : (int)len;
    if (wanted > NUMBER_MAX || BN_bn2binpad(number, octets, wanted) != wanted) abort();
    BN_free(number);
    put_octets(out, name, octets, (size_t)wanted);
}

static void put_raw(struct text *out, const char *name, const EVP_PKEY *pair)
{
    unsigned char octets[COORDINATE_MAX];
    size_t len = sizeof octets;
    if (EVP_PKEY_get_raw_public_key(pair, octets, &len) != 1) abort();
    put_octets(out, name, octets, len);
}

static void put_word(struct text *out, const char *name, struct bytes word)
{
    text_put_json_name(out, bytes_of(name));
    text_put_json(out, word);
}

/* RFC 7638 3.2, 3.3, RFC 8037 2: the members that make the key, by name */
static void put_required(enum key_algorithm algorithm, const EVP_PKEY *pair, struct text *out)
{
    const struct algorithm *a = algorithm_of(algorithm);
    if (a->curve != NULL) put_word(out, "crv", bytes_of(a->curve));
    if (a->kind == KIND_RSA) put_number(out, "e", pair, OSSL_PKEY_PARAM_RSA_E, 0);
    put_word(out, "kty", algorithm_kty(a->kind));
    switch (a->kind) {
    case KIND_EC:
        put_number(out, "x", pair, OSSL_PKEY_PARAM_EC_PUB_X, a->coordinate_len);
        put_number(out, "y", pair, OSSL_PKEY_PARAM_EC_PUB_Y, a->coordinate_len);
        return;
    case KIND_RSA: put_number(out, "n", pair, OSSL_PKEY_PARAM_RSA_N, 0); return;
    case KIND_OKP: put_raw(out, "x", pair); return;
    }
    abort();
}

void pair_write_kid(enum key_algorithm algorithm, const EVP_PKEY *pair, char kid[KID_LEN + 1])
{
    struct arena arena;
    struct text required, name;
    unsigned char digest[DIGEST_LEN];
    arena_init(&arena, 4 * JWK_MAX);
    text_init(&required, &arena, JWK_MAX);
    text_put_char(&required, '{');
    put_required(algorithm, pair, &required);
    text_put_char(&required, '}');
    digest_sha256(text_bytes(&required), digest);
    text_init(&name, &arena, KID_LEN);
    text_put_base64url(&name, digest, sizeof digest);
    memcpy(kid, text_bytes(&name).at, KID_LEN + 1);
    arena_release(&arena);
}

void pair_write_jwk(enum key_algorithm algorithm, const EVP_PKEY *pair, struct text *out)
{
    char kid[KID_LEN + 1];
    pair_write_kid(algorithm, pair, kid);
    text_put_char(out, '{');
    put_word(out, "use", BYTES("sig"));
    put_word(out, "alg", key_algorithm_name(algorithm));
    put_word(out, "kid", bytes_of(kid));
    put_required(algorithm, pair, out);
    text_put_char(out, '}');
}
