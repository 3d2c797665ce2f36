/* The vectors are those of the standards. */
#include "base/digest.h"

#include "unit/test.h"

static bool is_hex(const unsigned char *at, size_t len, const char *want)
{
    char text[200];
    for (size_t i = 0; i < len; i++) snprintf(text + 2 * i, 3, "%02x", at[i]);
    return strcmp(text, want) == 0;
}

static struct bytes fill(char *at, size_t len, int value)
{
    memset(at, value, len);
    return (struct bytes){at, len};
}

int main(void)
{
    unsigned char out[DIGEST_LEN], long_out[82];
    char key[256];

    TEST("FIPS 180-4: SHA-256 of nothing, of abc and of two blocks")
    {
        static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        digest_sha256(BYTES(""), out);
        CHECK(is_hex(out, sizeof out, nothing));
        digest_sha256(BYTES_ABSENT, out);
        CHECK(is_hex(out, sizeof out, nothing));
        digest_sha256(BYTES("abc"), out);
        CHECK(is_hex(out, sizeof out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        digest_sha256(BYTES("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), out);
        CHECK(is_hex(out, sizeof out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
    }
    TEST("RFC 4231: HMAC-SHA-256, cases 1, 2 and 6 (a key longer than a block)")
    {
        digest_hmac(fill(key, 20, 0x0b), BYTES("Hi There"), out);
        CHECK(is_hex(out, sizeof out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
        digest_hmac(BYTES("Jefe"), BYTES("what do ya want for nothing?"), out);
        CHECK(is_hex(out, sizeof out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
        digest_hmac(fill(key, 131, 0xaa), BYTES("Test Using Larger Than Block-Size Key - Hash Key First"), out);
        CHECK(is_hex(out, sizeof out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
    }
    TEST("HMAC of nothing under no key is defined")
    {
        digest_hmac(BYTES_ABSENT, BYTES_ABSENT, out);
        CHECK(is_hex(out, sizeof out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"));
    }
    TEST("RFC 5869 A.3: HKDF with no salt and no info")
    {
        digest_hkdf(fill(key, 22, 0x0b), BYTES(""), long_out, 42);
        CHECK(is_hex(long_out, 42,
                     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"));
        digest_hkdf(fill(key, 22, 0x0b), BYTES_ABSENT, long_out, 42);
        CHECK(is_hex(long_out, 4, "8da4e775"));
    }
    TEST("RFC 5869 2.3: another info gives another key, a shorter key is the start of the longer")
    {
        unsigned char one[64], two[64], part[20];
        digest_hkdf(BYTES("secret"), BYTES("signing"), one, sizeof one);
        digest_hkdf(BYTES("secret"), BYTES("sealing"), two, sizeof two);
        digest_hkdf(BYTES("secret"), BYTES("signing"), part, sizeof part);
        CHECK(memcmp(one, two, sizeof one) != 0 && memcmp(one, part, sizeof part) == 0);
    }
    TEST("RFC 5869 2.2, 2.3: HKDF is extract and expand over HMAC")
    {
        unsigned char extracted[DIGEST_LEN], expanded[DIGEST_LEN], derived[DIGEST_LEN];
        digest_hmac(fill(key, DIGEST_LEN, 0), BYTES("a secret"), extracted);
        digest_hmac((struct bytes){(char *)extracted, DIGEST_LEN}, BYTES("info\x01"), expanded);
        digest_hkdf(BYTES("a secret"), BYTES("info"), derived, DIGEST_LEN);
        CHECK(memcmp(expanded, derived, DIGEST_LEN) == 0);
    }
    return TEST_END();
}
