/* session_key: the keyed digests that stand for credentials, sessions, people and clients in the memory of
 * session_tokens. Rule: HMAC-SHA-256 under a key that the process makes and nobody else sees: what stands in the memory
 * can't be tried against guesses. The first byte of what is digested says of what it is, so that no name is another's.
 */
#ifndef COMPANION_SESSION_KEY_H
#define COMPANION_SESSION_KEY_H

#include "base/digest.h"
#include "companion/session_outcome.h"
#include "identity/identity.h"
#include "storage/storage.h"

struct session_secret {
    unsigned char at[DIGEST_LEN];
};

/* what a profile's token for a credential is found by; the credential is well formed */
struct session_key {
    unsigned char at[DIGEST_LEN];
};
void session_key_make(const struct session_secret *secret, uint32_t profile, const struct whoami_ask *credential,
                      struct session_key *key);

/* whom an outcome is about */
struct session_subject {
    struct bytes session_id, identity_id, client_id;
};
void session_names_make(const struct session_secret *secret, const struct session_subject *subject,
                        struct session_names *names);
/* the name of whom a revocation means; false where that can be nobody's (a grant's, or one longer than any) */
bool session_name_of(const struct session_secret *secret, enum revoke_by by, struct bytes text,
                     unsigned char name[SESSION_NAME_LEN]) MUST_USE;

#endif
