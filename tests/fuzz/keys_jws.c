/* Whatever the bytes are: no token but one of ours verifies, and ours gives its payload. */
#include <assert.h>

#include "base/clock.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "keys/keys.h"

static struct keyring *ring;
static struct arena kept;

static void make_ring(void)
{
    struct bytes text = BYTES("Zk3vT9qPw7LxN2mYs8RbHc4JdFgAe6Uo");
    struct system_secrets secrets;
    struct fault fault;
    struct key_material key = {.created_at = 1, .activate_at = 1};
    arena_init(&kept, 1 << 20);
    const struct key_making how = {&secrets, RSA_BITS_MIN};
    bool made = system_secrets_init(&secrets, &text, 1, &fault) && key_make(KEY_ES256, &how, &kept, &key, &fault);
    assert(made);
    static const enum key_algorithm only[] = {KEY_ES256};
    const struct keyring_source source = {.rows = &key,
                                          .count = 1,
                                          .algorithms = only,
                                          .algorithm_count = 1,
                                          .secrets = &secrets,
                                          .now = 2,
                                          .asked_steady_ms = clock_steady_ms()};
    ring = keyring_create(&source, &fault);
    assert(ring != NULL);
}

/* the bytes as a token; and as the payload of a token of ours */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct text token;
    struct bytes in = {(const char *)data, size}, payload;
    if (ring == NULL) make_ring();
    arena_init(&arena, 1 << 20);
    assert(!keyring_verify(ring, in, &arena, &payload));
    struct signer *signer = signer_create();
    struct signing signing = {KEY_ES256, BYTES("at+jwt"), in};
    text_init(&token, &arena, size);
    keyring_confirm(ring, 2, clock_steady_ms()); /* a run may take longer than a view may be old */
    if (size > 0 && size < 12000 && signer_sign(signer, ring, &signing, &token, NULL)) {
        assert(keyring_verify(ring, text_bytes(&token), &arena, &payload));
        assert(bytes_equal(payload, in));
    }
    signer_destroy(signer);
    arena_release(&arena);
    return 0;
}
