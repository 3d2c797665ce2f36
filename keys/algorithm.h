/* algorithm: what sets the signature algorithms apart, a row each.
 *
 * Rule: one key, one algorithm (RFC 8725 3.1); whatever differs between them stands here. RFC 7518 3.1, RFC 8037 3.1.
 */
#ifndef KEYS_ALGORITHM_H
#define KEYS_ALGORITHM_H

#include "keys/keys.h"

enum key_kind { KIND_EC, KIND_RSA, KIND_OKP };

struct algorithm {
    struct bytes name; /* alg */
    enum key_kind kind;
    const char *curve;     /* crv (RFC 7518 6.2.1.1, RFC 8037 2); NULL for RSA */
    const char *group;     /* the curve as OpenSSL calls it; NULL but for EC */
    size_t coordinate_len; /* octets of x, and of y where there is one; 0 for RSA */
    size_t digest_len;     /* octets of SHA-2 that are signed; 0: the message itself is */
    bool pss;              /* RFC 7518 3.5 */
};

const struct algorithm *algorithm_of(enum key_algorithm algorithm);
struct bytes algorithm_kty(enum key_kind kind); /* "EC", "RSA", "OKP" */

#endif
