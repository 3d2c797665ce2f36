#include "oauth/client_secret.h"

#include "unit/test.h"

int main(void)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    TEST("a made secret has 256 bits and is never the same twice")
    {
        struct bytes a = client_secret_make(&arena), b = client_secret_make(&arena);
        CHECK(a.len == 43 && b.len == 43 && !bytes_equal(a, b));
    }
    TEST("a hash verifies its secret and no other")
    {
        struct bytes secret = client_secret_make(&arena), hash = client_secret_hash(&arena, secret);
        CHECK(client_secret_matches(hash, secret));
        CHECK(!client_secret_matches(hash, BYTES("another secret of enough characters")));
        CHECK(!client_secret_matches(hash, BYTES_ABSENT));
    }
    TEST("the hash does not hold the secret")
    {
        struct bytes secret = client_secret_make(&arena), hash = client_secret_hash(&arena, secret);
        CHECK(bytes_start_with(hash, BYTES("$sha256$")) && !bytes_contain(hash, secret));
    }
    TEST("a known hash stays readable: SHA-256 in base64url")
    {
        CHECK(client_secret_matches(BYTES("$sha256$ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"), BYTES("abc")));
    }
    TEST("a hash of an unknown kind, a broken one and none verify nothing")
    {
        CHECK(!client_secret_matches(BYTES("$plain$abc"), BYTES("abc")));
        CHECK(!client_secret_matches(BYTES("$sha256$ungWv48"), BYTES("abc")));
        CHECK(!client_secret_matches(BYTES("$sha256$"), BYTES("")));
        CHECK(!client_secret_matches(BYTES_ABSENT, BYTES("abc")));
        CHECK(!client_secret_matches(BYTES_ABSENT, BYTES_ABSENT));
    }
    arena_release(&arena);
    return TEST_END();
}
