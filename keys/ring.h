/* ring: what a struct keyring is made of, for keys/ alone.
 *
 * Rule: immutable once made but for the two times that a confirmation sets, so that threads read it without a lock. The
 * key sets of all times to come are written when the ring is made: they change only when a key's time passes, and those
 * times are known. */
#ifndef KEYS_RING_H
#define KEYS_RING_H

#include <openssl/evp.h>
#include <stdatomic.h>

#include "keys/keys.h"

struct ring_key {
    struct key_material row; /* public_jwk as it is published, whatever stands in the table */
    EVP_PKEY *pair;          /* the public half alone where has_private is false */
    bool has_private;
};

struct ring_set {
    int64_t from; /* database's clock */
    struct key_set set;
};

struct keyring {
    atomic_uint owners;
    _Atomic int64_t ahead_ms;           /* the database's clock before clock_steady_ms() */
    _Atomic int64_t read_at_ms;         /* steady: no later than when the rows were read */
    bool may_sign[KEY_ALGORITHM_COUNT]; /* configured */
    struct arena arena;
    struct ring_key *keys; /* by algorithm, epoch */
    size_t key_count;
    struct key_trouble *troubles;
    size_t trouble_count;
    struct ring_set *sets; /* by from */
    size_t set_count;
};

/* the published key of that kid, or NULL */
const struct ring_key *ring_find(const struct keyring *ring, struct bytes kid);
/* the key that signs now; NULL with *fault when there is none */
const struct ring_key *ring_find_signing(const struct keyring *ring, enum key_algorithm algorithm, struct fault *fault);

#endif
