#include "keys/pair.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"
#include "unit/keys/vectors.h"
#include "unit/test.h"

static struct arena arena;

static bool reads(enum key_algorithm algorithm, const char *jwk)
{
    EVP_PKEY *pair = pair_read_jwk(algorithm, bytes_of(jwk), &arena);
    EVP_PKEY_free(pair);
    return pair != NULL;
}

static struct bytes write_jwk(enum key_algorithm algorithm, EVP_PKEY *pair)
{
    struct text text;
    text_init(&text, &arena, 512);
    pair_write_jwk(algorithm, pair, &text);
    return text_bytes(&text);
}

static void check_round_trip(enum key_algorithm algorithm)
{
    struct secret der;
    EVP_PKEY *pair = pair_generate(algorithm);
    CHECK(pair_write_private(pair, &der));
    EVP_PKEY *same = pair_read_private(algorithm, secret_expose(&der));
    CHECK(same != NULL && EVP_PKEY_eq(pair, same) == 1);
    enum key_algorithm other = algorithm == KEY_ES256 ? KEY_RS256 : KEY_ES256;
    CHECK(pair_read_private(other, secret_expose(&der)) == NULL);
    struct bytes cut = secret_expose(&der);
    cut.len--;
    CHECK(pair_read_private(algorithm, cut) == NULL);
    EVP_PKEY *public = pair_read_jwk(algorithm, write_jwk(algorithm, pair), &arena);
    CHECK(public != NULL && EVP_PKEY_eq(pair, public) == 1);
    EVP_PKEY_free(public);
    EVP_PKEY_free(same);
    EVP_PKEY_free(pair);
    secret_release(&der);
}

static void check_unfit(enum key_algorithm algorithm, EVP_PKEY *pair)
{
    struct secret der;
    CHECK(pair_write_private(pair, &der));
    CHECK(pair_read_private(algorithm, secret_expose(&der)) == NULL);
    if (algorithm == KEY_RS256) CHECK(pair_read_jwk(algorithm, write_jwk(algorithm, pair), &arena) == NULL);
    secret_release(&der);
    EVP_PKEY_free(pair);
}

/* the same number, with a zero octet before it */
static void check_leading_zero(void)
{
    char octets[512] = "";
    size_t len = 0;
    struct text jwk;
    CHECK(base64url_decode(BYTES(RS256_N), octets + 1, sizeof octets - 1, &len) && len == 256);
    text_init(&jwk, &arena, 512);
    text_put(&jwk, BYTES("{\"kty\":\"RSA\",\"alg\":\"RS256\",\"e\":\"AQAB\",\"n\":\""));
    text_put_base64url(&jwk, octets, len + 1);
    text_put(&jwk, BYTES("\"}"));
    CHECK(!reads(KEY_RS256, text_bytes(&jwk).at));
}

/* some of many keys have a coordinate that begins with a zero octet */
static void check_full_length(void)
{
    for (int i = 0; i < 300; i++) {
        EVP_PKEY *pair = pair_generate(KEY_ES256);
        const struct json *jwk =
            json_parse(&arena, write_jwk(KEY_ES256, pair), &(struct json_limits){4096, true}, NULL);
        CHECK(json_string(json_find(jwk, "x")).len == 43 && json_string(json_find(jwk, "y")).len == 43);
        EVP_PKEY_free(pair);
    }
}

static void check_names(void)
{
    enum key_algorithm algorithm;
    CHECK(key_algorithm_parse(BYTES("ES256"), &algorithm) && algorithm == KEY_ES256);
    CHECK(key_algorithm_parse(BYTES("RS256"), &algorithm) && algorithm == KEY_RS256);
    CHECK(!key_algorithm_parse(BYTES("es256"), &algorithm));
    CHECK(!key_algorithm_parse(BYTES("none"), &algorithm));
    CHECK(!key_algorithm_parse(BYTES_ABSENT, &algorithm));
    CHECK_BYTES(key_algorithm_name(KEY_RS256), BYTES("RS256"));
}

static void check_published_members(void)
{
    EVP_PKEY *pair = pair_read_jwk(KEY_ES256, BYTES(EC_JWK(ES256_X, ES256_Y)), &arena);
    char kid[KID_LEN + 1];
    pair_write_kid(KEY_ES256, pair, kid);
    struct json_limits limits = {4096, true};
    const struct json *jwk = json_parse(&arena, write_jwk(KEY_ES256, pair), &limits, NULL);
    CHECK_BYTES(json_string(json_find(jwk, "kty")), BYTES("EC"));
    CHECK_BYTES(json_string(json_find(jwk, "use")), BYTES("sig"));
    CHECK_BYTES(json_string(json_find(jwk, "alg")), BYTES("ES256"));
    CHECK_BYTES(json_string(json_find(jwk, "kid")), bytes_of(kid));
    CHECK_BYTES(json_string(json_find(jwk, "crv")), BYTES("P-256"));
    CHECK_BYTES(json_string(json_find(jwk, "x")), BYTES(ES256_X));
    CHECK_BYTES(json_string(json_find(jwk, "y")), BYTES(ES256_Y));
    CHECK(jwk != NULL && jwk->count == 7);
    EVP_PKEY_free(pair);
}

int main(void)
{
    arena_init(&arena, 64 << 20);
    TEST("the thumbprint of RFC 7638 3.1 is the known one")
    {
        char kid[KID_LEN + 1] = "";
        EVP_PKEY *pair = pair_read_jwk(KEY_RS256, BYTES(RSA_JWK(THUMBPRINT_N)), &arena);
        CHECK(pair != NULL);
        pair_write_kid(KEY_RS256, pair, kid);
        CHECK_BYTES(bytes_of(kid), BYTES(THUMBPRINT));
        EVP_PKEY_free(pair);
    }
    TEST("RFC 7517 4: what is published carries kty, use, alg, kid and the public members, no private one")
    check_published_members();
    TEST("an ES256 key goes through PKCS#8 and JWK unchanged, and is no RS256 key") check_round_trip(KEY_ES256);
    TEST("an RS256 key goes through PKCS#8 and JWK unchanged, and is no ES256 key") check_round_trip(KEY_RS256);
    TEST("RFC 7518 6.2.1.2: coordinates have full length, whatever they begin with") check_full_length();
    TEST("RFC 7518 6.2.1.2: a shortened or lengthened coordinate is refused")
    {
        CHECK(reads(KEY_ES256, EC_JWK(ES256_X, ES256_Y)));
        CHECK(!reads(KEY_ES256, EC_JWK("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA", ES256_Y)));
        CHECK(!reads(KEY_ES256, EC_JWK(ES256_X "AAAA", ES256_Y)));
        CHECK(!reads(KEY_ES256, EC_JWK("", "")));
    }
    TEST("RFC 8725 3.4: a point that is not on the curve is refused")
    CHECK(!reads(KEY_ES256, EC_JWK("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEQ", ES256_Y)));
    TEST("RFC 7518 3.3: an RSA key under 2048 bits is refused, and so is another curve")
    {
        check_unfit(KEY_RS256, EVP_RSA_gen(1024));
        check_unfit(KEY_RS256, EVP_RSA_gen(2040));
        check_unfit(KEY_ES256, EVP_EC_gen("P-384"));
    }
    TEST("RFC 7518 6.3.1.1: a modulus with a leading zero is refused")
    {
        CHECK(reads(KEY_RS256, RSA_JWK(RS256_N)));
        check_leading_zero();
    }
    TEST("RFC 8725 3.1: a key of another algorithm, without one, or with a name twice is refused")
    {
        CHECK(!reads(KEY_RS256, EC_JWK(ES256_X, ES256_Y)));
        CHECK(!reads(KEY_ES256, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" ES256_X "\",\"y\":\"" ES256_Y "\"}"));
        CHECK(!reads(KEY_ES256, "{\"kty\":\"RSA\",\"alg\":\"ES256\",\"e\":\"AQAB\",\"n\":\"" RS256_N "\"}"));
        CHECK(!reads(KEY_ES256, "{\"kty\":\"EC\",\"alg\":\"ES256\",\"alg\":\"ES256\",\"crv\":\"P-256\",\"x\":\"" ES256_X
                                "\",\"y\":\"" ES256_Y "\"}"));
        CHECK(!reads(KEY_ES256, "[]") && !reads(KEY_ES256, "") && !reads(KEY_ES256, "{"));
    }
    TEST("RFC 7515 4.1.1: algorithms are named in their own case, and none is none") check_names();
    arena_release(&arena);
    return TEST_END();
}
