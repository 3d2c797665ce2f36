/* slow_hash: the hashes under which Hydra keeps the secrets of its clients: PBKDF2-HMAC-SHA-256 (RFC 8018 5.2) as
 * "$pbkdf2-sha256$i=25000,l=32$salt$key", both in base64 without padding, and bcrypt as "$2a$10$...".
 *
 * Rule: they are read here, never made. What takes longer than about a quarter of a second is not taken, so that one
 * record can't keep a thread from all the others; nor what can be guessed faster than the cheapest bcrypt. */
#ifndef OAUTH_SLOW_HASH_H
#define OAUTH_SLOW_HASH_H

#include "base/bytes.h"
#include "base/fault.h"

enum {
    PBKDF2_ITERATIONS_MIN = 1000,
    PBKDF2_ITERATIONS_MAX = 1000 * 1000,
    PBKDF2_SALT_MIN = 8,
    PBKDF2_SALT_MAX = 64,
    PBKDF2_KEY_MIN = 16,
    PBKDF2_KEY_MAX = 64,
    BCRYPT_COST_MIN = 4, /* the smallest there is */
    BCRYPT_COST_MAX = 12,
    BCRYPT_TEXT_LEN = 60,
    BCRYPT_SECRET_MAX = 72, /* bytes: bcrypt sees no more, and Hydra refuses more */
};

struct slow_hash {
    unsigned iterations; /* 0: bcrypt */
    unsigned char salt[PBKDF2_SALT_MAX], key[PBKDF2_KEY_MAX];
    size_t salt_len, key_len;
    char bcrypt[BCRYPT_TEXT_LEN + 1];
};

/* by its first letters; its rest may be anything */
bool slow_hash_looks_like(struct bytes text);
/* FAULT_INPUT: not such a hash, or beyond the bounds; the words say what is right and quote nothing */
bool slow_hash_parse(struct bytes text, struct slow_hash *out, struct fault *fault) MUST_USE;
/* Milliseconds: not on a loop. Constant time but for the secret's length; false for an empty secret, for one with a
 * NUL, and for one beyond BCRYPT_SECRET_MAX where it is bcrypt. */
bool slow_hash_matches(const struct slow_hash *hash, struct bytes secret);

#endif
