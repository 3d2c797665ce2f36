#include "oauth/refresh_token.h"

#include <assert.h>
#include <string.h>

#include "base/digest.h"
#include "base/encoding.h"

enum { VERSION = 1, SIGNED_LEN = REFRESH_TOKEN_LEN - REFRESH_TOKEN_TAG_LEN };
static const struct bytes PREFIX = {"hrt_", 4};

static const unsigned char *find_key(const struct system_secrets *secrets, uint8_t kid)
{
    for (size_t i = 0; i < secrets->count; i++)
        if (secrets->at[i].kid == kid) return secrets->at[i].token;
    return NULL;
}

static unsigned char *put_number(unsigned char *at, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8) *at++ = (unsigned char)(number >> shift);
    return at;
}

static unsigned char *put_with_length(unsigned char *at, struct bytes b)
{
    at = put_number(at, (uint32_t)b.len);
    if (b.len > 0) memcpy(at, b.at, b.len);
    return at + b.len;
}

enum { BINDING_MAX = 1024 }; /* bytes of issuer and client_id together: settings and client records hold them far below */

static bool make_tag(const unsigned char *key, const struct token_binding *binding, const unsigned char *signed_part, unsigned char tag[DIGEST_LEN])
{
    unsigned char message[BINDING_MAX + SIGNED_LEN + 12], *at = message;
    if (binding->issuer.len + binding->client_id.len > BINDING_MAX) return false;
    at = put_with_length(at, binding->issuer);
    at = put_with_length(at, binding->client_id);
    at = put_with_length(at, (struct bytes){(const char *)signed_part, SIGNED_LEN});
    digest_hmac((struct bytes){(const char *)key, 32}, (struct bytes){(const char *)message, (size_t)(at - message)}, tag);
    secret_wipe(message, sizeof message);
    return true;
}

static void read_parts(const unsigned char *raw, struct refresh_token *token)
{
    token->mac_kid = raw[1];
    memcpy(token->grant_id, raw + 2, GRANT_ID_LEN);
    token->gen = (uint32_t)raw[18] << 24 | (uint32_t)raw[19] << 16 | (uint32_t)raw[20] << 8 | raw[21];
    memcpy(token->secret, raw + 22, GRANT_SECRET_LEN);
}

static void write_parts(unsigned char *raw, const struct refresh_token *token)
{
    raw[0] = VERSION;
    raw[1] = token->mac_kid;
    memcpy(raw + 2, token->grant_id, GRANT_ID_LEN);
    put_number(raw + 18, token->gen);
    memcpy(raw + 22, token->secret, GRANT_SECRET_LEN);
}

bool refresh_token_looks_like(struct bytes text) { return bytes_start_with(text, PREFIX); }

/* raw has room for REFRESH_TOKEN_LEN */
static bool decode(struct bytes text, unsigned char *raw)
{
    size_t len;
    if (text.len != REFRESH_TOKEN_TEXT_LEN || !refresh_token_looks_like(text)) return false;
    return base64url_decode((struct bytes){text.at + PREFIX.len, text.len - PREFIX.len}, raw, REFRESH_TOKEN_LEN, &len) && len == REFRESH_TOKEN_LEN;
}

bool refresh_token_read_label(struct bytes text, struct refresh_token_label *label)
{
    unsigned char raw[REFRESH_TOKEN_LEN];
    struct refresh_token token;
    bool good = decode(text, raw) && raw[0] == VERSION;
    if (good) {
        read_parts(raw, &token);
        *label = (struct refresh_token_label){.version = raw[0], .mac_kid = token.mac_kid, .gen = token.gen};
        memcpy(label->grant_id, token.grant_id, GRANT_ID_LEN);
        refresh_token_wipe(&token);
    }
    secret_wipe(raw, sizeof raw);
    return good;
}

bool refresh_token_open(const struct system_secrets *secrets, const struct token_binding *binding, struct bytes text, struct refresh_token *token)
{
    unsigned char raw[REFRESH_TOKEN_LEN], tag[DIGEST_LEN];
    if (!decode(text, raw)) return false;
    const unsigned char *key = find_key(secrets, raw[1]);
    bool good = raw[0] == VERSION && key != NULL && make_tag(key, binding, raw, tag) && secret_same(tag, raw + SIGNED_LEN, REFRESH_TOKEN_TAG_LEN);
    if (good) read_parts(raw, token);
    secret_wipe(raw, sizeof raw);
    return good;
}

bool refresh_token_write(const struct system_secrets *secrets, const struct token_binding *binding, const struct refresh_token *token, struct text *out)
{
    unsigned char raw[REFRESH_TOKEN_LEN], tag[DIGEST_LEN];
    const unsigned char *key = find_key(secrets, token->mac_kid);
    if (key == NULL) return false;
    write_parts(raw, token);
    if (!make_tag(key, binding, raw, tag)) return false;
    memcpy(raw + SIGNED_LEN, tag, REFRESH_TOKEN_TAG_LEN);
    text_put(out, PREFIX);
    text_put_base64url(out, raw, sizeof raw);
    secret_wipe(raw, sizeof raw);
    return true;
}

void refresh_token_hash(const struct refresh_token *token, unsigned char hash[SECRET_HASH_LEN])
{
    static_assert((int)SECRET_HASH_LEN == (int)DIGEST_LEN, "the hash is SHA-256's");
    digest_sha256((struct bytes){(const char *)token->secret, GRANT_SECRET_LEN}, hash);
}

void refresh_token_wipe(struct refresh_token *token) { secret_wipe(token, sizeof *token); }
