/* fixture: secrets and keys for the tests of keys/. */
#ifndef TESTS_UNIT_KEYS_FIXTURE_H
#define TESTS_UNIT_KEYS_FIXTURE_H

#include <stdlib.h>

#include "base/clock.h"
#include "keys/keys.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static inline struct system_secrets fixture_secrets(void)
{
    struct bytes texts[] = {BYTES("Zk3vT9qPw7LxN2mYs8RbHc4JdFgAe6Uo"), BYTES("Qy5tUw2XnB8kVs4ZmR7cLp9HjDf3GaEi")};
    struct system_secrets secrets;
    struct fault fault;
    if (!system_secrets_init(&secrets, texts, 2, &fault)) abort();
    return secrets;
}

/* signs from activate_at on, without end */
static inline struct key_material fixture_key(enum key_algorithm algorithm, int64_t epoch, int64_t activate_at,
                                              struct arena *arena)
{
    struct system_secrets secrets = fixture_secrets();
    struct fault fault;
    const struct key_making how = {&secrets, RSA_BITS_MIN};
    struct key_material key = {.epoch = epoch, .created_at = 1, .activate_at = activate_at};
    if (!key_make(algorithm, &how, arena, &key, &fault)) abort();
    system_secrets_release(&secrets);
    return key;
}

static inline struct keyring *fixture_ring(const struct key_material *rows, size_t count)
{
    struct system_secrets secrets = fixture_secrets();
    struct fault fault;
    struct keyring *ring = keyring_create(rows, count, &secrets, clock_now_ms(), &fault);
    if (ring == NULL) abort();
    system_secrets_release(&secrets);
    return ring;
}

#endif
