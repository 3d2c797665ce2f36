#include "keys/slow_signature.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "keys/algorithm.h"
#include "keys/signature.h"
#include "keys/signed_part.h"

struct slow_signature {
    struct keyring *ring; /* held, so that the key stays */
    const struct ring_key *key;
    bool made;
    int64_t took_us;
    struct signature signature;
    size_t input_len;
    char input[]; /* tells of a person: wiped */
};

bool key_algorithm_is_slow(enum key_algorithm algorithm) { return algorithm_of(algorithm)->kind == KIND_RSA; }

struct slow_signature *slow_signature_begin(struct keyring *ring, const struct signing *signing, struct text *out,
                                            struct fault *fault)
{
    struct signed_part part;
    if (!signed_part_write(ring, signing, out, &part, fault)) return NULL;
    struct slow_signature *s = calloc(1, sizeof *s + part.text.len);
    if (s == NULL) abort();
    s->ring = keyring_hold(ring);
    s->key = part.key;
    s->input_len = part.text.len;
    memcpy(s->input, part.text.at, part.text.len);
    return s;
}

/* A context made for one signature takes some microseconds; a prepared one would be for one thread, and outlive the
 * ring. */
void slow_signature_make(struct slow_signature *s)
{
    int64_t began_us = clock_steady_us();
    struct prepared *prepared = signature_prepare(s->key->row.algorithm, s->key->pair);
    s->made = prepared != NULL && signature_make(prepared, (struct bytes){s->input, s->input_len}, &s->signature);
    signature_release(prepared);
    s->took_us = clock_steady_us() - began_us;
}

bool slow_signature_end(struct slow_signature *s, const struct keyring *newest, struct text *out, struct fault *fault)
{
    const struct key_material *row = &s->key->row;
    if (!s->made)
        return fault_set(fault, FAULT_BUG, "keys: sign", "OpenSSL refused to sign with %.*s", BYTES_PRINT(row->kid));
    if (!keyring_publishes(newest, row->kid))
        return fault_set(fault, FAULT_AWAY, "keys: sign", "%.*s was taken out while it signed", BYTES_PRINT(row->kid));
    metric_count(METRIC_SIGNATURES, metric_name(LABEL_KID, row->kid), (unsigned)row->algorithm);
    return signed_part_end(out, (struct bytes){(const char *)s->signature.at, s->signature.len}, fault);
}

struct bytes slow_signature_kid(const struct slow_signature *s) { return s->key->row.kid; }
int64_t slow_signature_took_us(const struct slow_signature *s) { return s->took_us; }

void slow_signature_release(struct slow_signature *s)
{
    keyring_release(s->ring);
    secret_wipe(s, sizeof *s + s->input_len);
    free(s);
}
