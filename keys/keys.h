/* keys: the signing keys: made, sealed, opened, published, used.
 *
 * Rule: a struct keyring is a view of the key table: immutable once made but for when it was last found true (keyring_confirm), shared by all threads,
 * counted; the process puts another in its place when the table changes (oauth/key_view.h). Nobody signs with a key that this view does not publish, nor
 * by a view older than KEYS_VIEW_MAX_MS. A key that a running process can't open is published, never signs and holds up nothing else. Private keys rest sealed (AES-256-GCM under a key from secrets.system, the kid as
 * associated data); they are parsed once. RFC 7515, 7517, 7518, 7638, 8037; docs/keys.md. */
#ifndef KEYS_KEYS_H
#define KEYS_KEYS_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/secret.h"

enum { KID_LEN = 43, SIGNATURE_MAX = 512, RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8 * SIGNATURE_MAX, SYSTEM_SECRETS_MAX = 8 };

enum key_algorithm { KEY_ES256, KEY_ES384, KEY_RS256, KEY_PS256, KEY_EDDSA, KEY_ALGORITHM_COUNT };
bool key_algorithm_parse(struct bytes name, enum key_algorithm *algorithm);
struct bytes key_algorithm_name(enum key_algorithm algorithm); /* "ES256" (RFC 7518 3.1), "EdDSA" with Ed25519 (RFC 8037 3.1) */
#define KEY_ALGORITHM_NAMES "ES256 ES384 RS256 PS256 EdDSA" /* all of them, in their order */

/* secrets.system: the first seals and signs, all open and verify. From each two keys are derived by HKDF (refresh.md, keys.md). */
struct system_secrets {
    struct {
        uint8_t kid;             /* first byte of HKDF(secret, "kid") */
        unsigned char seal[32];  /* HKDF(secret, "signing keys") */
        unsigned char token[32]; /* HKDF(secret, "refresh token") */
    } at[SYSTEM_SECRETS_MAX];
    size_t count;
};
/* Is it guessable, or does it look like an example of some documentation? len at most 4096. */
bool secret_is_example(struct bytes text);
/* FAULT_INPUT: none, more than SYSTEM_SECRETS_MAX, one under 32 characters, one of the documentation's examples, two with the same kid */
bool system_secrets_init(struct system_secrets *secrets, const struct bytes *texts, size_t count, struct fault *fault) MUST_USE;
void system_secrets_release(struct system_secrets *secrets);

/* First of all in a process: from then on OpenSSL leaves no copy of a private key in freed memory. false: it has taken memory already. */
bool keys_wipe_freed(void) MUST_USE;

/* ---- rows ---- */
struct key_material {            /* a row of the key table; storage/'s struct key_row has the same members, server/ carries them over */
    struct bytes kid;
    enum key_algorithm algorithm;
    int64_t epoch, created_at, activate_at, retire_at, remove_at, wanted_at; /* ms; 0: not set */
    struct bytes public_jwk;     /* {"kty":...,"use":"sig","alg":...,"kid":...} */
    struct bytes sealed_private;
};
/* a new key, sealed under secrets->at[0]; kid, public_jwk and sealed_private are filled from arena. RSA takes 100 ms and more: not on a loop */
struct key_making {
    const struct system_secrets *secrets;
    unsigned rsa_bits; /* RFC 7518 3.3: RSA_BITS_MIN to RSA_BITS_MAX, in whole octets */
};
bool key_make(enum key_algorithm algorithm, const struct key_making *how, struct arena *arena, struct key_material *out, struct fault *fault) MUST_USE;

/* ---- the ring ---- */
enum { KEYS_VIEW_MAX_MS = 5 * 60 * 1000 };

/* What is wrong with a row, for a person: the words name the kid and say what to do. */
struct key_trouble {
    struct bytes kid, words;
};
struct key_troubles {
    const struct key_trouble *at;
    size_t count;
};

struct keyring;
struct keyring_source {
    const struct key_material *rows; /* as they were read */
    size_t count;
    struct key_troubles unread; /* rows that could not even be read */
    /* the ring that this one follows in a running process: what it has opened need not be opened again, and what can't
     * be opened is kept out. NULL: a start, where that is a fault */
    const struct keyring *before;
    const enum key_algorithm *algorithms; /* keys.algorithms: a key of another one is published and signs nothing */
    size_t algorithm_count;
    const struct system_secrets *secrets;
    int64_t now;             /* by the database's clock, when they were read */
    int64_t asked_steady_ms; /* clock_steady_ms() before that: from there on the ring tells the database's time by itself, and its age */
};
/* Opens and parses. At a start a key that can't be opened is a fault (FAULT_INPUT) that names its kid and what to do. */
struct keyring *keyring_create(const struct keyring_source *source, struct fault *fault) MUST_USE;
/* What could not be opened, or not even read; as long as the ring. A key of which the ring before had opened the private
 * part signs all the same: by its kid it is the same one. */
struct key_troubles keyring_troubles(const struct keyring *ring);
/* The table was read again and is the same: the ring is young again, and tells the time by that reading. */
void keyring_confirm(struct keyring *ring, int64_t now, int64_t asked_steady_ms);
int64_t keyring_now(const struct keyring *ring);    /* the database's time, ms */
int64_t keyring_age_ms(const struct keyring *ring); /* since it was read */
struct keyring *keyring_hold(struct keyring *ring); /* one more owner */
void keyring_release(struct keyring *ring);         /* frees when it was the last; NULL is nothing */

/* A thread's prepared signing: contexts for the active keys of a ring; made anew when the ring or its active key changes. */
struct signer;
struct signer *signer_create(void);
void signer_destroy(struct signer *signer);

struct text;
/* Appends header.payload.signature (RFC 7515 7.1). header: {"alg":..,"typ":typ,"kid":..}. typ: "at+jwt". FAULT_AWAY when no key of that algorithm is active, or the ring too old. */
struct signing {
    enum key_algorithm algorithm;
    struct bytes typ, payload;
};
/* Lets go of every ring but this one. */
void signer_follow(struct signer *signer, const struct keyring *ring);
bool signer_sign(struct signer *signer, struct keyring *ring, const struct signing *signing, struct text *out,
                 struct fault *fault) MUST_USE;

/* the kid that it last signed with by that algorithm; absent before. Valid until it signs again. */
struct bytes signer_kid(const struct signer *signer, enum key_algorithm algorithm);
/* Is a key of that kid published by this view? Else nobody may be handed what it signed. */
bool keyring_publishes(const struct keyring *ring, struct bytes kid);

/* Verifies a compact JWS of ours: strict alphabet and padding, exactly three parts, header with unique members, no crit, alg = the key's alg (one key, one algorithm), kid in the
 * ring (published keys only), typ = one of "at+jwt", "JWT". *payload is the decoded JSON. false: not ours or not valid (no fault: the caller can't tell a client more). */
bool keyring_verify(struct keyring *ring, struct bytes token, struct arena *arena, struct bytes *payload) MUST_USE;

/* The pre-built key set: {"keys":[...]} in stable order (algorithm, epoch) of what is published at that time, and its strong ETag ("\"...\""). Lives as long as the ring; built anew inside when a key's time passes. */
struct key_set { struct bytes json, etag; };
struct key_set keyring_jwks(struct keyring *ring);
bool keyring_can_sign(struct keyring *ring, enum key_algorithm algorithm);

#endif
