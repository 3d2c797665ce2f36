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

/* read now; every algorithm may sign. secrets must outlive the call */
static inline struct keyring_source fixture_source(const struct key_material *rows, size_t count,
                                                   const struct system_secrets *secrets)
{
    static const enum key_algorithm all[] = {KEY_ES256, KEY_ES384, KEY_RS256, KEY_PS256, KEY_EDDSA};
    return (struct keyring_source){.rows = rows,
                                   .count = count,
                                   .algorithms = all,
                                   .algorithm_count = sizeof all / sizeof *all,
                                   .secrets = secrets,
                                   .now = clock_now_ms(),
                                   .asked_steady_ms = clock_steady_ms()};
}

static inline struct keyring *fixture_ring(const struct key_material *rows, size_t count)
{
    struct system_secrets secrets = fixture_secrets();
    struct keyring_source source = fixture_source(rows, count, &secrets);
    struct fault fault;
    struct keyring *ring = keyring_create(&source, &fault);
    if (ring == NULL) abort();
    system_secrets_release(&secrets);
    return ring;
}

#endif
