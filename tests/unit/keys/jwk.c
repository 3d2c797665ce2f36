#include "keys/jwk.h"

#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "base/encoding.h"
#include "base/text.h"
#include "keys/pair.h"
#include "keys/signature.h"
#include "unit/keys/vectors.h"
#include "unit/test.h"

static struct arena arena;

static const struct json *parse(const char *text)
{
    return json_parse(&arena, bytes_of(text), &(struct json_limits){4096, true}, NULL);
}

static struct bytes decode(struct bytes text)
{
    char *at = arena_take(&arena, text.len);
    size_t len = 0;
    CHECK(base64url_decode(text, at, text.len, &len));
    return (struct bytes){at, len};
}

static void check_vector(const char *jwk, enum key_algorithm algorithm, const char *input, const char *signature)
{
    struct bytes octets = decode(bytes_of(signature));
    CHECK(jwk_check_signature(parse(jwk), algorithm, bytes_of(input), octets) == JWK_GOOD);
    CHECK(jwk_check_signature(parse(jwk), algorithm, BYTES("other"), octets) == JWK_BAD_SIGNATURE);
}

static void check_pem(const char *jwk, enum key_algorithm algorithm, const char *kind)
{
    struct text pem;
    text_init(&pem, &arena, 512);
    CHECK(jwk_write_pem(parse(jwk), algorithm, &pem));
    struct bytes written = text_bytes(&pem);
    CHECK(bytes_start_with(written, BYTES("-----BEGIN PUBLIC KEY-----\n")));
    BIO *memory = BIO_new_mem_buf(written.at, (int)written.len);
    EVP_PKEY *pair = PEM_read_bio_PUBKEY(memory, NULL, NULL, NULL);
    CHECK(pair != NULL && EVP_PKEY_is_a(pair, kind) == 1);
    EVP_PKEY_free(pair);
    BIO_free(memory);
}

static enum jwk_outcome outcome(const char *jwk, enum key_algorithm algorithm)
{
    return jwk_check_signature(parse(jwk), algorithm, BYTES("a"), BYTES("b"));
}

/* ---- RFC 7517 appendix A ---- */

static bool has_thumbprint(enum key_algorithm algorithm, const char *jwk, const char *thumbprint)
{
    char kid[KID_LEN + 1] = "";
    EVP_PKEY *pair = pair_from_jwk(algorithm, parse(jwk));
    if (pair != NULL) pair_write_kid(algorithm, pair, kid);
    EVP_PKEY_free(pair);
    return strcmp(kid, thumbprint) == 0;
}

static void check_signed_by(EVP_PKEY *pair, const char *jwk)
{
    struct signature signature;
    struct prepared *prepared = signature_prepare(KEY_RS256, pair);
    CHECK(signature_make(prepared, BYTES("a"), &signature));
    signature_release(prepared);
    struct bytes octets = {(char *)signature.at, signature.len};
    CHECK(jwk_check_signature(parse(jwk), KEY_RS256, BYTES("a"), octets) == JWK_GOOD);
    CHECK(jwk_check_signature(parse(jwk), KEY_RS256, BYTES("b"), octets) == JWK_BAD_SIGNATURE);
}

/* the numbers belong together: the private key signs what the public one verifies */
static void check_private_rsa(void)
{
    static const char *const names[] = {"n", "e", "d", "p", "q", "dp", "dq", "qi"};
    static const char *const params[] = {
        "n", "e", "d", "rsa-factor1", "rsa-factor2", "rsa-exponent1", "rsa-exponent2", "rsa-coefficient1"};
    const struct json *jwk = parse(RFC7517_RSA_PRIVATE);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *numbers[8];
    EVP_PKEY *pair = NULL;
    for (size_t i = 0; i < 8; i++) {
        struct bytes octets = decode(json_string(json_find(jwk, names[i])));
        numbers[i] = BN_bin2bn((const unsigned char *)octets.at, (int)octets.len, NULL);
        OSSL_PARAM_BLD_push_BN(build, params[i], numbers[i]);
    }
    OSSL_PARAM *list = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    CHECK(EVP_PKEY_fromdata_init(context) == 1 && EVP_PKEY_fromdata(context, &pair, EVP_PKEY_KEYPAIR, list) == 1);
    check_signed_by(pair, RFC7517_RSA_PUBLIC);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(pair);
    OSSL_PARAM_free(list);
    OSSL_PARAM_BLD_free(build);
    for (size_t i = 0; i < 8; i++) BN_free(numbers[i]);
}

/* RFC 7515 A.1's MAC is right by this key: it is the RFC's */
static void check_symmetric(void)
{
    unsigned char mac[32];
    struct bytes key = decode(BYTES(RFC7517_OCT_K)), token = BYTES(HS256_JWS);
    struct bytes input = {token.at, token.len - 44}, octets = decode((struct bytes){token.at + token.len - 43, 43});
    HMAC(EVP_sha256(), key.at, (int)key.len, (const unsigned char *)input.at, input.len, mac, NULL);
    CHECK(memcmp(mac, octets.at, 32) == 0);
    for (enum key_algorithm a = 0; a < KEY_ALGORITHM_COUNT; a++) {
        CHECK(jwk_check_signature(parse(RFC7517_OCT_HMAC), a, input, octets) == JWK_UNFIT);
        CHECK(outcome(RFC7517_OCT_128, a) == JWK_UNFIT);
    }
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    TEST("RFC 7515 A.2, A.3, RFC 6979 A.2.6, RFC 8037 A.5: the examples verify by their JWKs, without alg too")
    {
        check_vector(RSA_JWK(RS256_N), KEY_RS256, RS256_INPUT, RS256_SIGNATURE);
        check_vector(EC_JWK(ES256_X, ES256_Y), KEY_ES256, ES256_INPUT, ES256_SIGNATURE);
        check_vector(EC384_JWK(ES384_X, ES384_Y), KEY_ES384, ES384_INPUT, ES384_SIGNATURE);
        check_vector(OKP_JWK(EDDSA_X), KEY_EDDSA, EDDSA_INPUT, EDDSA_SIGNATURE);
        check_vector("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" EDDSA_X "\"}", KEY_EDDSA, EDDSA_INPUT,
                     EDDSA_SIGNATURE);
    }
    TEST("a key of another kind or curve is unfit, and so is what is no key")
    {
        CHECK(outcome(EC_JWK(ES256_X, ES256_Y), KEY_ES384) == JWK_UNFIT);
        CHECK(outcome(EC_JWK(ES256_X, ES256_Y), KEY_RS256) == JWK_UNFIT);
        CHECK(outcome(RSA_JWK(RS256_N), KEY_EDDSA) == JWK_UNFIT);
        CHECK(outcome(RSA_JWK("AQAB"), KEY_RS256) == JWK_UNFIT);
        CHECK(outcome("{\"kty\":\"oct\",\"k\":\"AQAB\"}", KEY_ES256) == JWK_UNFIT);
        CHECK(outcome("{}", KEY_ES256) == JWK_UNFIT && outcome("[]", KEY_ES256) == JWK_UNFIT);
        CHECK(jwk_check_signature(NULL, KEY_ES256, BYTES("a"), BYTES("b")) == JWK_UNFIT);
    }
    TEST("as PEM it is the same key to others")
    {
        check_pem(RSA_JWK(RS256_N), KEY_RS256, "RSA");
        check_pem(EC_JWK(ES256_X, ES256_Y), KEY_ES256, "EC");
        check_pem(EC384_JWK(ES384_X, ES384_Y), KEY_ES384, "EC");
    }
    TEST("what is no key has no PEM")
    {
        struct text pem;
        text_init(&pem, &arena, 16);
        CHECK(!jwk_write_pem(parse("{}"), KEY_ES256, &pem) && pem.len == 0);
    }
    TEST("RFC 7517 A.1, RFC 7638 3.1: the public keys are read, by their thumbprints the very keys")
    {
        CHECK(has_thumbprint(KEY_ES256, RFC7517_EC_PUBLIC, "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"));
        CHECK(has_thumbprint(KEY_RS256, RFC7517_RSA_PUBLIC, THUMBPRINT));
        CHECK(has_thumbprint(KEY_PS256, RFC7517_RSA_PUBLIC, THUMBPRINT));
        CHECK(outcome(RFC7517_EC_PUBLIC, KEY_ES384) == JWK_UNFIT);
    }
    TEST("RFC 7517 A.2: of the private keys the public half is read, and it is the private one's") check_private_rsa();
    TEST("RFC 7517 A.2: a private key has the thumbprint of its public half")
    {
        CHECK(has_thumbprint(KEY_ES256, RFC7517_EC_PRIVATE, "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"));
        CHECK(has_thumbprint(KEY_RS256, RFC7517_RSA_PRIVATE, THUMBPRINT));
    }
    TEST("RFC 7517 A.3: the symmetric keys are unfit for every algorithm, also the one that a MAC was made with")
    check_symmetric();
    TEST("RFC 7518 6.2.2, 6.3.2, 6.4.1, RFC 8037 2: what only the owner may know")
    {
        static const char *const private[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
        static const char *const public[] = {"kty", "use", "key_ops", "alg", "kid", "x5u", "x5c", "x5t",
                                             "n",   "e",   "x",       "y",   "crv", "",    "d p", "D"};
        for (size_t i = 0; i < sizeof private / sizeof *private; i++)
            CHECK(jwk_member_is_private(bytes_of(private[i])));
        for (size_t i = 0; i < sizeof public / sizeof *public; i++) CHECK(!jwk_member_is_private(bytes_of(public[i])));
    }
    arena_release(&arena);
    return TEST_END();
}
