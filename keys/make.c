#include "keys/pair.h"

#include <openssl/err.h>

#include "base/text.h"
#include "keys/seal.h"

static bool write_down(EVP_PKEY *pair, const struct system_secrets *secrets, struct arena *arena,
                       struct key_material *out)
{
    char kid[KID_LEN + 1];
    struct secret private;
    struct text jwk;
    pair_write_kid(out->algorithm, pair, kid);
    if (!pair_write_private(pair, &private)) return false;
    out->kid = arena_copy(arena, (struct bytes){kid, KID_LEN});
    out->sealed_private = seal_close(secrets, out->kid, &private, arena);
    secret_release(&private);
    text_init(&jwk, arena, 512);
    pair_write_jwk(out->algorithm, pair, &jwk);
    out->public_jwk = text_bytes(&jwk);
    return !arena->overflowed;
}

bool key_make(enum key_algorithm algorithm, const struct key_making *how, struct arena *arena, struct key_material *out,
              struct fault *fault)
{
    EVP_PKEY *pair = pair_generate(algorithm, how->rsa_bits);
    out->algorithm = algorithm;
    bool made = pair != NULL && write_down(pair, how->secrets, arena, out);
    EVP_PKEY_free(pair);
    ERR_clear_error();
    if (made) return true;
    return fault_set(fault, arena->overflowed ? FAULT_FULL : FAULT_BUG, "keys: make", "no %s key could be made",
                     key_algorithm_name(algorithm).at);
}
