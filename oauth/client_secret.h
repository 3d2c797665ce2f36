/* client_secret: making, hashing and checking the secrets of confidential clients.
 * A secret of ours has 256 bits, so one SHA-256 is enough at rest: "$sha256$" + base64url of the digest. A secret that the operator chose has CLIENT_SECRET_MIN characters at least. */
#ifndef OAUTH_CLIENT_SECRET_H
#define OAUTH_CLIENT_SECRET_H

#include "base/arena.h"

/* a new random secret, 43 characters, in the arena */
struct bytes client_secret_make(struct arena *arena);
/* in the arena; absent when it is full */
struct bytes client_secret_hash(struct arena *arena, struct bytes secret);
/* constant time; false for a hash of a kind that we don't know, and for an absent one */
bool client_secret_matches(struct bytes hash, struct bytes secret);

#endif
