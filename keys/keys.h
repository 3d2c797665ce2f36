/* keys: the signing keys: made, sealed, opened, published, used.
 *
 * Rule: a struct keyring is a view of the key table: immutable once made, shared by all threads, counted; the process swaps in a new one when the
 * table changes (keyring_use / keyring_take). Nobody signs with a key that this view does not publish. Private keys rest sealed (AES-256-GCM under a key from secrets.system, the kid as
 * associated data); they are parsed once. RFC 7515, 7517, 7518, 7638, 8037; docs/keys.md. */
#ifndef KEYS_KEYS_H
#define KEYS_KEYS_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/secret.h"

enum { KID_LEN = 43, SIGNATURE_MAX = 512, SYSTEM_SECRETS_MAX = 8 };

enum key_algorithm { KEY_ES256, KEY_RS256, KEY_ALGORITHM_COUNT };
bool key_algorithm_parse(struct bytes name, enum key_algorithm *algorithm);
struct bytes key_algorithm_name(enum key_algorithm algorithm); /* "ES256" (RFC 7518 3.1) */

/* secrets.system: the first seals and signs, all open and verify. From each two keys are derived by HKDF (refresh.md, keys.md). */
struct system_secrets {
    struct {
        uint8_t kid;             /* first byte of HKDF(secret, "kid") */
        unsigned char seal[32];  /* HKDF(secret, "signing keys") */
        unsigned char token[32]; /* HKDF(secret, "refresh token") */
    } at[SYSTEM_SECRETS_MAX];
    size_t count;
};
/* FAULT_INPUT: none, more than SYSTEM_SECRETS_MAX, one under 32 characters, one of the documentation's examples, two with the same kid */
bool system_secrets_init(struct system_secrets *secrets, const struct bytes *texts, size_t count, struct fault *fault) MUST_USE;
void system_secrets_release(struct system_secrets *secrets);

/* ---- rows ---- */
struct key_material {            /* a row of the key table; storage/'s struct key_row has the same members, server/ carries them over */
    struct bytes kid;
    enum key_algorithm algorithm;
    int64_t epoch, created_at, activate_at, retire_at, remove_at; /* ms; 0: not set */
    struct bytes public_jwk;     /* {"kty":...,"use":"sig","alg":...,"kid":...} */
    struct bytes sealed_private;
};
/* a new key, sealed under secrets->at[0]; kid, public_jwk and sealed_private are filled from arena. RSA: 2048 bits (about 100 ms: not on a loop) */
bool key_make(enum key_algorithm algorithm, const struct system_secrets *secrets, struct arena *arena, struct key_material *out, struct fault *fault) MUST_USE;

/* What a first start, or a start after long, must add so that each algorithm has an active key and a pending one (keys.md): fills rows (room for two for each
 * algorithm) with algorithm, epoch and times; the caller makes the keys. */
struct key_times { int64_t rotate_every_ms, publish_before_ms, keep_after_ms; };
struct key_plan_ask {
    const struct key_material *present;
    size_t present_count;
    const enum key_algorithm *algorithms;
    size_t algorithm_count;
    const struct key_times *times;
    int64_t now;
};
size_t keys_plan(const struct key_plan_ask *ask, struct key_material *rows);

/* ---- the ring ---- */
struct keyring;
/* Opens and parses. A key that can't be opened is a fault that names its kid. now: the database's clock now; the ring remembers the offset to clock_now_ms(). */
struct keyring *keyring_create(const struct key_material *rows, size_t count, const struct system_secrets *secrets, int64_t now, struct fault *fault) MUST_USE;
struct keyring *keyring_hold(struct keyring *ring); /* one more owner */
void keyring_release(struct keyring *ring);         /* frees when it was the last; NULL is nothing */

/* A thread's prepared signing: contexts for the active keys of a ring; made anew when the ring or its active key changes. */
struct signer;
struct signer *signer_create(void);
void signer_destroy(struct signer *signer);

struct text;
/* Appends header.payload.signature (RFC 7515 7.1). header: {"alg":..,"typ":typ,"kid":..}. typ: "at+jwt". FAULT_AWAY when no key of that algorithm is active. */
struct signing {
    enum key_algorithm algorithm;
    struct bytes typ, payload;
};
bool signer_sign(struct signer *signer, struct keyring *ring, const struct signing *signing, struct text *out,
                 struct fault *fault) MUST_USE;

/* Verifies a compact JWS of ours: strict alphabet and padding, exactly three parts, header with unique members, no crit, alg = the key's alg (one key, one algorithm), kid in the
 * ring (published keys only), typ = one of "at+jwt", "JWT". *payload is the decoded JSON. false: not ours or not valid (no fault: the caller can't tell a client more). */
bool keyring_verify(struct keyring *ring, struct bytes token, struct arena *arena, struct bytes *payload) MUST_USE;

/* The pre-built key set: {"keys":[...]} in stable order (algorithm, epoch) of what is published at that time, and its strong ETag ("\"...\""). Lives as long as the ring; built anew inside when a key's time passes. */
struct key_set { struct bytes json, etag; };
struct key_set keyring_jwks(struct keyring *ring);
bool keyring_can_sign(struct keyring *ring, enum key_algorithm algorithm);

#endif
