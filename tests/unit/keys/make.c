#include "keys/keys.h"

#include "keys/pair.h"
#include "keys/seal.h"
#include "unit/keys/fixture.h"
#include "unit/test.h"

static void check_row(enum key_algorithm algorithm)
{
    struct arena arena;
    struct secret private = {NULL, 0};
    char kid[KID_LEN + 1];
    arena_init(&arena, 1 << 20);
    struct system_secrets secrets = fixture_secrets();
    struct key_material key = fixture_key(algorithm, 7, 5, &arena);
    CHECK(key.algorithm == algorithm && key.epoch == 7 && key.activate_at == 5 && key.kid.len == KID_LEN);
    EVP_PKEY *public = pair_read_jwk(algorithm, key.public_jwk, &arena);
    CHECK(public != NULL);
    pair_write_kid(algorithm, public, kid);
    CHECK_BYTES(key.kid, bytes_of(kid));
    CHECK(seal_open(&secrets, key.kid, key.sealed_private, &private) == SEAL_OPEN);
    EVP_PKEY *pair = pair_read_private(algorithm, secret_expose(&private));
    CHECK(pair != NULL && EVP_PKEY_eq(pair, public) == 1);
    EVP_PKEY_free(pair);
    EVP_PKEY_free(public);
    secret_release(&private);
    arena_release(&arena);
}

static void check_size(unsigned bits)
{
    struct arena arena;
    struct fault fault;
    struct system_secrets secrets = fixture_secrets();
    struct key_material key = {.epoch = 0};
    const struct key_making how = {&secrets, bits};
    arena_init(&arena, 1 << 20);
    CHECK(key_make(KEY_PS256, &how, &arena, &key, &fault));
    EVP_PKEY *public = pair_read_jwk(KEY_PS256, key.public_jwk, &arena);
    CHECK(public != NULL && EVP_PKEY_get_bits(public) == (int)bits);
    EVP_PKEY_free(public);
    arena_release(&arena);
}

int main(void)
{
    TEST("a new ES256 key is named, published and sealed; epoch and times stay") check_row(KEY_ES256);
    TEST("a new ES384 key is named, published and sealed; epoch and times stay") check_row(KEY_ES384);
    TEST("a new RS256 key is named, published and sealed; epoch and times stay") check_row(KEY_RS256);
    TEST("a new PS256 key is named, published and sealed; epoch and times stay") check_row(KEY_PS256);
    TEST("a new EdDSA key is named, published and sealed; epoch and times stay") check_row(KEY_EDDSA);
    TEST("an RSA key is as large as it is asked for") check_size(4096);
    TEST("an arena that is too small is a fault, not half a key")
    {
        struct arena arena;
        struct fault fault;
        struct key_material key = {.epoch = 0};
        struct system_secrets secrets = fixture_secrets();
        arena_init(&arena, 256);
        const struct key_making how = {&secrets, RSA_BITS_MIN};
        CHECK(!key_make(KEY_ES256, &how, &arena, &key, &fault) && fault.kind == FAULT_FULL);
        arena_release(&arena);
    }
    return TEST_END();
}
