/* client_secret: making, hashing and checking the secrets of confidential clients.
 * A secret of ours has 256 bits, so one SHA-256 is enough at rest: "$sha256$" + base64url of the digest. A secret that the operator chose has CLIENT_SECRET_MIN characters at least.
 * What came from Hydra rests under its own hash, which is slow: slow_hash.h, secret_desk.h. */
#ifndef OAUTH_CLIENT_SECRET_H
#define OAUTH_CLIENT_SECRET_H

#include "base/arena.h"
#include "base/fault.h"

/* a new random secret, 43 characters, in the arena */
struct bytes client_secret_make(struct arena *arena);
/* in the arena; absent when it is full */
struct bytes client_secret_hash(struct arena *arena, struct bytes secret);
/* Is it one that a secret can be checked against? FAULT_INPUT says what is wrong, and quotes nothing. */
bool client_secret_hash_check(struct bytes hash, struct fault *fault) MUST_USE;
/* of ours: constant time; false for a hash of a kind that we don't know, and for an absent one */
bool client_secret_matches(struct bytes hash, struct bytes secret);

#endif
