#include "keys/pair.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/algorithm.h"
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
    EVP_PKEY *pair = pair_generate(algorithm, RSA_BITS_MIN);
    CHECK(pair_write_private(pair, &der));
    EVP_PKEY *same = pair_read_private(algorithm, secret_expose(&der));
    CHECK(same != NULL && EVP_PKEY_eq(pair, same) == 1);
    for (enum key_algorithm other = 0; other < KEY_ALGORITHM_COUNT; other++) {
        if (algorithm_of(other)->kind == KIND_RSA && algorithm_of(algorithm)->kind == KIND_RSA) continue;
        EVP_PKEY *read = pair_read_private(other, secret_expose(&der));
        CHECK((read != NULL) == (other == algorithm));
        EVP_PKEY_free(read);
    }
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
    if (algorithm_of(algorithm)->kind == KIND_RSA)
        CHECK(pair_read_jwk(algorithm, write_jwk(algorithm, pair), &arena) == NULL);
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
static void check_full_length(enum key_algorithm algorithm, size_t text_len)
{
    for (int i = 0; i < 300; i++) {
        EVP_PKEY *pair = pair_generate(algorithm, 0);
        const struct json *jwk =
            json_parse(&arena, write_jwk(algorithm, pair), &(struct json_limits){4096, true}, NULL);
        CHECK(json_string(json_find(jwk, "x")).len == text_len && json_string(json_find(jwk, "y")).len == text_len);
        EVP_PKEY_free(pair);
    }
}

static void check_names(void)
{
    static const char *const refused[] = {"es256", "none", "None", "", "HS256", "RS1", "ES256K", "EDDSA", "RS256 "};
    struct bytes rest = BYTES(KEY_ALGORITHM_NAMES), word;
    enum key_algorithm algorithm;
    for (enum key_algorithm a = 0; a < KEY_ALGORITHM_COUNT; a++) {
        CHECK(bytes_take_word(&rest, ' ', &word));
        CHECK(key_algorithm_parse(word, &algorithm) && algorithm == a);
        CHECK_BYTES(key_algorithm_name(a), word);
    }
    CHECK(rest.len == 0);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK(!key_algorithm_parse(bytes_of(refused[i]), &algorithm));
    CHECK(!key_algorithm_parse(BYTES_ABSENT, &algorithm));
}

static size_t count_members(const struct json *jwk, const char *names)
{
    struct bytes rest = bytes_of(names), word;
    size_t count = 0;
    while (bytes_take_word(&rest, ' ', &word)) count += json_find(jwk, arena_text(&arena, word)) != NULL;
    return count;
}

/* each algorithm's own members, and no more: nothing private */
static void check_members(enum key_algorithm algorithm, const char *names, const char *kty, const char *crv)
{
    EVP_PKEY *pair = pair_generate(algorithm, RSA_BITS_MIN);
    const struct json *jwk = json_parse(&arena, write_jwk(algorithm, pair), &(struct json_limits){4096, true}, NULL);
    CHECK(jwk != NULL && jwk->count == count_members(jwk, names));
    CHECK_BYTES(json_string(json_find(jwk, "kty")), bytes_of(kty));
    CHECK_BYTES(json_string(json_find(jwk, "crv")), bytes_of(crv));
    CHECK_BYTES(json_string(json_find(jwk, "alg")), key_algorithm_name(algorithm));
    CHECK_BYTES(json_string(json_find(jwk, "use")), BYTES("sig"));
    CHECK(json_find(jwk, "d") == NULL && json_find(jwk, "p") == NULL);
    EVP_PKEY_free(pair);
}

static void check_thumbprint(enum key_algorithm algorithm, const char *jwk, const char *expected)
{
    char kid[KID_LEN + 1] = "";
    EVP_PKEY *pair = pair_read_jwk(algorithm, bytes_of(jwk), &arena);
    CHECK(pair != NULL);
    pair_write_kid(algorithm, pair, kid);
    CHECK_BYTES(bytes_of(kid), bytes_of(expected));
    EVP_PKEY_free(pair);
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
    check_thumbprint(KEY_RS256, RSA_JWK(THUMBPRINT_N), THUMBPRINT);
    TEST("the thumbprint of RFC 8037 A.3 is the known one")
    check_thumbprint(KEY_EDDSA, OKP_JWK(EDDSA_X), EDDSA_THUMBPRINT);
    TEST("RFC 7517 4: what is published carries kty, use, alg, kid and the public members, no private one")
    check_published_members();
    TEST("RFC 7518 6.2, 6.3, RFC 8037 2: each algorithm's JWK has its own members")
    {
        check_members(KEY_ES256, "kty use alg kid crv x y", "EC", "P-256");
        check_members(KEY_ES384, "kty use alg kid crv x y", "EC", "P-384");
        check_members(KEY_RS256, "kty use alg kid n e", "RSA", NULL);
        check_members(KEY_PS256, "kty use alg kid n e", "RSA", NULL);
        check_members(KEY_EDDSA, "kty use alg kid crv x", "OKP", "Ed25519");
    }
    TEST("an ES256 key goes through PKCS#8 and JWK unchanged, and is no other algorithm's") check_round_trip(KEY_ES256);
    TEST("an ES384 key goes through PKCS#8 and JWK unchanged, and is no other algorithm's") check_round_trip(KEY_ES384);
    TEST("an RS256 key goes through PKCS#8 and JWK unchanged, and is no EC key") check_round_trip(KEY_RS256);
    TEST("a PS256 key goes through PKCS#8 and JWK unchanged, and is no EC key") check_round_trip(KEY_PS256);
    TEST("an EdDSA key goes through PKCS#8 and JWK unchanged, and is no other algorithm's") check_round_trip(KEY_EDDSA);
    TEST("RFC 7518 6.2.1.2: coordinates have full length, whatever they begin with")
    {
        check_full_length(KEY_ES256, 43);
        check_full_length(KEY_ES384, 64);
    }
    TEST("RFC 7518 6.2.1.2: a shortened or lengthened coordinate is refused")
    {
        CHECK(reads(KEY_ES256, EC_JWK(ES256_X, ES256_Y)));
        CHECK(!reads(KEY_ES256, EC_JWK("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA", ES256_Y)));
        CHECK(!reads(KEY_ES256, EC_JWK(ES256_X "AAAA", ES256_Y)));
        CHECK(!reads(KEY_ES256, EC_JWK("", "")));
        CHECK(reads(KEY_ES384, EC384_JWK(ES384_X, ES384_Y)));
        CHECK(!reads(KEY_ES384, EC384_JWK(ES256_X, ES256_Y)));
        CHECK(reads(KEY_EDDSA, OKP_JWK(EDDSA_X)));
        CHECK(!reads(KEY_EDDSA, OKP_JWK("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ")));
        CHECK(!reads(KEY_EDDSA, OKP_JWK(EDDSA_X "AAAA")) && !reads(KEY_EDDSA, OKP_JWK("")));
    }
    TEST("RFC 8725 3.4: a point that is not on the curve is refused")
    CHECK(!reads(KEY_ES256, EC_JWK("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEQ", ES256_Y)));
    TEST("RFC 7518 3.3: an RSA key under 2048 bits is refused, and so is another curve")
    {
        check_unfit(KEY_RS256, EVP_RSA_gen(1024));
        check_unfit(KEY_RS256, EVP_RSA_gen(2040));
        check_unfit(KEY_PS256, EVP_RSA_gen(1024));
        check_unfit(KEY_ES256, EVP_EC_gen("P-384"));
        check_unfit(KEY_ES384, EVP_EC_gen("P-256"));
        check_unfit(KEY_EDDSA, EVP_PKEY_Q_keygen(NULL, NULL, "ED448"));
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
        CHECK(!reads(KEY_PS256, RSA_JWK(RS256_N)));
        CHECK(!reads(KEY_EDDSA, "{\"kty\":\"OKP\",\"alg\":\"EdDSA\",\"crv\":\"X25519\",\"x\":\"" EDDSA_X "\"}"));
        CHECK(!reads(KEY_EDDSA, "{\"kty\":\"EC\",\"alg\":\"EdDSA\",\"crv\":\"Ed25519\",\"x\":\"" EDDSA_X "\"}"));
        CHECK(!reads(KEY_ES256, "[]") && !reads(KEY_ES256, "") && !reads(KEY_ES256, "{"));
    }
    TEST("RFC 7515 4.1.1: algorithms are named in their own case, and none is none") check_names();
    arena_release(&arena);
    return TEST_END();
}
