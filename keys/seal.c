#include "keys/seal.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

/* version, id of the secret, nonce, ciphertext, tag */
enum { VERSION = 1, NONCE_AT = 2, NONCE_LEN = 12, CIPHER_AT = NONCE_AT + NONCE_LEN, TAG_LEN = 16, SEALED_MAX = 8192 };

static const unsigned char *octets(struct bytes b) { return (const unsigned char *)b.at; }

static bool put_associated(EVP_CIPHER_CTX *context, const unsigned char head[NONCE_AT], struct bytes kid)
{
    int len;
    return EVP_CipherUpdate(context, NULL, &len, head, NONCE_AT) == 1 &&
           EVP_CipherUpdate(context, NULL, &len, octets(kid), (int)kid.len) == 1;
}

struct bytes seal_close(const struct system_secrets *secrets, struct bytes kid, const struct secret *plain,
                        struct arena *arena)
{
    struct bytes in = secret_expose(plain);
    size_t sealed_len = CIPHER_AT + in.len + TAG_LEN;
    unsigned char *out = sealed_len <= SEALED_MAX ? arena_take(arena, sealed_len) : NULL;
    if (out == NULL) return BYTES_ABSENT;
    int len, rest;
    out[0] = VERSION;
    out[1] = secrets->at[0].kid;
    random_fill(out + NONCE_AT, NONCE_LEN);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context == NULL ||
        EVP_EncryptInit_ex2(context, EVP_aes_256_gcm(), secrets->at[0].seal, out + NONCE_AT, NULL) != 1 ||
        !put_associated(context, out, kid) ||
        EVP_EncryptUpdate(context, out + CIPHER_AT, &len, octets(in), (int)in.len) != 1 ||
        EVP_EncryptFinal_ex(context, out + CIPHER_AT + len, &rest) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, out + CIPHER_AT + in.len) != 1)
        abort();
    EVP_CIPHER_CTX_free(context);
    return (struct bytes){(char *)out, sealed_len};
}

bool seal_is_first(const struct system_secrets *secrets, struct bytes sealed)
{
    return sealed.len > NONCE_AT && octets(sealed)[0] == VERSION && octets(sealed)[1] == secrets->at[0].kid;
}

static const unsigned char *find_key(const struct system_secrets *secrets, uint8_t kid)
{
    for (size_t i = 0; i < secrets->count; i++)
        if (secrets->at[i].kid == kid) return secrets->at[i].seal;
    return NULL;
}

/* out has room for the ciphertext */
static bool decrypt(const unsigned char *key, struct bytes kid, struct bytes sealed, unsigned char *out)
{
    const unsigned char *in = octets(sealed);
    size_t cipher_len = sealed.len - CIPHER_AT - TAG_LEN;
    unsigned char tag[TAG_LEN];
    int len, rest;
    memcpy(tag, in + CIPHER_AT + cipher_len, TAG_LEN);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool same = context != NULL && EVP_DecryptInit_ex2(context, EVP_aes_256_gcm(), key, in + NONCE_AT, NULL) == 1 &&
                put_associated(context, in, kid) &&
                EVP_DecryptUpdate(context, out, &len, in + CIPHER_AT, (int)cipher_len) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) == 1 &&
                EVP_DecryptFinal_ex(context, out + len, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    ERR_clear_error();
    return same;
}

enum seal_outcome seal_open(const struct system_secrets *secrets, struct bytes kid, struct bytes sealed,
                            struct secret *plain)
{
    unsigned char out[SEALED_MAX];
    if (sealed.len <= CIPHER_AT + TAG_LEN || sealed.len > SEALED_MAX || octets(sealed)[0] != VERSION)
        return SEAL_BROKEN;
    const unsigned char *key = find_key(secrets, octets(sealed)[1]);
    if (key == NULL) return SEAL_UNKNOWN_SECRET;
    bool opened = decrypt(key, kid, sealed, out);
    if (opened) secret_init(plain, (struct bytes){(char *)out, sealed.len - CIPHER_AT - TAG_LEN});
    secret_wipe(out, sizeof out);
    return opened ? SEAL_OPEN : SEAL_BROKEN;
}
