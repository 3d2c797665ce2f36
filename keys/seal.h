/* seal: how a private key rests: version, id of the system secret, nonce, AES-256-GCM ciphertext and tag.
 *
 * Rule: the first system secret seals, the one that is named in the seal opens. What stands before the nonce and the
 * kid are associated data, so that a seal opens only as the key that it was made for. */
#ifndef KEYS_SEAL_H
#define KEYS_SEAL_H

#include "keys/keys.h"

/* in arena; absent when its cap is passed */
struct bytes seal_close(const struct system_secrets *secrets, struct bytes kid, const struct secret *plain,
                        struct arena *arena);
/* is it under the first system secret? false also for what is no seal */
bool seal_is_first(const struct system_secrets *secrets, struct bytes sealed);

enum seal_outcome {
    SEAL_OPEN,
    SEAL_UNKNOWN_SECRET, /* sealed under a secret that is not in secrets.system */
    SEAL_BROKEN,         /* changed, another key's, or no seal */
};
enum seal_outcome seal_open(const struct system_secrets *secrets, struct bytes kid, struct bytes sealed,
                            struct secret *plain);

#endif
