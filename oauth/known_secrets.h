/* known_secrets: which secrets were found right by a slow hash, so that a client pays for that once.
 * A secret is known for KNOWN_SECRET_MS after it was last shown; what is kept of it are MACs over client and stored
 * hash, and over these and the secret, under a key that only this process has and that ends with it. Another stored
 * hash makes another name, so nothing needs to be forgotten. Rule: one for the process, locked inside. Only what was verified is added. It keeps at
 * most KNOWN_SECRETS_MAX; of those that share a set of eight the one that was shown longest ago makes room. */
#ifndef OAUTH_KNOWN_SECRETS_H
#define OAUTH_KNOWN_SECRETS_H

#include "base/bytes.h"
#include "base/digest.h"

enum { KNOWN_SECRET_MS = 5 * 60 * 1000, KNOWN_SECRETS_MAX = 8192 };

struct secret_ask {
    struct bytes client_id, hash, secret;
};
struct secret_name {
    unsigned char whose[DIGEST_LEN], at[DIGEST_LEN]; /* of client and hash; of these and the secret */
};

struct known_secrets;
struct known_secrets *known_secrets_create(void);
void known_secrets_destroy(struct known_secrets *known); /* NULL is nothing */
struct secret_name known_secrets_name(const struct known_secrets *known, const struct secret_ask *ask);
enum secret_finding { FOUND_NONE, FOUND_RIGHT, FOUND_WRONG };
/* Right: then it is known for another KNOWN_SECRET_MS. Wrong: another is known, and a client has one. */
enum secret_finding known_secrets_find(struct known_secrets *known, const struct secret_name *name);
void known_secrets_add(struct known_secrets *known, const struct secret_name *name);

#endif
