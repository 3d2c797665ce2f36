#include "oauth/client_secret.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/text.h"
#include "oauth/slow_hash.h"

static const struct bytes KIND = {"$sha256$", 8};

struct bytes client_secret_make(struct arena *arena)
{
    unsigned char raw[32];
    struct text t;
    random_fill(raw, sizeof raw);
    text_init(&t, arena, 64);
    text_put_base64url(&t, raw, sizeof raw);
    secret_wipe(raw, sizeof raw);
    return text_bytes(&t);
}

struct bytes client_secret_hash(struct arena *arena, struct bytes secret)
{
    unsigned char digest[DIGEST_LEN];
    struct text t;
    digest_sha256(secret, digest);
    text_init(&t, arena, 64);
    text_put(&t, KIND);
    text_put_base64url(&t, digest, sizeof digest);
    return text_bytes(&t);
}

static bool read_digest(struct bytes hash, unsigned char digest[DIGEST_LEN])
{
    size_t len;
    if (!bytes_start_with(hash, KIND)) return false;
    return base64url_decode((struct bytes){hash.at + KIND.len, hash.len - KIND.len}, digest, DIGEST_LEN, &len) && len == DIGEST_LEN;
}

bool client_secret_hash_check(struct bytes hash, struct fault *fault)
{
    unsigned char digest[DIGEST_LEN];
    struct slow_hash slow;
    return read_digest(hash, digest) || slow_hash_parse(hash, &slow, fault);
}

bool client_secret_matches(struct bytes hash, struct bytes secret)
{
    unsigned char want[DIGEST_LEN], got[DIGEST_LEN];
    if (!read_digest(hash, want)) return false;
    digest_sha256(secret, got);
    return secret_same(want, got, sizeof want);
}
