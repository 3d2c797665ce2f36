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
    return fault_set(fault, FAULT_INPUT, "keys: open", "signing key %.*s %s", BYTES_PRINT(kid), why);
}

static bool open_private(struct ring_key *key, const struct key_material *row, const struct system_secrets *secrets,
                         struct fault *fault)
{
    struct secret der;
    switch (seal_open(secrets, row->kid, row->sealed_private, &der)) {
    case SEAL_OPEN: break;
    case SEAL_UNKNOWN_SECRET:
        return refuse(row->kid, "is sealed under a secret that secrets.system does not have", fault);
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

/* one set for now, and one for each moment to come at which a key appears or goes */
static void write_sets(struct keyring *ring, int64_t now)
{
    ring->sets = arena_take(&ring->arena, (2 * ring->key_count + 1) * sizeof *ring->sets);
    if (ring->sets == NULL) return;
    ring->sets[ring->set_count++].from = now;
    for (size_t i = 0; i < ring->key_count; i++) {
        const struct key_material *row = &ring->keys[i].row;
        if (row->created_at > now) ring->sets[ring->set_count++].from = row->created_at;
        if (row->remove_at > now) ring->sets[ring->set_count++].from = row->remove_at;
    }
    qsort(ring->sets, ring->set_count, sizeof *ring->sets, by_from);
    for (size_t i = 0; i < ring->set_count; i++) write_set(ring, &ring->sets[i]);
}

/* ---- life ---- */

static bool removed(const struct key_material *row, int64_t now)
{
    return row->remove_at != 0 && row->remove_at <= now;
}

static bool fill(struct keyring *ring, const struct key_material *rows, size_t count,
                 const struct system_secrets *secrets, struct fault *fault)
{
    int64_t now = clock_now_ms() + ring->ahead_ms;
    ring->keys = arena_take(&ring->arena, (count + 1) * sizeof *ring->keys);
    for (size_t i = 0; i < count && ring->keys != NULL; i++)
        if (!removed(&rows[i], now) && !open_key(ring, &rows[i], secrets, fault)) return false;
    if (ring->keys != NULL) qsort(ring->keys, ring->key_count, sizeof *ring->keys, by_algorithm_and_epoch);
    write_sets(ring, now);
    if (!ring->arena.overflowed) return true;
    return fault_set(fault, FAULT_FULL, "keys: open", "there are too many signing keys: %zu", count);
}

struct keyring *keyring_create(const struct key_material *rows, size_t count, const struct system_secrets *secrets,
                               int64_t now, struct fault *fault)
{
    struct keyring *ring = calloc(1, sizeof *ring);
    if (ring == NULL) abort();
    atomic_init(&ring->owners, 1);
    arena_init(&ring->arena, RING_MAX);
    ring->ahead_ms = now - clock_now_ms();
    if (fill(ring, rows, count, secrets, fault)) return ring;
    keyring_release(ring);
    return NULL;
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

static int64_t ring_now(const struct keyring *ring) { return clock_now_ms() + ring->ahead_ms; }

const struct ring_key *ring_find(const struct keyring *ring, struct bytes kid)
{
    int64_t now = ring_now(ring);
    for (size_t i = 0; i < ring->key_count; i++)
        if (bytes_equal(ring->keys[i].row.kid, kid) && times_published(&ring->keys[i].row, now)) return &ring->keys[i];
    return NULL;
}

const struct ring_key *ring_find_signing(const struct keyring *ring, enum key_algorithm algorithm)
{
    int64_t now = ring_now(ring);
    const struct ring_key *best = NULL;
    for (size_t i = 0; i < ring->key_count; i++) {
        const struct ring_key *key = &ring->keys[i];
        if (key->row.algorithm != algorithm || !key->has_private || !times_may_sign(&key->row, now)) continue;
        if (times_better(&key->row, best == NULL ? NULL : &best->row, now)) best = key;
    }
    return best;
}

bool keyring_can_sign(struct keyring *ring, enum key_algorithm algorithm)
{
    return ring_find_signing(ring, algorithm) != NULL;
}

struct key_set keyring_jwks(struct keyring *ring)
{
    int64_t now = ring_now(ring);
    size_t at = 0;
    while (at + 1 < ring->set_count && ring->sets[at + 1].from <= now) at++;
    return ring->sets[at].set;
}
