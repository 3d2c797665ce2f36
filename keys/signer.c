#include <assert.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "keys/signature.h"
#include "keys/signed_part.h"

_Static_assert((int)KEY_ES256 == ALGORITHM_ES256 && (int)KEY_ES384 == ALGORITHM_ES384 &&
                   (int)KEY_RS256 == ALGORITHM_RS256 && (int)KEY_PS256 == ALGORITHM_PS256 &&
                   (int)KEY_EDDSA == ALGORITHM_EDDSA,
               "algorithms are counted under their own numbers");

struct signer {
    struct keyring *ring; /* held, so that the keys below stay */
    struct {
        const struct ring_key *key;
        struct prepared *prepared;
        unsigned counted_as; /* metric_name of the key's kid */
    } at[KEY_ALGORITHM_COUNT];
};

struct signer *signer_create(void)
{
    struct signer *signer = calloc(1, sizeof *signer);
    if (signer == NULL) abort();
    return signer;
}

static void forget(struct signer *signer)
{
    for (size_t i = 0; i < KEY_ALGORITHM_COUNT; i++) {
        signature_release(signer->at[i].prepared);
        signer->at[i].prepared = NULL;
        signer->at[i].key = NULL;
    }
    keyring_release(signer->ring);
    signer->ring = NULL;
}

void signer_destroy(struct signer *signer)
{
    if (signer == NULL) return;
    forget(signer);
    free(signer);
}

void signer_follow(struct signer *signer, const struct keyring *ring)
{
    if (signer->ring != ring) forget(signer);
}

static struct prepared *prepare(struct signer *signer, struct keyring *ring, const struct ring_key *key)
{
    signer_follow(signer, ring);
    if (signer->ring == NULL) signer->ring = keyring_hold(ring);
    enum key_algorithm algorithm = key->row.algorithm;
    if (signer->at[algorithm].key == key) return signer->at[algorithm].prepared;
    signature_release(signer->at[algorithm].prepared);
    signer->at[algorithm].prepared = signature_prepare(algorithm, key->pair);
    signer->at[algorithm].key = signer->at[algorithm].prepared == NULL ? NULL : key;
    signer->at[algorithm].counted_as = metric_name(LABEL_KID, key->row.kid);
    return signer->at[algorithm].prepared;
}

bool signer_sign(struct signer *signer, struct keyring *ring, const struct signing *signing, struct text *out,
                 struct fault *fault)
{
    struct signature signature;
    struct signed_part part;
    if (!signed_part_write(ring, signing, out, &part, fault)) return false;
    struct prepared *prepared = prepare(signer, ring, part.key);
    if (prepared == NULL || !signature_make(prepared, part.text, &signature))
        return fault_set(fault, FAULT_BUG, "keys: sign", "OpenSSL refused to sign with %.*s",
                         BYTES_PRINT(part.key->row.kid));
    metric_count(METRIC_SIGNATURES, signer->at[signing->algorithm].counted_as, (unsigned)signing->algorithm);
    return signed_part_end(out, (struct bytes){(const char *)signature.at, signature.len}, fault);
}

struct bytes signer_kid(const struct signer *signer, enum key_algorithm algorithm)
{
    const struct ring_key *key = signer->at[algorithm].key;
    return key == NULL ? BYTES_ABSENT : key->row.kid;
}
