#include "oauth/slow_hash.h"

#include <assert.h>
#include <crypt.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/secret.h"

static const struct bytes PBKDF2 = {"$pbkdf2-sha256$", 15};
enum {
    BCRYPT_PREFIX_LEN = 7,
    BCRYPT_SALT_LEN = 22,
    ENCODED_MAX = 96 /* characters of PBKDF2_KEY_MAX octets, and some */
};

static bool complain(struct fault *fault, const char *right)
{
    return fault_set(fault, FAULT_INPUT, "hash of a secret", "%s", right);
}

/* ---- PBKDF2 ---- */

/* RFC 4648 4 without padding: Go's base64.RawStdEncoding */
static bool decode(struct bytes in, unsigned char *out, size_t cap, size_t *len)
{
    char url[ENCODED_MAX];
    if (in.len > sizeof url || bytes_find(in, '-') < in.len || bytes_find(in, '_') < in.len) return false;
    for (size_t i = 0; i < in.len; i++) url[i] = in.at[i] == '+' ? '-' : in.at[i] == '/' ? '_' : in.at[i];
    return base64url_decode((struct bytes){url, in.len}, out, cap, len);
}

/* the part up to the next separator, which is taken too; absent where there is none */
static struct bytes take_part(struct bytes *rest, char separator)
{
    size_t len = bytes_find(*rest, separator);
    struct bytes part = {rest->at, len};
    if (len == rest->len) return BYTES_ABSENT;
    *rest = (struct bytes){rest->at + len + 1, rest->len - len - 1};
    return part;
}

static bool read_number(struct bytes text, struct bytes name, uint64_t max, uint64_t *number)
{
    if (!bytes_start_with(text, name)) return false;
    return bytes_to_number((struct bytes){text.at + name.len, text.len - name.len}, max, number);
}

static bool parse_pbkdf2(struct bytes rest, struct slow_hash *out, struct fault *fault)
{
    struct bytes i = take_part(&rest, ','), l = take_part(&rest, '$'), salt = take_part(&rest, '$');
    uint64_t iterations = 0, key_len = 0;
    if (!bytes_present(salt) || !read_number(i, BYTES("i="), UINT32_MAX, &iterations) ||
        !read_number(l, BYTES("l="), UINT32_MAX, &key_len))
        return complain(fault, "must be $pbkdf2-sha256$i=<iterations>,l=<length>$<salt>$<key>, as Hydra writes it");
    if (iterations < PBKDF2_ITERATIONS_MIN || iterations > PBKDF2_ITERATIONS_MAX)
        return complain(fault, "must have from 1000 to 1000000 iterations");
    if (!decode(salt, out->salt, sizeof out->salt, &out->salt_len) || out->salt_len < PBKDF2_SALT_MIN)
        return complain(fault, "must have a salt of 8 to 64 octets in base64 without padding");
    if (!decode(rest, out->key, sizeof out->key, &out->key_len) || out->key_len < PBKDF2_KEY_MIN ||
        out->key_len != key_len)
        return complain(fault, "must have a key of 16 to 64 octets in base64 without padding, as many as l says");
    /* a key of more than one SHA-256 takes all iterations again */
    if (key_len > DIGEST_LEN && iterations > PBKDF2_ITERATIONS_MAX / 2)
        return complain(fault, "must have at most 500000 iterations for a key of more than 32 octets");
    out->iterations = (unsigned)iterations;
    return true;
}

static bool matches_pbkdf2(const struct slow_hash *hash, struct bytes secret)
{
    unsigned char key[PBKDF2_KEY_MAX];
    if (PKCS5_PBKDF2_HMAC(secret.at, (int)secret.len, hash->salt, (int)hash->salt_len, (int)hash->iterations,
                          EVP_sha256(), (int)hash->key_len, key) != 1)
        abort();
    bool same = secret_same(key, hash->key, hash->key_len);
    secret_wipe(key, sizeof key);
    return same;
}

/* ---- bcrypt ---- */

static bool is_bcrypt(struct bytes text)
{
    return bytes_start_with(text, BYTES("$2a$")) || bytes_start_with(text, BYTES("$2b$")) ||
           bytes_start_with(text, BYTES("$2y$"));
}

static bool is_of_its_alphabet(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        char c = b.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '.' && c != '/')
            return false;
    }
    return true;
}

static bool parse_bcrypt(struct bytes text, struct slow_hash *out, struct fault *fault)
{
    uint64_t cost;
    if (text.len != BCRYPT_TEXT_LEN || text.at[BCRYPT_PREFIX_LEN - 1] != '$' ||
        !bytes_to_number((struct bytes){text.at + 4, 2}, 99, &cost) ||
        !is_of_its_alphabet((struct bytes){text.at + BCRYPT_PREFIX_LEN, text.len - BCRYPT_PREFIX_LEN}))
        return complain(fault, "must be $2a$, $2b$ or $2y$, two digits of cost, $ and 53 characters");
    if (cost < BCRYPT_COST_MIN || cost > BCRYPT_COST_MAX) return complain(fault, "must have a cost from 04 to 12");
    memcpy(out->bcrypt, text.at, text.len);
    out->bcrypt[2] = 'b'; /* what Go calls 2a is this; libcrypt's 2a is another for some secrets that are not ASCII */
    return true;
}

static bool matches_bcrypt(const struct slow_hash *hash, struct bytes secret)
{
    struct crypt_data *room = calloc(1, sizeof *room); /* 32 KiB */
    char text[BCRYPT_SECRET_MAX + 1] = {0};
    if (room == NULL) abort();
    memcpy(text, secret.at, secret.len);
    const char *made = crypt_r(text, hash->bcrypt, room);
    const size_t skip = BCRYPT_PREFIX_LEN + BCRYPT_SALT_LEN; /* the salt's last character has bits that mean nothing */
    bool same = made != NULL && strlen(made) == BCRYPT_TEXT_LEN &&
                secret_same(made + skip, hash->bcrypt + skip, BCRYPT_TEXT_LEN - skip);
    secret_wipe(text, sizeof text);
    secret_wipe(room, sizeof *room);
    free(room);
    return same;
}

/* ---- either ---- */

bool slow_hash_looks_like(struct bytes text) { return bytes_start_with(text, PBKDF2) || is_bcrypt(text); }

bool slow_hash_parse(struct bytes text, struct slow_hash *out, struct fault *fault)
{
    *out = (struct slow_hash){.iterations = 0};
    if (is_bcrypt(text)) return parse_bcrypt(text, out, fault);
    if (bytes_start_with(text, PBKDF2))
        return parse_pbkdf2((struct bytes){text.at + PBKDF2.len, text.len - PBKDF2.len}, out, fault);
    return complain(fault, "must be a hash as Hydra keeps it: $pbkdf2-sha256$..., $2a$..., $2b$... or $2y$...");
}

bool slow_hash_matches(const struct slow_hash *hash, struct bytes secret)
{
    if (secret.len == 0 || bytes_find(secret, '\0') < secret.len) return false;
    if (hash->iterations > 0) return matches_pbkdf2(hash, secret);
    return secret.len <= BCRYPT_SECRET_MAX && matches_bcrypt(hash, secret);
}
