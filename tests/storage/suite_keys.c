#include "suite.h"
#include "unit/test.h"

static struct key_row key(const char *kid, const char *algorithm, int64_t epoch)
{
    return (struct key_row){.kid = bytes_of(kid),
                            .algorithm = bytes_of(algorithm),
                            .epoch = epoch,
                            .created_at = 1700000000001 + epoch,
                            .activate_at = 1700000000002,
                            .retire_at = 1700000000003,
                            .remove_at = 1700000000004,
                            .public_jwk = BYTES("{\"kty\": \"EC\",  \"x\":\"\"}"),
                            .sealed_private = {"\0sealed\xff\x80", 9}};
}

static void add(struct driver *d, const struct key_row *rows, size_t count)
{
    driver_run(d, VERB_ADD_KEYS, &(struct key_batch){rows, count}, NULL);
}

static struct key_list list(struct driver *d)
{
    struct key_list keys;
    driver_run(d, VERB_LIST_KEYS, NULL, &keys);
    return keys;
}

static void check_key(const struct key_row *got, const struct key_row *want)
{
    CHECK_BYTES(got->kid, want->kid);
    CHECK_BYTES(got->algorithm, want->algorithm);
    CHECK_BYTES(got->public_jwk, want->public_jwk);
    CHECK_BYTES(got->sealed_private, want->sealed_private);
    CHECK(bytes_present(got->sealed_private) == bytes_present(want->sealed_private));
    CHECK(got->epoch == want->epoch && got->created_at == want->created_at && got->activate_at == want->activate_at);
    CHECK(got->retire_at == want->retire_at && got->remove_at == want->remove_at);
}

static void test_keys(struct driver *d)
{
    const struct key_row rows[] = {key("k3", "RS256", 0), key("k2", "ES256", 1), key("k1", "ES256", 0)};
    TEST("in the beginning there is no key, but a time")
    {
        struct key_list keys = list(d);
        CHECK(keys.count == 0);
        CHECK(keys.now > 1700000000000);
    }
    TEST("keys come by algorithm and epoch, each as it was added")
    {
        add(d, rows, 3);
        struct key_list keys = list(d);
        CHECK(keys.count == 3);
        for (size_t i = 0; keys.count == 3 && i < 3; i++) check_key(&keys.rows[i], &rows[2 - i]);
    }
    TEST("an epoch that an algorithm has already is left out, the rest of the batch is added")
    {
        struct key_row more[] = {key("k4", "ES256", 1), key("k5", "ES256", 2)};
        more[1].sealed_private = BYTES_ABSENT;
        more[1].retire_at = 0;
        add(d, more, 2);
        struct key_list keys = list(d);
        CHECK(keys.count == 4);
        if (keys.count == 4) check_key(&keys.rows[1], &rows[1]);
        if (keys.count == 4) check_key(&keys.rows[2], &more[1]);
    }
    TEST("an empty batch is nothing")
    {
        add(d, rows, 0);
        CHECK(list(d).count == 4);
    }
}

static void test_race(struct driver *d)
{
    enum { ADDERS = 16 };
    static struct key_row rows[ADDERS];
    static struct key_batch batches[ADDERS];
    static struct errand errands[ADDERS];
    static char kids[ADDERS][16];
    for (size_t i = 0; i < ADDERS; i++) {
        snprintf(kids[i], sizeof kids[i], "race-%zu", i);
        rows[i] = key(kids[i], "PS256", 0);
        batches[i] = (struct key_batch){&rows[i], 1};
        errands[i] = (struct errand){.verb = VERB_ADD_KEYS, .in = &batches[i]};
        errand_start(&errands[i], d->store, &d->arena);
    }
    errands_await(d->loop, errands, ADDERS);
    TEST("of many that make the same epoch's key at once one is kept, and nobody fails")
    {
        struct key_list keys = list(d);
        size_t count = 0;
        for (size_t i = 0; i < keys.count; i++) count += bytes_equal(keys.rows[i].algorithm, BYTES("PS256"));
        CHECK(count == 1);
        for (size_t i = 0; i < ADDERS; i++) CHECK(errands[i].fault.kind == FAULT_NONE);
    }
}

int suite_keys(struct driver *d)
{
    test_keys(d);
    test_race(d);
    return TEST_END();
}
