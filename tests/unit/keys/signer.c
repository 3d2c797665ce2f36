#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/ring.h"
#include "unit/keys/fixture.h"
#include "unit/test.h"

static struct arena arena;
static struct fault fault;

static struct bytes kid_of(struct bytes token)
{
    const struct json_limits limits = {.size_max = 1024, .unique_names = true};
    char *header = arena_take(&arena, 1024);
    size_t len;
    struct fault unreadable;
    if (!base64url_decode((struct bytes){token.at, bytes_find(token, '.')}, header, 1024, &len)) return BYTES_ABSENT;
    return json_string(json_find(json_parse(&arena, (struct bytes){header, len}, &limits, &unreadable), "kid"));
}

static struct bytes sign(struct signer *signer, struct keyring *ring, enum key_algorithm algorithm, struct bytes *kid)
{
    struct text out;
    struct signing signing = {algorithm, BYTES("at+jwt"), BYTES("{\"sub\":\"a\"}")};
    text_init(&out, &arena, 512);
    if (!signer_sign(signer, ring, &signing, &out, &fault)) return BYTES_ABSENT;
    *kid = kid_of(text_bytes(&out));
    return text_bytes(&out);
}

static void check_signs(struct keyring *ring, enum key_algorithm algorithm, struct bytes expected_kid)
{
    struct bytes kid = BYTES_ABSENT, payload = BYTES_ABSENT;
    struct signer *signer = signer_create();
    for (int i = 0; i < 3; i++) {
        CHECK(keyring_verify(ring, sign(signer, ring, algorithm, &kid), &arena, &payload));
        CHECK_BYTES(payload, BYTES("{\"sub\":\"a\"}"));
        CHECK_BYTES(kid, expected_kid);
    }
    signer_destroy(signer);
}

static void check_change(struct key_material first, struct key_material second)
{
    struct bytes kid = BYTES_ABSENT;
    struct signer *signer = signer_create();
    second.activate_at = clock_now_ms() + DAY_MS;
    struct keyring *ring = fixture_ring((struct key_material[]){first, second}, 2);
    sign(signer, ring, KEY_ES256, &kid);
    CHECK_BYTES(kid, first.kid);
    keyring_confirm(ring, clock_now_ms() + DAY_MS + 1000, clock_steady_ms());
    struct bytes token = sign(signer, ring, KEY_ES256, &kid), payload;
    CHECK_BYTES(kid, second.kid);
    CHECK(keyring_verify(ring, token, &arena, &payload));
    keyring_release(ring);
    struct keyring *next = fixture_ring(&first, 1);
    CHECK(keyring_verify(next, sign(signer, next, KEY_ES256, &kid), &arena, &payload));
    CHECK_BYTES(kid, first.kid);
    /* it holds the ring whose key it keeps prepared, until it is shown another */
    signer_follow(signer, next);
    CHECK(atomic_load(&next->owners) == 2);
    struct keyring *last = fixture_ring(NULL, 0);
    signer_follow(signer, last);
    CHECK(atomic_load(&next->owners) == 1 && atomic_load(&last->owners) == 1);
    keyring_release(last);
    signer_destroy(signer);
    CHECK(atomic_load(&next->owners) == 1);
    keyring_release(next);
}

int main(void)
{
    arena_init(&arena, 16 << 20);
    struct bytes kid;
    struct key_material es = fixture_key(KEY_ES256, 0, 5, &arena), es_next = fixture_key(KEY_ES256, 1, 5, &arena);
    struct key_material rs = fixture_key(KEY_RS256, 0, 5, &arena);
    struct keyring *ring = fixture_ring((struct key_material[]){es, rs}, 2);
    TEST("what it signs, the ring verifies; the kid is the key's that signed") check_signs(ring, KEY_ES256, es.kid);
    TEST("the same with every other algorithm")
    for (enum key_algorithm a = 0; a < KEY_ALGORITHM_COUNT; a++) {
        struct key_material key = fixture_key(a, 0, 5, &arena);
        struct keyring *one = fixture_ring(&key, 1);
        check_signs(one, a, key.kid);
        keyring_release(one);
    }
    TEST("without an active key of the algorithm nothing is signed")
    {
        struct keyring *only_rs = fixture_ring(&rs, 1);
        struct signer *signer = signer_create();
        CHECK(!bytes_present(sign(signer, only_rs, KEY_ES256, &kid)) && fault.kind == FAULT_AWAY);
        signer_destroy(signer);
        keyring_release(only_rs);
    }
    TEST("it follows the active key, and another ring") check_change(es, es_next);
    TEST("it appends to what stands there already, and signs none of it")
    {
        struct text out;
        struct bytes payload;
        struct signer *signer = signer_create();
        struct signing signing = {KEY_ES256, BYTES("JWT"), BYTES("{}")};
        text_init(&out, &arena, 16);
        text_put(&out, BYTES("{\"access_token\":\""));
        size_t before = out.len;
        CHECK(signer_sign(signer, ring, &signing, &out, &fault));
        CHECK(keyring_verify(ring, (struct bytes){out.at + before, out.len - before}, &arena, &payload));
        signer_destroy(signer);
    }
    TEST("a token over the arena's cap is a fault")
    {
        struct arena small;
        struct text out;
        struct signer *signer = signer_create();
        struct signing signing = {KEY_ES256, BYTES("JWT"), BYTES("{}")};
        arena_init(&small, 160);
        text_init(&out, &small, 32);
        CHECK(!signer_sign(signer, ring, &signing, &out, &fault) && fault.kind == FAULT_FULL);
        arena_release(&small);
        signer_destroy(signer);
    }
    keyring_release(ring);
    arena_release(&arena);
    return TEST_END();
}
