#include "keys/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "keys/pair.h"
#include "keys/seal.h"
#include "keys/times.h"

enum { RING_MAX = 16 * 1024 * 1024, ETAG_OCTETS = 18 };

/* ---- opening ---- */

static bool refuse(struct bytes kid, const char *why, struct fault *fault)
{
    return fault_set(fault, FAULT_INPUT, "keys: open", "signing key %.*s %s; `hydrant keys revoke %.*s` takes it out",
                     BYTES_PRINT(kid), why, BYTES_PRINT(kid));
}

static bool open_private(struct ring_key *key, const struct key_material *row, const struct system_secrets *secrets,
                         struct fault *fault)
{
    struct secret der;
    switch (seal_open(secrets, row->kid, row->sealed_private, &der)) {
    case SEAL_OPEN: break;
    case SEAL_UNKNOWN_SECRET:
        return refuse(
            row->kid,
            "is sealed under a secret that secrets.system does not have: put that secret back at the end of the list",
            fault);
    case SEAL_BROKEN: return refuse(row->kid, "does not open: what is stored was changed, or is another key's", fault);
    }
    key->pair = pair_read_private(row->algorithm, secret_expose(&der));
    key->has_private = true;
    secret_release(&der);
    return key->pair != NULL || refuse(row->kid, "is no private key of its algorithm", fault);
}

/* once its private part is destroyed, a key only verifies */
static bool read_public(struct ring_key *key, const struct key_material *row, struct fault *fault)
{
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    key->pair = pair_read_jwk(row->algorithm, row->public_jwk, &arena);
    arena_release(&arena);
    return key->pair != NULL || refuse(row->kid, "has a public_jwk that is no key of its algorithm", fault);
}

static bool open_key(struct keyring *ring, const struct key_material *row, const struct system_secrets *secrets,
                     struct fault *fault)
{
    struct ring_key *key = &ring->keys[ring->key_count++];
    char kid[KID_LEN + 1];
    key->row = *row;
    key->row.kid = arena_copy(&ring->arena, row->kid);
    key->row.sealed_private = key->row.public_jwk = BYTES_ABSENT;
    bool opened =
        bytes_present(row->sealed_private) ? open_private(key, row, secrets, fault) : read_public(key, row, fault);
    if (!opened) return false;
    pair_write_kid(row->algorithm, key->pair, kid);
    return bytes_equal(bytes_of(kid), row->kid) || refuse(row->kid, "is not the thumbprint of its key", fault);
}

static int by_algorithm_and_epoch(const void *a, const void *b)
{
    const struct key_material *x = &((const struct ring_key *)a)->row, *y = &((const struct ring_key *)b)->row;
    if (x->algorithm != y->algorithm) return x->algorithm < y->algorithm ? -1 : 1;
    return (x->epoch > y->epoch) - (x->epoch < y->epoch);
}

/* ---- the key sets ---- */

static void write_set(struct keyring *ring, struct ring_set *at)
{
    struct text json, etag;
    unsigned char digest[DIGEST_LEN];
    text_init(&json, &ring->arena, 512 * ring->key_count);
    text_put(&json, BYTES("{\"keys\":["));
    for (size_t i = 0, count = 0; i < ring->key_count; i++) {
        if (!times_published(&ring->keys[i].row, at->from)) continue;
        if (count++ > 0) text_put_char(&json, ',');
        pair_write_jwk(ring->keys[i].row.algorithm, ring->keys[i].pair, &json);
    }
    text_put(&json, BYTES("]}"));
    at->set.json = text_bytes(&json);
    digest_sha256(at->set.json, digest);
    text_init(&etag, &ring->arena, 32);
    text_put_char(&etag, '"');
    text_put_base64url(&etag, digest, ETAG_OCTETS);
    text_put_char(&etag, '"');
    at->set.etag = text_bytes(&etag);
}

static int by_from(const void *a, const void *b)
{
    int64_t x = ((const struct ring_set *)a)->from, y = ((const struct ring_set *)b)->from;
    return (x > y) - (x < y);
}

/* one set for now, and one for each moment to come at which a key goes */
static void write_sets(struct keyring *ring, int64_t now)
{
    ring->sets = arena_take(&ring->arena, (ring->key_count + 1) * sizeof *ring->sets);
    if (ring->sets == NULL) return;
    ring->sets[ring->set_count++].from = now;
    for (size_t i = 0; i < ring->key_count; i++)
        if (ring->keys[i].row.remove_at > now) ring->sets[ring->set_count++].from = ring->keys[i].row.remove_at;
    qsort(ring->sets, ring->set_count, sizeof *ring->sets, by_from);
    for (size_t i = 0; i < ring->set_count; i++) write_set(ring, &ring->sets[i]);
}

/* ---- life ---- */

static bool fill(struct keyring *ring, const struct keyring_source *source, struct fault *fault)
{
    ring->keys = arena_take(&ring->arena, (source->count + 1) * sizeof *ring->keys);
    for (size_t i = 0; i < source->count && ring->keys != NULL; i++) {
        const struct key_material *row = &source->rows[i];
        if (!times_removed(row, source->now) && !open_key(ring, row, source->secrets, fault)) return false;
    }
    if (ring->keys != NULL) qsort(ring->keys, ring->key_count, sizeof *ring->keys, by_algorithm_and_epoch);
    write_sets(ring, source->now);
    if (!ring->arena.overflowed) return true;
    return fault_set(fault, FAULT_FULL, "keys: open", "there are too many signing keys: %zu", source->count);
}

struct keyring *keyring_create(const struct keyring_source *source, struct fault *fault)
{
    struct keyring *ring = calloc(1, sizeof *ring);
    if (ring == NULL) abort();
    atomic_init(&ring->owners, 1);
    arena_init(&ring->arena, RING_MAX);
    keyring_confirm(ring, source->now, source->asked_steady_ms);
    for (size_t i = 0; i < source->algorithm_count; i++) ring->may_sign[source->algorithms[i]] = true;
    if (fill(ring, source, fault)) return ring;
    keyring_release(ring);
    return NULL;
}

void keyring_confirm(struct keyring *ring, int64_t now, int64_t asked_steady_ms)
{
    atomic_store_explicit(&ring->ahead_ms, now - asked_steady_ms, memory_order_relaxed);
    atomic_store_explicit(&ring->read_at_ms, asked_steady_ms, memory_order_relaxed);
}

struct keyring *keyring_hold(struct keyring *ring)
{
    atomic_fetch_add_explicit(&ring->owners, 1, memory_order_relaxed);
    return ring;
}

void keyring_release(struct keyring *ring)
{
    if (ring == NULL || atomic_fetch_sub_explicit(&ring->owners, 1, memory_order_acq_rel) > 1) return;
    for (size_t i = 0; i < ring->key_count; i++) EVP_PKEY_free(ring->keys[i].pair);
    arena_release(&ring->arena);
    free(ring);
}

/* ---- reading ---- */

int64_t keyring_now(const struct keyring *ring)
{
    return clock_steady_ms() + atomic_load_explicit(&ring->ahead_ms, memory_order_relaxed);
}

int64_t keyring_age_ms(const struct keyring *ring)
{
    return clock_steady_ms() - atomic_load_explicit(&ring->read_at_ms, memory_order_relaxed);
}

const struct ring_key *ring_find(const struct keyring *ring, struct bytes kid)
{
    int64_t now = keyring_now(ring);
    for (size_t i = 0; i < ring->key_count; i++)
        if (bytes_equal(ring->keys[i].row.kid, kid) && times_published(&ring->keys[i].row, now)) return &ring->keys[i];
    return NULL;
}

bool keyring_publishes(const struct keyring *ring, struct bytes kid) { return ring_find(ring, kid) != NULL; }

static const struct ring_key *find_best(const struct keyring *ring, enum key_algorithm algorithm)
{
    int64_t now = keyring_now(ring);
    const struct ring_key *best = NULL;
    for (size_t i = 0; i < ring->key_count; i++) {
        const struct ring_key *key = &ring->keys[i];
        if (key->row.algorithm != algorithm || !key->has_private || !times_may_sign(&key->row, now)) continue;
        if (times_better(&key->row, best == NULL ? NULL : &best->row, now)) best = key;
    }
    return best;
}

const struct ring_key *ring_find_signing(const struct keyring *ring, enum key_algorithm algorithm, struct fault *fault)
{
    const char *name = key_algorithm_name(algorithm).at;
    if (keyring_age_ms(ring) > KEYS_VIEW_MAX_MS) {
        fault_set(fault, FAULT_AWAY, "keys: sign",
                  "the keys were last read %lld s ago: who knows what is published now",
                  (long long)(keyring_age_ms(ring) / 1000));
        return NULL;
    }
    if (!ring->may_sign[algorithm]) {
        fault_set(fault, FAULT_AWAY, "keys: sign", "%s is not in keys.algorithms", name);
        return NULL;
    }
    const struct ring_key *best = find_best(ring, algorithm);
    if (best == NULL) fault_set(fault, FAULT_AWAY, "keys: sign", "no %s key is active", name);
    return best;
}

bool keyring_can_sign(struct keyring *ring, enum key_algorithm algorithm)
{
    return ring_find_signing(ring, algorithm, NULL) != NULL;
}

struct key_set keyring_jwks(struct keyring *ring)
{
    int64_t now = keyring_now(ring);
    size_t at = 0;
    while (at + 1 < ring->set_count && ring->sets[at + 1].from <= now) at++;
    return ring->sets[at].set;
}
