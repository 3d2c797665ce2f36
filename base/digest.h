/* digest: SHA-256 (FIPS 180-4), HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256 (RFC 5869) over OpenSSL. They can't fail: a refusal of OpenSSL aborts. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/bytes.h"

enum { DIGEST_LEN = 32 };

void digest_sha256(struct bytes data, unsigned char out[DIGEST_LEN]);
void digest_hmac(struct bytes key, struct bytes data, unsigned char out[DIGEST_LEN]);
/* extract and expand with an empty salt; len at most 255 * 32 */
void digest_hkdf(struct bytes secret, struct bytes info, unsigned char *out, size_t len);

#endif
