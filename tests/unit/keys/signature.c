#include "keys/signature.h"

#include "base/encoding.h"
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
    EVP_PKEY *pair = pair_generate(algorithm), *stranger = pair_generate(algorithm);
    EVP_PKEY_CTX *prepared = signature_prepare(algorithm, pair);
    for (int i = 0; i < rounds; i++) {
        struct signature signature;
        struct bytes input = {"0123456789", (size_t)i % 10};
        CHECK(signature_make(algorithm, prepared, input, &signature) && signature.len == expected_len);
        struct bytes made = {(char *)signature.at, signature.len};
        CHECK(signature_check(algorithm, pair, input, made));
        CHECK(!signature_check(algorithm, stranger, input, made));
    }
    EVP_PKEY_CTX_free(prepared);
    EVP_PKEY_free(pair);
    EVP_PKEY_free(stranger);
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
    TEST("RFC 7518 3.4: r and s of zeros are no signature")
    {
        EVP_PKEY *pair = pair_generate(KEY_ES256);
        char zeros[64] = "";
        CHECK(!signature_check(KEY_ES256, pair, BYTES("a"), (struct bytes){zeros, sizeof zeros}));
        EVP_PKEY_free(pair);
    }
    arena_release(&arena);
    return TEST_END();
}
