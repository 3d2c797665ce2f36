#include "keys/slow_signature.h"

#include <pthread.h>

#include "base/text.h"
#include "unit/keys/fixture.h"
#include "unit/test.h"

static struct arena arena;
static struct fault fault;
static struct text out;

static void *make(void *signature)
{
    slow_signature_make(signature);
    return NULL;
}

static struct slow_signature *begin(struct keyring *ring, enum key_algorithm algorithm)
{
    const struct signing signing = {algorithm, BYTES("at+jwt"), BYTES("{\"sub\":\"a\"}")};
    text_init(&out, &arena, 512);
    text_put(&out, BYTES("before "));
    return slow_signature_begin(ring, &signing, &out, &fault);
}

static void make_on_thread(struct slow_signature *signature)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, make, signature) == 0 && pthread_join(thread, NULL) == 0);
}

static void check_signs(struct keyring *ring, const struct key_material *key)
{
    struct bytes payload = BYTES_ABSENT;
    struct slow_signature *s = begin(ring, key->algorithm);
    make_on_thread(s);
    CHECK(slow_signature_end(s, ring, &out, &fault));
    CHECK_BYTES(slow_signature_kid(s), key->kid);
    CHECK(slow_signature_took_us(s) > 0);
    slow_signature_release(s);
    struct bytes whole = text_bytes(&out);
    CHECK(bytes_start_with(whole, BYTES("before ")));
    CHECK(keyring_verify(ring, (struct bytes){whole.at + 7, whole.len - 7}, &arena, &payload));
    CHECK_BYTES(payload, BYTES("{\"sub\":\"a\"}"));
}

int main(void)
{
    arena_init(&arena, 4 << 20);
    struct key_material rows[] = {fixture_key(KEY_RS256, 0, 1, &arena), fixture_key(KEY_PS256, 0, 1, &arena),
                                  fixture_key(KEY_RS256, 1, 1, &arena)};
    TEST("RSA alone is slow")
    {
        CHECK(key_algorithm_is_slow(KEY_RS256) && key_algorithm_is_slow(KEY_PS256));
        CHECK(!key_algorithm_is_slow(KEY_ES256) && !key_algorithm_is_slow(KEY_ES384) &&
              !key_algorithm_is_slow(KEY_EDDSA));
    }
    TEST("what is signed in three parts verifies, behind what stood there")
    {
        struct keyring *ring = fixture_ring(rows, 2);
        check_signs(ring, &rows[0]);
        check_signs(ring, &rows[1]);
        keyring_release(ring);
    }
    TEST("the ring may be let go meanwhile, and another that has the key may be there at the end")
    {
        struct bytes payload;
        struct keyring *ring = fixture_ring(rows, 2);
        struct slow_signature *s = begin(ring, KEY_RS256);
        keyring_release(ring);
        struct keyring *next = fixture_ring(rows, 1);
        make_on_thread(s);
        CHECK(slow_signature_end(s, next, &out, &fault));
        slow_signature_release(s);
        struct bytes whole = text_bytes(&out);
        CHECK(keyring_verify(next, (struct bytes){whole.at + 7, whole.len - 7}, &arena, &payload));
        keyring_release(next);
    }
    TEST("what was signed by a key that was taken out meanwhile is not handed out")
    {
        struct keyring *ring = fixture_ring(rows, 1), *without = fixture_ring(&rows[2], 1);
        struct slow_signature *s = begin(ring, KEY_RS256);
        make_on_thread(s);
        fault.kind = FAULT_NONE;
        CHECK(!slow_signature_end(s, without, &out, &fault) && fault.kind == FAULT_AWAY &&
              strstr(fault.what, "taken out") != NULL);
        CHECK(bytes_find(text_bytes(&out), '.') == out.len - 16); /* header.payload, and no signature */
        slow_signature_release(s);
        keyring_release(ring);
        keyring_release(without);
    }
    TEST("without a key of that algorithm nothing begins")
    {
        struct keyring *ring = fixture_ring(rows, 1);
        CHECK(begin(ring, KEY_PS256) == NULL && fault.kind == FAULT_AWAY);
        keyring_release(ring);
    }
    arena_release(&arena);
    return TEST_END();
}
