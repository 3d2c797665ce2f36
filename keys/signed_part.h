/* signed_part: what of a token is signed: header.payload (RFC 7515 5.1), and by which key; for keys/ alone. */
#ifndef KEYS_SIGNED_PART_H
#define KEYS_SIGNED_PART_H

#include "base/text.h"
#include "keys/ring.h"

struct signed_part {
    const struct ring_key *key; /* as long as the ring */
    struct bytes text;          /* in out, until more is appended */
};
/* appends it; FAULT_AWAY: no key, FAULT_FULL: no room */
bool signed_part_write(struct keyring *ring, const struct signing *signing, struct text *out, struct signed_part *part,
                       struct fault *fault) MUST_USE;
/* .signature behind it */
bool signed_part_end(struct text *out, struct bytes signature, struct fault *fault) MUST_USE;

#endif
