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

static const char UNKNOWN_SECRET[] =
    "is sealed under a secret that secrets.system does not have: put that secret back at the end of the list";
static const char BROKEN_SEAL[] = "does not open: what is stored was changed, or is another key's";
static const char NO_PRIVATE[] = "is no private key of its algorithm";
static const char NO_PUBLIC[] = "has a public_jwk that is no key of its algorithm";
static const char NOT_ITS_NAME[] = "is not the thumbprint of its key";

/* NULL: it is open; else what is wrong with it, behind the words "signing key KID" */
static const char *open_private(struct ring_key *key, const struct system_secrets *secrets)
{
    struct secret der;
    switch (seal_open(secrets, key->row.kid, key->row.sealed_private, &der)) {
    case SEAL_OPEN: break;
    case SEAL_UNKNOWN_SECRET: return UNKNOWN_SECRET;
    case SEAL_BROKEN: return BROKEN_SEAL;
    }
    key->pair = pair_read_private(key->row.algorithm, secret_expose(&der));
    key->has_private = key->pair != NULL;
    secret_release(&der);
    return key->pair == NULL ? NO_PRIVATE : NULL;
}

static const char *open_public(struct ring_key *key)
{
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    key->pair = pair_read_jwk(key->row.algorithm, key->row.public_jwk, &arena);
    arena_release(&arena);
    return key->pair == NULL ? NO_PUBLIC : NULL;
}

static const char *check_name(struct ring_key *key)
{
    char kid[KID_LEN + 1];
    pair_write_kid(key->row.algorithm, key->pair, kid);
    if (bytes_equal(bytes_of(kid), key->row.kid)) return NULL;
    EVP_PKEY_free(key->pair);
    key->pair = NULL;
    key->has_private = false;
    return NOT_ITS_NAME;
}

/* once its private part is destroyed, a key only verifies */
static const char *open_as_it_stands(struct ring_key *key, const struct system_secrets *secrets)
{
    bool sealed = bytes_present(key->row.sealed_private);
    const char *why = sealed ? open_private(key, secrets) : open_public(key);
    return why == NULL ? check_name(key) : why;
}

static const struct ring_key *find_row(const struct keyring *ring, const struct key_material *row)
{
    for (size_t i = 0; ring != NULL && i < ring->key_count; i++)
        if (ring->keys[i].row.algorithm == row->algorithm && bytes_equal(ring->keys[i].row.kid, row->kid))
            return &ring->keys[i];
    return NULL;
}

/* what the ring before has of it, as far as its row is to have it still */
static bool carry_over(struct ring_key *key, const struct ring_key *before)
{
    if (before == NULL) return false;
    if (before->has_private && !bytes_present(key->row.sealed_private)) {
        key->row.public_jwk = before->row.public_jwk;
        return open_public(key) == NULL;
    }
    EVP_PKEY_up_ref(before->pair);
    key->pair = before->pair;
    key->has_private = before->has_private;
    return true;
}

/* a row that stands as it stood opens as it opened */
static bool is_opened_already(const struct ring_key *key, const struct ring_key *before)
{
    return before != NULL && bytes_equal(before->row.sealed_private, key->row.sealed_private) &&
           bytes_equal(before->row.public_jwk, key->row.public_jwk);
}

/* what of it can be had: what is there already, or at least the public half */
static void open_in_part(struct ring_key *key, const struct ring_key *before)
{
    if (!carry_over(key, before) && open_public(key) == NULL) check_name(key);
}

/* ---- what is wrong ---- */

static bool refuse(const struct key_trouble *trouble, struct fault *fault)
{
    return fault_set(fault, FAULT_INPUT, "keys: open", "%.*s", BYTES_PRINT(trouble->words));
}

static struct key_trouble describe(struct keyring *ring, struct bytes kid, const char *why)
{
    struct text words;
    text_init(&words, &ring->arena, 256);
    text_put(&words, BYTES("signing key "));
    text_put(&words, kid);
    text_put_char(&words, ' ');
    text_put(&words, bytes_of(why));
    text_put(&words, BYTES("; `hydrant keys revoke "));
    text_put(&words, kid);
    text_put(&words, BYTES("` takes it out"));
    return (struct key_trouble){kid, text_bytes(&words)};
}

static void note(struct keyring *ring, const struct key_trouble *trouble)
{
    if (ring->troubles == NULL) return; /* the arena is full, which fails the ring */
    ring->troubles[ring->trouble_count++] =
        (struct key_trouble){arena_copy(&ring->arena, trouble->kid), arena_copy(&ring->arena, trouble->words)};
}

static const struct key_trouble *find_trouble(const struct keyring *ring, struct bytes kid)
{
    for (size_t i = 0; i < ring->trouble_count; i++)
        if (bytes_equal(ring->troubles[i].kid, kid)) return &ring->troubles[i];
    return NULL;
}

/* ---- a row ---- */

static void keep(struct keyring *ring, struct ring_key key)
{
    struct text jwk;
    if (key.pair == NULL) return;
    text_init(&jwk, &ring->arena, 512);
    pair_write_jwk(key.row.algorithm, key.pair, &jwk);
    key.row.public_jwk = text_bytes(&jwk);
    key.row.kid = arena_copy(&ring->arena, key.row.kid);
    key.row.sealed_private = arena_copy(&ring->arena, key.row.sealed_private);
    ring->keys[ring->key_count++] = key;
}

/* false with *fault: at a start */
static bool open_anew(struct keyring *ring, struct ring_key *key, const struct keyring_source *source,
                      const struct ring_key *before, struct fault *fault)
{
    const char *why = open_as_it_stands(key, source->secrets);
    if (why == NULL) return true;
    const struct key_trouble trouble = describe(ring, key->row.kid, why);
    if (source->before == NULL) return refuse(&trouble, fault);
    note(ring, &trouble);
    open_in_part(key, before);
    return true;
}

static bool take_row(struct keyring *ring, const struct keyring_source *source, const struct key_material *row,
                     struct fault *fault)
{
    struct ring_key key = {.row = *row};
    const struct ring_key *before = find_row(source->before, row);
    if (is_opened_already(&key, before)) {
        const struct key_trouble *known = find_trouble(source->before, row->kid);
        if (known != NULL) note(ring, known);
        carry_over(&key, before);
    } else if (!open_anew(ring, &key, source, before, fault)) {
        return false;
    }
    keep(ring, key);
    return true;
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
        text_put(&json, ring->keys[i].row.public_jwk);
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

/* the set of this moment, and one for each moment to come at which a key goes */
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

static bool take_rows(struct keyring *ring, const struct keyring_source *source, struct fault *fault)
{
    size_t unread_count = source->unread.count;
    ring->keys = arena_take(&ring->arena, (source->count + 1) * sizeof *ring->keys);
    ring->troubles = arena_take(&ring->arena, (source->count + unread_count + 1) * sizeof *ring->troubles);
    if (unread_count > 0 && source->before == NULL) return refuse(&source->unread.at[0], fault);
    for (size_t i = 0; i < unread_count; i++) note(ring, &source->unread.at[i]);
    for (size_t i = 0; i < source->count && ring->keys != NULL; i++) {
        const struct key_material *row = &source->rows[i];
        if (!times_removed(row, source->now) && !take_row(ring, source, row, fault)) return false;
    }
    return true;
}

static bool fill(struct keyring *ring, const struct keyring_source *source, struct fault *fault)
{
    if (!take_rows(ring, source, fault)) return false;
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

struct key_troubles keyring_troubles(const struct keyring *ring)
{
    return (struct key_troubles){ring->troubles, ring->trouble_count};
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
