#include "keys/jwk.h"

#include <openssl/pem.h>

#include "base/encoding.h"
#include "base/text.h"
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
    arena_release(&arena);
    return TEST_END();
}
