#include "keys/ring.h"

#include <pthread.h>

#include "base/json.h"
#include "unit/keys/fixture.h"
#include "unit/test.h"

static struct arena arena;
static struct fault fault;

static struct keyring *try_open(const struct key_material *row)
{
    struct system_secrets secrets = fixture_secrets();
    struct keyring_source source = fixture_source(row, 1, &secrets);
    struct keyring *ring = keyring_create(&source, &fault);
    system_secrets_release(&secrets);
    return ring;
}

static void check_refused(struct key_material row, const char *words)
{
    CHECK(try_open(&row) == NULL && fault.kind == FAULT_INPUT);
    CHECK(strstr(fault.what, words) != NULL && bytes_contain(bytes_of(fault.what), row.kid));
}

static size_t published_count(struct keyring *ring)
{
    const struct json *set = json_parse(&arena, keyring_jwks(ring).json, &(struct json_limits){1 << 20, true}, NULL);
    CHECK(json_is(json_find(set, "keys"), JSON_ARRAY));
    return json_find(set, "keys")->count;
}

static void check_faults(struct key_material first, struct key_material second)
{
    struct key_material row = first;
    row.sealed_private = second.sealed_private;
    check_refused(row, "does not open");
    row = first;
    row.sealed_private = BYTES("\1");
    check_refused(row, "does not open");
    row = first;
    struct system_secrets other;
    struct bytes text = BYTES("Bv6nHy3QaWs9ZeXdCr5TfVg8YhBu2NjM");
    CHECK(system_secrets_init(&other, &text, 1, &fault));
    struct keyring_source source = fixture_source(&row, 1, &other);
    CHECK(keyring_create(&source, &fault) == NULL);
    CHECK(strstr(fault.what, "secrets.system") != NULL && bytes_contain(bytes_of(fault.what), row.kid));
    row.sealed_private = BYTES_ABSENT;
    row.public_jwk = second.public_jwk;
    check_refused(row, "thumbprint");
    row.public_jwk = BYTES("{}");
    check_refused(row, "public_jwk");
    system_secrets_release(&other);
}

static size_t trouble_with(struct keyring *ring, struct bytes kid, const char *words)
{
    const struct key_troubles troubles = keyring_troubles(ring);
    size_t found = 0;
    for (size_t i = 0; i < troubles.count; i++)
        found += bytes_equal(troubles.at[i].kid, kid) && bytes_contain(troubles.at[i].words, kid) &&
                 bytes_contain(troubles.at[i].words, bytes_of(words));
    CHECK(found == troubles.count);
    return found;
}

/* as a process that runs reads on */
static struct keyring *follow(struct keyring *before, const struct key_material *rows, size_t count)
{
    struct system_secrets secrets = fixture_secrets();
    struct keyring_source source = fixture_source(rows, count, &secrets);
    source.before = before;
    struct keyring *ring = keyring_create(&source, &fault);
    system_secrets_release(&secrets);
    if (ring == NULL) abort();
    return ring;
}

static struct bytes signing_kid(struct keyring *ring)
{
    const struct ring_key *key = ring_find_signing(ring, KEY_ES256, &fault);
    return key == NULL ? BYTES_ABSENT : key->row.kid;
}

/* as if the table had been read again, with all as it was, at that time */
static void confirm_at(struct keyring *ring, int64_t now) { keyring_confirm(ring, now, clock_steady_ms()); }

/* pending, active, retiring, removed, as time goes on */
static void check_states(struct key_material first, struct key_material second)
{
    int64_t now = clock_now_ms();
    first.retire_at = second.activate_at = now + DAY_MS;
    first.remove_at = now + 2 * DAY_MS;
    struct keyring *ring = fixture_ring((struct key_material[]){second, first}, 2);
    struct key_set before = keyring_jwks(ring);
    CHECK(published_count(ring) == 2 && ring_find(ring, second.kid) != NULL);
    CHECK_BYTES(signing_kid(ring), first.kid);
    confirm_at(ring, now + DAY_MS - 1000);
    CHECK_BYTES(signing_kid(ring), first.kid);
    confirm_at(ring, now + DAY_MS);
    CHECK_BYTES(signing_kid(ring), second.kid);
    CHECK(published_count(ring) == 2 && ring_find(ring, first.kid) != NULL);
    CHECK_BYTES(keyring_jwks(ring).etag, before.etag);
    confirm_at(ring, now + 2LL * DAY_MS);
    CHECK(published_count(ring) == 1 && ring_find(ring, first.kid) == NULL);
    CHECK(!bytes_equal(before.etag, keyring_jwks(ring).etag));
    keyring_release(ring);
}

/* the machine's clock says what it likes: the database's time goes on from what was read */
static void check_clock(struct key_material first, struct key_material second)
{
    int64_t now = clock_now_ms();
    second.activate_at = now + DAY_MS;
    struct keyring *ring = fixture_ring((struct key_material[]){first, second}, 2);
    clock_set_skew_ms(3LL * DAY_MS);
    CHECK_BYTES(signing_kid(ring), first.kid);
    clock_set_skew_ms(0);
    clock_set_steady_skew_ms(60 * 1000);
    CHECK(keyring_now(ring) >= now + 60 * 1000 && keyring_now(ring) < now + 70 * 1000);
    keyring_release(ring);
}

static void check_age(struct key_material key)
{
    int64_t begin_ms = clock_steady_ms();
    struct keyring *ring = fixture_ring(&key, 1);
    CHECK(keyring_age_ms(ring) < 1000 && keyring_can_sign(ring, KEY_ES256));
    keyring_confirm(ring, keyring_now(ring), begin_ms - KEYS_VIEW_MAX_MS + 1000);
    CHECK(keyring_can_sign(ring, KEY_ES256));
    keyring_confirm(ring, keyring_now(ring), begin_ms - KEYS_VIEW_MAX_MS - 1);
    CHECK(!keyring_can_sign(ring, KEY_ES256));
    CHECK(ring_find_signing(ring, KEY_ES256, &fault) == NULL && fault.kind == FAULT_AWAY);
    CHECK(strstr(fault.what, "300 s ago") != NULL);
    CHECK(published_count(ring) == 1 && ring_find(ring, key.kid) != NULL);
    confirm_at(ring, keyring_now(ring));
    CHECK(keyring_can_sign(ring, KEY_ES256));
    keyring_release(ring);
}

static void check_unconfigured(struct key_material key)
{
    static const enum key_algorithm only[] = {KEY_RS256};
    struct system_secrets secrets = fixture_secrets();
    struct keyring_source source = fixture_source(&key, 1, &secrets);
    source.algorithms = only;
    source.algorithm_count = 1;
    struct keyring *ring = keyring_create(&source, &fault);
    CHECK(ring != NULL && published_count(ring) == 1 && !keyring_can_sign(ring, KEY_ES256));
    CHECK(ring_find_signing(ring, KEY_ES256, &fault) == NULL && strstr(fault.what, "keys.algorithms") != NULL);
    keyring_release(ring);
    system_secrets_release(&secrets);
}

static void check_order(struct key_material es, struct key_material es_next, struct key_material rs)
{
    struct keyring *a = fixture_ring((struct key_material[]){rs, es_next, es}, 3);
    struct keyring *b = fixture_ring((struct key_material[]){es, rs, es_next}, 3);
    CHECK_BYTES(keyring_jwks(a).json, keyring_jwks(b).json);
    CHECK_BYTES(keyring_jwks(a).etag, keyring_jwks(b).etag);
    struct bytes etag = keyring_jwks(a).etag;
    CHECK(etag.len == 26 && etag.at[0] == '"' && etag.at[25] == '"');
    const struct json *set = json_parse(&arena, keyring_jwks(a).json, &(struct json_limits){1 << 20, true}, NULL);
    const struct json *key = json_find(set, "keys")->first;
    CHECK_BYTES(json_string(json_find(key, "kid")), es.kid);
    CHECK_BYTES(json_string(json_find(key->next, "kid")), es_next.kid);
    CHECK_BYTES(json_string(json_find(key->next->next, "kid")), rs.kid);
    keyring_release(a);
    keyring_release(b);
}

/* ---- a process that runs ---- */

static void check_unopenable(struct key_material first, struct key_material second)
{
    struct keyring *before = fixture_ring(&first, 1);
    struct key_material rows[] = {first, second};
    rows[1].activate_at = 6; /* the younger: it would sign */
    rows[1].sealed_private = BYTES("\1\2");
    struct keyring *ring = follow(before, rows, 2), *again = follow(ring, rows, 2);
    CHECK(published_count(ring) == 2 && ring_find(ring, second.kid) != NULL &&
          !ring_find(ring, second.kid)->has_private);
    CHECK_BYTES(signing_kid(ring), first.kid);
    CHECK(trouble_with(ring, second.kid, "does not open") == 1 &&
          trouble_with(again, second.kid, "does not open") == 1);
    CHECK_BYTES(keyring_jwks(ring).json, keyring_jwks(again).json);
    keyring_release(again);
    again = follow(ring, &rows[1], 1);
    CHECK(published_count(again) == 1 && ring_find(again, first.kid) == NULL);
    CHECK(!bytes_present(signing_kid(again)) && fault.kind == FAULT_AWAY);
    rows[1].public_jwk = first.public_jwk; /* then nothing of it can be published */
    keyring_release(again);
    again = follow(before, rows, 2);
    CHECK(published_count(again) == 1 && trouble_with(again, second.kid, "does not open") == 1);
    keyring_release(again);
    keyring_release(ring);
    keyring_release(before);
}

static const EVP_PKEY *pair_of(struct keyring *ring, struct bytes kid)
{
    const struct ring_key *key = ring_find(ring, kid);
    return key == NULL ? NULL : key->pair;
}

static void check_carried(struct key_material es, struct key_material rsa)
{
    struct key_material rows[] = {es, rsa};
    struct keyring *before = fixture_ring(rows, 2), *ring = follow(before, rows, 2);
    CHECK(pair_of(ring, es.kid) == pair_of(before, es.kid) && pair_of(ring, rsa.kid) == pair_of(before, rsa.kid));
    keyring_release(ring);
    rows[0].sealed_private = BYTES("\1\2");
    ring = follow(before, rows, 2);
    CHECK(pair_of(ring, es.kid) == pair_of(before, es.kid) && keyring_can_sign(ring, KEY_ES256));
    CHECK(trouble_with(ring, es.kid, "does not open") == 1);
    struct keyring *next = follow(ring, rows, 2);
    CHECK(keyring_can_sign(next, KEY_ES256) && trouble_with(next, es.kid, "does not open") == 1);
    keyring_release(next);
    next = follow(ring, &rows[1], 1); /* its row is gone */
    CHECK(pair_of(next, es.kid) == NULL && !keyring_can_sign(next, KEY_ES256));
    CHECK(keyring_troubles(next).count == 0);
    keyring_release(next);
    keyring_release(ring);
    keyring_release(before);
}

/* its private part is destroyed: nothing of it may stay here */
static void check_half_carried(struct key_material es, struct bytes public_jwk, size_t troubles)
{
    struct keyring *before = fixture_ring(&es, 1);
    es.sealed_private = BYTES_ABSENT;
    es.public_jwk = public_jwk;
    struct keyring *ring = follow(before, &es, 1);
    const struct ring_key *key = ring_find(ring, es.kid);
    CHECK(key != NULL && key->pair != pair_of(before, es.kid) && !key->has_private);
    CHECK(!keyring_can_sign(ring, KEY_ES256));
    CHECK_BYTES(keyring_jwks(ring).json, keyring_jwks(before).json);
    CHECK(keyring_troubles(ring).count == troubles);
    es.public_jwk = BYTES("{\"kty\":\"EC\"}"); /* spoilt later, when no more than this half is there */
    struct keyring *next = follow(ring, &es, 1);
    CHECK_BYTES(keyring_jwks(next).json, keyring_jwks(before).json);
    CHECK(keyring_troubles(next).count == 1);
    keyring_release(next);
    keyring_release(ring);
    keyring_release(before);
}

static void check_unread(struct key_material key)
{
    const struct key_trouble strange = {BYTES("kid-of-tomorrow"), BYTES("signing key kid-of-tomorrow is of tomorrow")};
    struct system_secrets secrets = fixture_secrets();
    struct keyring_source source = fixture_source(&key, 1, &secrets);
    source.unread = (struct key_troubles){&strange, 1};
    CHECK(keyring_create(&source, &fault) == NULL && fault.kind == FAULT_INPUT &&
          strcmp(fault.what, strange.words.at) == 0);
    struct keyring *before = fixture_ring(NULL, 0);
    source.before = before;
    struct keyring *ring = keyring_create(&source, &fault);
    CHECK(ring != NULL && keyring_can_sign(ring, KEY_ES256) && trouble_with(ring, strange.kid, "is of tomorrow") == 1);
    keyring_release(ring);
    keyring_release(before);
    system_secrets_release(&secrets);
}

static void *hold_and_release(void *data)
{
    for (int i = 0; i < 10000; i++) {
        struct keyring *ring = keyring_hold(data);
        if (keyring_jwks(ring).json.len == 0) abort();
        keyring_release(ring);
    }
    return NULL;
}

static void check_threads(struct key_material key)
{
    pthread_t threads[4];
    struct keyring *ring = fixture_ring(&key, 1);
    for (size_t i = 0; i < 4; i++) pthread_create(&threads[i], NULL, hold_and_release, ring);
    for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    CHECK(atomic_load(&ring->owners) == 1);
    keyring_release(ring);
}

int main(void)
{
    arena_init(&arena, 64 << 20);
    struct key_material first = fixture_key(KEY_ES256, 0, 5, &arena), second = fixture_key(KEY_ES256, 1, 5, &arena);
    struct key_material rsa = fixture_key(KEY_RS256, 0, 5, &arena);
    TEST("no keys are an empty set, and nothing signs")
    {
        struct keyring *ring = fixture_ring(NULL, 0);
        CHECK_BYTES(keyring_jwks(ring).json, BYTES("{\"keys\":[]}"));
        CHECK(!keyring_can_sign(ring, KEY_ES256));
        keyring_release(ring);
    }
    TEST("a key that can't be opened is named, with the reason") check_faults(first, second);
    TEST("what a key may do follows the database's time, and the set with it") check_states(first, second);
    TEST("the set has one order and one ETag, whatever the rows' order") check_order(first, second, rsa);
    TEST("the newest key goes on signing past its end when none follows")
    {
        struct key_material old = first, older = second;
        old.retire_at = 10;
        older.activate_at = 3;
        older.retire_at = 5;
        struct keyring *ring = fixture_ring((struct key_material[]){old, older}, 2);
        CHECK_BYTES(signing_kid(ring), first.kid);
        keyring_release(ring);
    }
    TEST("a key without its private part is published and never signs")
    {
        struct key_material retired = first;
        retired.sealed_private = BYTES_ABSENT;
        struct keyring *ring = fixture_ring(&retired, 1);
        CHECK(published_count(ring) == 1 && !keyring_can_sign(ring, KEY_ES256));
        keyring_release(ring);
    }
    TEST("a removed key is not opened at all")
    {
        struct key_material gone = first;
        gone.remove_at = 10;
        gone.sealed_private = BYTES("\1");
        struct keyring *ring = fixture_ring(&gone, 1);
        CHECK(published_count(ring) == 0);
        keyring_release(ring);
    }
    TEST("the database's clock counts, not ours") check_clock(first, second);
    TEST("a ring that is too old signs nothing, and publishes all the same") check_age(first);
    TEST("a key of an algorithm that is not configured is published and signs nothing") check_unconfigured(first);
    TEST("in a process that runs a key that can't be opened is published, never signs, and is described")
    check_unopenable(first, second);
    TEST("what the ring before has opened is not opened again, signs though its row is spoilt, and goes with its row")
    check_carried(first, rsa);
    TEST("of a key whose private part is destroyed only the public half is carried over")
    {
        check_half_carried(first, first.public_jwk, 0);
        check_half_carried(first, BYTES("{}"), 1);
    }
    TEST("a row that can't be read ends a start, and is told of later") check_unread(first);
    TEST("threads may hold, read and release one ring") check_threads(first);
    arena_release(&arena);
    return TEST_END();
}
