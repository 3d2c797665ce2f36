/* What is taken for a hash is within the bounds that make it safe to compute, and is none of another kind. */
#include <assert.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "oauth/client_secret.h"
#include "oauth/slow_hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    struct slow_hash hash;
    struct fault fault;
    if (!slow_hash_parse(text, &hash, &fault)) {
        assert(fault.kind == FAULT_INPUT);
        return 0;
    }
    assert(slow_hash_looks_like(text) && client_secret_hash_check(text, &fault));
    if (hash.iterations == 0) {
        assert(size == BCRYPT_TEXT_LEN && strlen(hash.bcrypt) == size);
        return 0;
    }
    assert(hash.iterations >= PBKDF2_ITERATIONS_MIN && hash.iterations <= PBKDF2_ITERATIONS_MAX);
    assert(hash.salt_len >= PBKDF2_SALT_MIN && hash.salt_len <= PBKDF2_SALT_MAX);
    assert(hash.key_len >= PBKDF2_KEY_MIN && hash.key_len <= PBKDF2_KEY_MAX);
    return 0;
}
