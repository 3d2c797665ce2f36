#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "base/text.h"
#include "keys/ring.h"
#include "keys/signature.h"

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

/* RFC 9068 2.1: typ, and never alg none */
static void put_header(struct text *out, const struct ring_key *key, struct bytes typ)
{
    const struct bytes pieces[] = {BYTES("{\"alg\":\""), key_algorithm_name(key->row.algorithm), BYTES("\",\"typ\":\""), typ,
                                   BYTES("\",\"kid\":\""), key->row.kid, BYTES("\"}")};
    char room[256];
    size_t len = 0;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        assert(pieces[i].len <= sizeof room - len);
        memcpy(room + len, pieces[i].at, pieces[i].len);
        len += pieces[i].len;
    }
    text_put_base64url(out, room, len);
}

bool signer_sign(struct signer *signer, struct keyring *ring, const struct signing *signing, struct text *out,
                 struct fault *fault)
{
    struct signature signature;
    size_t start = out->len;
    const struct ring_key *key = ring_find_signing(ring, signing->algorithm, fault);
    if (key == NULL) return false;
    put_header(out, key, signing->typ);
    text_put_char(out, '.');
    text_put_base64url(out, signing->payload.at, signing->payload.len);
    if (out->failed) return fault_set(fault, FAULT_FULL, "keys: sign", "the token is too long");
    struct prepared *prepared = prepare(signer, ring, key);
    struct bytes input = {out->at + start, out->len - start};
    if (prepared == NULL || !signature_make(prepared, input, &signature))
        return fault_set(fault, FAULT_BUG, "keys: sign", "OpenSSL refused to sign with %.*s",
                         BYTES_PRINT(key->row.kid));
    text_put_char(out, '.');
    text_put_base64url(out, signature.at, signature.len);
    metric_count(METRIC_SIGNATURES, signer->at[signing->algorithm].counted_as, (unsigned)signing->algorithm);
    return !out->failed || fault_set(fault, FAULT_FULL, "keys: sign", "the token is too long");
}

struct bytes signer_kid(const struct signer *signer, enum key_algorithm algorithm)
{
    const struct ring_key *key = signer->at[algorithm].key;
    return key == NULL ? BYTES_ABSENT : key->row.kid;
}
