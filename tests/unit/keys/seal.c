#include "keys/seal.h"

#include "unit/keys/fixture.h"
#include "unit/test.h"

static const struct bytes kid = BYTES("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");

static enum seal_outcome open_and_forget(const struct system_secrets *secrets, struct bytes name, struct bytes sealed)
{
    struct secret plain = {NULL, 0};
    enum seal_outcome outcome = seal_open(secrets, name, sealed, &plain);
    CHECK((outcome == SEAL_OPEN) == secret_present(&plain));
    secret_release(&plain);
    return outcome;
}

int main(void)
{
    struct arena arena;
    struct secret plain, again = {NULL, 0};
    struct system_secrets secrets = fixture_secrets(), swapped = fixture_secrets(), only_second = fixture_secrets();
    swapped.at[0] = secrets.at[1];
    swapped.at[1] = secrets.at[0];
    only_second.at[0] = secrets.at[1];
    only_second.count = 1;
    arena_init(&arena, 1 << 20);
    secret_init(&plain, BYTES("a private key"));
    struct bytes sealed = seal_close(&secrets, kid, &plain, &arena);

    TEST("what was sealed opens, and is the same")
    {
        CHECK(seal_open(&secrets, kid, sealed, &again) == SEAL_OPEN);
        CHECK(secret_equals(&again, BYTES("a private key")));
        secret_release(&again);
    }
    TEST("the plain text does not stand in the seal") CHECK(!bytes_contain(sealed, BYTES("private")));
    TEST("sealed twice, it is not the same twice")
    CHECK(!bytes_equal(sealed, seal_close(&secrets, kid, &plain, &arena)));
    TEST("every secret opens, wherever it stands in the list")
    CHECK(open_and_forget(&swapped, kid, sealed) == SEAL_OPEN);
    TEST("the first secret seals")
    CHECK(open_and_forget(&only_second, kid, seal_close(&swapped, kid, &plain, &arena)) == SEAL_OPEN);
    TEST("without its secret it is said that the secret is missing")
    CHECK(open_and_forget(&only_second, kid, sealed) == SEAL_UNKNOWN_SECRET);
    TEST("as another key's it does not open")
    CHECK(open_and_forget(&secrets, BYTES("AzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"), sealed) == SEAL_BROKEN);
    TEST("a change of any one bit is seen")
    {
        for (size_t i = 0; i < 8 * sealed.len; i++) {
            char *changed = arena_text(&arena, sealed);
            changed[i / 8] = (char)(changed[i / 8] ^ 1 << i % 8);
            CHECK(open_and_forget(&secrets, kid, (struct bytes){changed, sealed.len}) != SEAL_OPEN);
        }
    }
    TEST("a cut seal does not open, however short")
    for (size_t len = 0; len < sealed.len; len++)
        CHECK(open_and_forget(&secrets, kid, arena_copy(&arena, (struct bytes){sealed.at, len})) == SEAL_BROKEN);
    secret_release(&plain);
    arena_release(&arena);
    return TEST_END();
}
