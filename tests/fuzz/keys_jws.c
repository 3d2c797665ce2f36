/* Whatever the bytes are: no token but one of ours verifies, and ours gives its payload. With every algorithm. */
#include <assert.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "keys/jws.h"
#include "keys/ring.h"
#include "keys/signature.h"

enum { KEPT_MAX = 4 << 20, INPUT_MAX = 900 };

static struct keyring *ring;
static struct arena kept;
static struct key_material keys[KEY_ALGORITHM_COUNT];
static enum key_algorithm algorithms[KEY_ALGORITHM_COUNT];
static struct prepared *prepared[KEY_ALGORITHM_COUNT];
static struct bytes tokens[KEY_ALGORITHM_COUNT]; /* one good token of each */

static struct bytes sign(enum key_algorithm algorithm, struct bytes payload, struct arena *arena)
{
    struct text token;
    struct signing signing = {algorithm, BYTES("at+jwt"), payload};
    struct signer *signer = signer_create();
    text_init(&token, arena, payload.len + 512);
    bool made = signer_sign(signer, ring, &signing, &token, NULL);
    assert(made);
    signer_destroy(signer);
    return text_bytes(&token);
}

static void make_ring(void)
{
    struct bytes text = BYTES("Zk3vT9qPw7LxN2mYs8RbHc4JdFgAe6Uo");
    struct system_secrets secrets;
    struct fault fault;
    const struct key_making how = {&secrets, RSA_BITS_MIN};
    arena_init(&kept, KEPT_MAX);
    bool made = system_secrets_init(&secrets, &text, 1, &fault);
    for (enum key_algorithm a = 0; a < KEY_ALGORITHM_COUNT; a++) {
        algorithms[a] = a;
        keys[a] = (struct key_material){.created_at = 1, .activate_at = 1};
        made = made && key_make(a, &how, &kept, &keys[a], &fault);
    }
    assert(made);
    const struct keyring_source source = {.rows = keys,
                                          .count = KEY_ALGORITHM_COUNT,
                                          .algorithms = algorithms,
                                          .algorithm_count = KEY_ALGORITHM_COUNT,
                                          .secrets = &secrets,
                                          .now = clock_now_ms(),
                                          .asked_steady_ms = clock_steady_ms()};
    ring = keyring_create(&source, &fault);
    assert(ring != NULL);
    for (enum key_algorithm a = 0; a < KEY_ALGORITHM_COUNT; a++) {
        tokens[a] = sign(a, BYTES("{\"sub\":\"a\"}"), &kept);
        prepared[a] = signature_prepare(a, ring_find(ring, keys[a].kid)->pair);
    }
}

static bool verifies(struct bytes token, struct arena *arena)
{
    struct bytes payload;
    return keyring_verify(ring, token, arena, &payload);
}

/* the bytes in place of some of a good token's, or between them */
static void try_edit(const struct bytes in, struct arena *arena)
{
    if (in.len < 4) return;
    struct bytes token = tokens[(unsigned char)in.at[0] % KEY_ALGORITHM_COUNT];
    size_t from = (256U * (unsigned char)in.at[1] + (unsigned char)in.at[2]) % (token.len + 1);
    struct bytes patch = {in.at + 4, in.len - 4};
    size_t cut = (unsigned char)in.at[3] % 2 == 0 ? patch.len : 0;
    if (cut > token.len - from) cut = token.len - from;
    struct text edited;
    text_init(&edited, arena, token.len + patch.len);
    text_put(&edited, (struct bytes){token.at, from});
    text_put(&edited, patch);
    text_put(&edited, (struct bytes){token.at + from + cut, token.len - from - cut});
    assert(verifies(text_bytes(&edited), arena) == bytes_equal(text_bytes(&edited), token));
}

/* does the header say what we let pass, as another reader sees it? */
static bool sound(struct bytes header, enum key_algorithm algorithm, struct arena *arena)
{
    const struct json *json = json_parse(arena, header, &(struct json_limits){JWS_HEADER_MAX, true}, NULL);
    struct bytes typ = json_string(json_find(json, "typ"));
    return json_find(json, "crit") == NULL && json_find(json, "b64") == NULL &&
           (bytes_equal(typ, BYTES("at+jwt")) || bytes_equal(typ, BYTES("JWT"))) &&
           bytes_equal(json_string(json_find(json, "alg")), key_algorithm_name(algorithm)) &&
           bytes_equal(json_string(json_find(json, "kid")), keys[algorithm].kid);
}

/* the bytes as a header that a key of ours signed all the same; @ stands for its kid */
static void try_header(struct bytes in, struct arena *arena)
{
    if (in.len < 2 || in.len > INPUT_MAX) return;
    enum key_algorithm algorithm = (unsigned char)in.at[0] % KEY_ALGORITHM_COUNT;
    struct bytes rest = {in.at + 1, in.len - 1};
    size_t at = bytes_find(rest, '@');
    struct text header, token;
    struct signature signature;
    text_init(&header, arena, in.len + KID_LEN);
    text_put(&header, (struct bytes){rest.at, at});
    if (at < rest.len) text_put(&header, keys[algorithm].kid);
    if (at < rest.len) text_put(&header, (struct bytes){rest.at + at + 1, rest.len - at - 1});
    text_init(&token, arena, 2 * header.len);
    text_put_base64url(&token, header.at, header.len);
    text_put(&token, BYTES(".e30"));
    bool made = signature_make(prepared[algorithm], (struct bytes){token.at, token.len}, &signature);
    assert(made);
    text_put_char(&token, '.');
    text_put_base64url(&token, signature.at, signature.len);
    assert(verifies(text_bytes(&token), arena) == sound(text_bytes(&header), algorithm, arena));
}

static void try_payload(struct bytes in, struct arena *arena)
{
    struct bytes payload;
    if (in.len == 0 || in.len > INPUT_MAX) return;
    struct bytes token = sign((unsigned char)in.at[0] % KEY_ALGORITHM_COUNT, in, arena);
    bool good = keyring_verify(ring, token, arena, &payload);
    assert(good && bytes_equal(payload, in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct bytes in = {(const char *)data, size};
    if (ring == NULL) make_ring();
    keyring_confirm(ring, clock_now_ms(), clock_steady_ms()); /* an old view would not sign */
    arena_init(&arena, 1 << 20);
    assert(!verifies(in, &arena));
    try_edit(in, &arena);
    try_header(in, &arena);
    try_payload(in, &arena);
    arena_release(&arena);
    return 0;
}
