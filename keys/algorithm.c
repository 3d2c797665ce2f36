#include "keys/algorithm.h"

#include <assert.h>

static const struct algorithm rows[KEY_ALGORITHM_COUNT] = {
    [KEY_ES256] = {BYTES("ES256"), KIND_EC, "P-256", "prime256v1", 32, 32, false},
    [KEY_ES384] = {BYTES("ES384"), KIND_EC, "P-384", "secp384r1", 48, 48, false},
    [KEY_RS256] = {BYTES("RS256"), KIND_RSA, NULL, NULL, 0, 32, false},
    [KEY_PS256] = {BYTES("PS256"), KIND_RSA, NULL, NULL, 0, 32, true},
    [KEY_EDDSA] = {BYTES("EdDSA"), KIND_OKP, "Ed25519", NULL, 32, 0, false},
};

const struct algorithm *algorithm_of(enum key_algorithm algorithm)
{
    assert(algorithm < KEY_ALGORITHM_COUNT);
    return &rows[algorithm];
}

struct bytes algorithm_kty(enum key_kind kind)
{
    switch (kind) {
    case KIND_EC: return BYTES("EC");
    case KIND_RSA: return BYTES("RSA");
    case KIND_OKP: return BYTES("OKP");
    }
    return BYTES_ABSENT;
}

/* RFC 7515 4.1.1: names are case-sensitive */
bool key_algorithm_parse(struct bytes name, enum key_algorithm *algorithm)
{
    for (size_t i = 0; i < KEY_ALGORITHM_COUNT; i++) {
        if (!bytes_equal(name, rows[i].name)) continue;
        *algorithm = (enum key_algorithm)i;
        return true;
    }
    return false;
}

struct bytes key_algorithm_name(enum key_algorithm algorithm) { return algorithm_of(algorithm)->name; }
