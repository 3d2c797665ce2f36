#include "suite.h"
#include "unit/test.h"

#include "base/clock.h"

static struct key_row key(const char *kid, const char *algorithm, int64_t epoch)
{
    return (struct key_row){.kid = bytes_of(kid),
                            .algorithm = bytes_of(algorithm),
                            .epoch = epoch,
                            .created_at = 1700000000001 + epoch,
                            .activate_at = 1700000000002,
                            .retire_at = 1700000000003,
                            .remove_at = 1700000000004,
                            .wanted_at = 1700000000005,
                            .public_jwk = BYTES("{\"kty\": \"EC\",  \"x\":\"\"}"),
                            .sealed_private = {"\0sealed\xff\x80", 9}};
}

static enum key_change_outcome change(struct driver *d, const struct key_change *change)
{
    enum key_change_outcome outcome;
    driver_run(d, VERB_CHANGE_KEYS, change, &outcome);
    return outcome;
}

static enum key_change_outcome add(struct driver *d, const struct key_row *rows, size_t count)
{
    return change(d, &(struct key_change){.added = rows, .added_count = count});
}

static enum key_change_outcome update(struct driver *d, const struct key_row *was, const struct key_row *becomes)
{
    const struct key_update update = {*was, *becomes};
    return change(d, &(struct key_change){.updated = &update, .updated_count = 1});
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
    CHECK(got->retire_at == want->retire_at && got->remove_at == want->remove_at && got->wanted_at == want->wanted_at);
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
        CHECK(add(d, rows, 3) == KEYS_CHANGED);
        struct key_list keys = list(d);
        CHECK(keys.count == 3);
        for (size_t i = 0; keys.count == 3 && i < 3; i++) check_key(&keys.rows[i], &rows[2 - i]);
    }
    TEST("an epoch that an algorithm has already, or a kid that is there: nothing of the change is done")
    {
        struct key_row more[] = {key("k5", "ES256", 2), key("k4", "ES256", 1)}, same_kid = key("k1", "ES256", 7);
        struct key_row becomes = rows[0];
        becomes.wanted_at = 1;
        const struct key_update update = {rows[0], becomes};
        const struct key_change all = {more, 2, &update, 1, &rows[1], 1};
        CHECK(change(d, &all) == KEYS_CHANGED_MEANWHILE && add(d, &same_kid, 1) == KEYS_CHANGED_MEANWHILE);
        struct key_list keys = list(d);
        CHECK(keys.count == 3);
        for (size_t i = 0; keys.count == 3 && i < 3; i++) check_key(&keys.rows[i], &rows[2 - i]);
    }
    TEST("a key without a private part and times is kept as such")
    {
        struct key_row bare = key("k5", "ES256", 2);
        bare.sealed_private = BYTES_ABSENT;
        bare.retire_at = bare.remove_at = 0;
        CHECK(add(d, &bare, 1) == KEYS_CHANGED);
        struct key_list keys = list(d);
        CHECK(keys.count == 4);
        if (keys.count == 4) check_key(&keys.rows[2], &bare);
    }
    TEST("an empty change is nothing, and done")
    {
        CHECK(add(d, rows, 0) == KEYS_CHANGED);
        CHECK(list(d).count == 4);
    }
}

static struct key_row find(struct driver *d, const char *kid)
{
    struct key_list keys = list(d);
    for (size_t i = 0; i < keys.count; i++)
        if (bytes_equal(keys.rows[i].kid, bytes_of(kid))) return keys.rows[i];
    return (struct key_row){.epoch = -1};
}

static void test_update(struct driver *d)
{
    struct key_row was = key("u1", "ES384", 0), becomes = was;
    becomes.activate_at = 11;
    becomes.retire_at = 12;
    becomes.remove_at = 13;
    becomes.wanted_at = 14;
    becomes.sealed_private = BYTES("anew");
    TEST("a row that is still as it was read gets its new times and seal")
    {
        CHECK(add(d, &was, 1) == KEYS_CHANGED && update(d, &was, &becomes) == KEYS_CHANGED);
        struct key_row now = find(d, "u1");
        check_key(&now, &becomes);
    }
    TEST("one that has another time, or another seal, or is gone, is not touched, nor is anything else")
    {
        struct key_row others[6], wanted = becomes;
        for (size_t i = 0; i < 6; i++) others[i] = becomes;
        others[0].activate_at++;
        others[1].retire_at++;
        others[2].remove_at++;
        others[3].wanted_at++;
        others[4].sealed_private = BYTES_ABSENT;
        others[5].kid = BYTES("nobody");
        wanted.remove_at = 99;
        const struct key_row new_one = key("u2", "ES384", 1);
        for (size_t i = 0; i < 6; i++) {
            struct key_update updates[] = {{becomes, wanted}, {others[i], others[i]}};
            const struct key_change change_both = {
                .added = &new_one, .added_count = 1, .updated = updates, .updated_count = 2};
            CHECK(change(d, &change_both) == KEYS_CHANGED_MEANWHILE);
            CHECK(change(d, &(struct key_change){.deleted = &others[i], .deleted_count = 1}) == KEYS_CHANGED_MEANWHILE);
        }
        struct key_row now = find(d, "u1");
        check_key(&now, &becomes);
        CHECK(find(d, "u2").epoch == -1);
    }
    TEST("a private part is destroyed, and then is not what it was")
    {
        struct key_row destroyed = becomes;
        destroyed.sealed_private = BYTES_ABSENT;
        CHECK(update(d, &becomes, &destroyed) == KEYS_CHANGED &&
              update(d, &becomes, &becomes) == KEYS_CHANGED_MEANWHILE);
        struct key_row now = find(d, "u1");
        check_key(&now, &destroyed);
        CHECK(change(d, &(struct key_change){.deleted = &destroyed, .deleted_count = 1}) == KEYS_CHANGED);
        CHECK(find(d, "u1").epoch == -1);
    }
}

enum { AT_ONCE = 16 };

struct at_once {
    struct key_row rows[AT_ONCE];
    struct key_update updates[AT_ONCE];
    struct key_change changes[AT_ONCE];
    enum key_change_outcome outcomes[AT_ONCE];
    struct errand errands[AT_ONCE];
    char kids[AT_ONCE][16];
};

/* half of them on another store; how many were done */
static size_t run_at_once(struct driver *d, struct at_once *all)
{
    struct store *other = storage_attach(d->storage, d->loop);
    size_t done = 0;
    for (size_t i = 0; i < AT_ONCE; i++) {
        all->errands[i] = (struct errand){.verb = VERB_CHANGE_KEYS, .in = &all->changes[i], .out = &all->outcomes[i]};
        errand_start(&all->errands[i], i % 2 == 0 ? d->store : other, &d->arena);
    }
    errands_await(d->loop, all->errands, AT_ONCE);
    for (size_t i = 0; i < AT_ONCE; i++) {
        CHECK(all->errands[i].fault.kind == FAULT_NONE);
        done += all->outcomes[i] == KEYS_CHANGED;
    }
    storage_detach(other);
    return done;
}

static void test_race(struct driver *d)
{
    static struct at_once all;
    TEST("of many that make the same epoch's key at once one is kept, and the others hear that they were late")
    {
        for (size_t i = 0; i < AT_ONCE; i++) {
            snprintf(all.kids[i], sizeof all.kids[i], "race-%zu", i);
            all.rows[i] = key(all.kids[i], "PS256", 0);
            all.changes[i] = (struct key_change){.added = &all.rows[i], .added_count = 1};
        }
        CHECK(run_at_once(d, &all) == 1);
        struct key_list keys = list(d);
        size_t count = 0;
        for (size_t i = 0; i < keys.count; i++) {
            if (!bytes_equal(keys.rows[i].algorithm, BYTES("PS256"))) continue;
            count++;
            all.rows[0] = keys.rows[i];
        }
        CHECK(count == 1);
    }
    TEST("of many that promote the same key at once one does")
    {
        for (size_t i = 0; i < AT_ONCE; i++) {
            all.updates[i] = (struct key_update){all.rows[0], all.rows[0]};
            all.updates[i].becomes.activate_at = 100 + (int64_t)i;
            all.changes[i] = (struct key_change){.updated = &all.updates[i], .updated_count = 1};
        }
        CHECK(run_at_once(d, &all) == 1);
    }
}

static void note_hint(void *data) { ++*(int *)data; }

static void test_hint(struct driver *d)
{
    int hints = 0;
    struct storage_pulse pulse;
    struct store *other = storage_attach(d->storage, d->loop);
    storage_on_key_hint(other, note_hint, &hints);
    for (int i = 0; i < 100; i++) loop_run(d->loop, 5); /* it connects */
    TEST("where the database tells of changes, another store hears of one; a store that didn't ask is not told")
    {
        struct key_row row = key("hint", "EdDSA", 0);
        CHECK(add(d, &row, 1) == KEYS_CHANGED);
        int64_t until_ms = clock_steady_ms() + 3000;
        bool tells = strncmp(d->dsn, "postgres", 8) == 0;
        while (tells && hints == 0 && clock_steady_ms() < until_ms) loop_run(d->loop, 50);
        CHECK((hints > 0) == tells);
        driver_run(d, VERB_PULSE, NULL, &pulse);
    }
    storage_detach(other);
}

int suite_keys(struct driver *d)
{
    test_keys(d);
    test_update(d);
    test_race(d);
    test_hint(d);
    return TEST_END();
}
