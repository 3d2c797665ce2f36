/* refresh_token: the token's format: made and opened without a database (docs/refresh.md, "Token").
 *
 * "hrt_" + base64url of: version 1 (1 byte) | key id (1) | grant_id (16) | generation (4, big-endian) | the grant's secret (20) | tag (20).
 * tag = HMAC-SHA-256(HKDF(secrets.system[i], "refresh token"), issuer, client_id, all before; each with its length), cut to 20 bytes.
 * RFC 6749 10.10: 160 bits of secret and 160 bits of tag. RFC 9700 4.14.2: the grant id in the token is covered by the tag. */
#ifndef OAUTH_REFRESH_TOKEN_H
#define OAUTH_REFRESH_TOKEN_H

#include "base/text.h"
#include "keys/keys.h"
#include "storage/storage.h"

enum { GRANT_SECRET_LEN = 20, REFRESH_TOKEN_TAG_LEN = 20, REFRESH_TOKEN_LEN = 62, REFRESH_TOKEN_TEXT_LEN = 4 + 83 };

struct refresh_token {
    uint8_t mac_kid; /* of the system secret that made it */
    unsigned char grant_id[GRANT_ID_LEN];
    uint32_t gen;
    unsigned char secret[GRANT_SECRET_LEN]; /* the holder wipes it: refresh_token_wipe */
};

struct token_binding {
    struct bytes issuer, client_id;
};

bool refresh_token_looks_like(struct bytes text); /* begins with hrt_ */
/* What may be shown of a token: without a secret of ours it proves nothing, and the grant's secret is not among it. */
struct refresh_token_label {
    uint8_t version, mac_kid;
    unsigned char grant_id[GRANT_ID_LEN];
    uint32_t gen;
};
bool refresh_token_read_label(struct bytes text, struct refresh_token_label *label) MUST_USE; /* false: it has not a token's form */
/* false for anything that is not, to the last bit, a token that one of the secrets made for this issuer and client. Constant time in the tag. */
bool refresh_token_open(const struct system_secrets *secrets, const struct token_binding *binding, struct bytes text, struct refresh_token *token) MUST_USE;
/* appends the token's text; false when token->mac_kid is no secret of ours any more */
bool refresh_token_write(const struct system_secrets *secrets, const struct token_binding *binding, const struct refresh_token *token, struct text *out) MUST_USE;
void refresh_token_hash(const struct refresh_token *token, unsigned char hash[SECRET_HASH_LEN]); /* SHA-256 of the grant's secret */
void refresh_token_wipe(struct refresh_token *token);

#endif
