#include "keys/keys.h"

#include "base/digest.h"
#include "unit/test.h"

static const struct bytes first = BYTES("Zk3vT9qPw7LxN2mYs8RbHc4JdFgAe6Uo"),
                          second = BYTES("Qy5tUw2XnB8kVs4ZmR7cLp9HjDf3GaEi");
static struct fault fault;

static bool refused(struct bytes text)
{
    struct system_secrets secrets;
    fault = (struct fault){FAULT_NONE, "", ""};
    if (!system_secrets_init(&secrets, (struct bytes[]){first, text}, 2, &fault))
        return fault.kind == FAULT_INPUT && strstr(fault.what, "secrets.system[1]") != NULL && secrets.count == 0 &&
               strstr(fault.what, text.at) == NULL;
    system_secrets_release(&secrets);
    return false;
}

/* a text whose kid is that of first */
static struct bytes colliding(char text[40])
{
    unsigned char wanted, kid;
    digest_hkdf(first, BYTES("kid"), &wanted, 1);
    for (int i = 0;; i++) {
        snprintf(text, 40, "Zk3vT9qPw7LxN2mYs8RbHc4JdFgA%06d", i);
        digest_hkdf(bytes_of(text), BYTES("kid"), &kid, 1);
        if (kid == wanted) return bytes_of(text);
    }
}

static void check_derived(void)
{
    struct system_secrets secrets;
    unsigned char seal[32], token[32], kid;
    CHECK(system_secrets_init(&secrets, (struct bytes[]){first, second}, 2, &fault) && secrets.count == 2);
    digest_hkdf(second, BYTES("kid"), &kid, 1);
    digest_hkdf(second, BYTES("signing keys"), seal, 32);
    digest_hkdf(second, BYTES("refresh token"), token, 32);
    CHECK(secrets.at[1].kid == kid && memcmp(secrets.at[1].seal, seal, 32) == 0);
    CHECK(memcmp(secrets.at[1].token, token, 32) == 0 && memcmp(seal, token, 32) != 0);
    CHECK(memcmp(secrets.at[0].seal, secrets.at[1].seal, 32) != 0);
    system_secrets_release(&secrets);
    CHECK(secrets.count == 0 && memcmp(secrets.at[1].seal, (char[32]){0}, 32) == 0);
}

int main(void)
{
    char text[40];
    struct system_secrets secrets;
    TEST("each secret gives its own key id and keys, by HKDF, and they are wiped") check_derived();
    TEST("no secret, or more than eight, are refused")
    {
        struct bytes nine[9] = {first};
        CHECK(!system_secrets_init(&secrets, NULL, 0, &fault) && fault.kind == FAULT_INPUT);
        CHECK(!system_secrets_init(&secrets, nine, 9, &fault) && fault.kind == FAULT_INPUT);
    }
    TEST("31 characters are refused, 32 are enough")
    {
        CHECK(refused(BYTES("Qy5tUw2XnB8kVs4ZmR7cLp9HjDf3GaE")));
        CHECK(!refused(second));
    }
    TEST("what stands in documentation is refused, in any case and with any punctuation")
    {
        static const char *const examples[] = {
            "PLEASE-CHANGE-ME-I-AM-VERY-INSECURE-1", "changeme-changeme-changeme-cdefgh",
            "this-is-just-an-example-of-a-secret-",  "youReallyNeedToChangeThis_please_do!",
            "secret-secret-secret-secret-secret-1",  "replace_with_a_random_text_of_32_chars",
            "a-secret-of-at-least-32-characters!!",  "Change_Me Change_Me Change_Me 12345"};
        for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) CHECK(refused(bytes_of(examples[i])));
    }
    TEST("one character over and over, or a row of the alphabet, is refused")
    {
        CHECK(refused(BYTES("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
        CHECK(refused(BYTES("abcabcabcabcabcabcabcabcabcabcabcabc")));
        CHECK(refused(BYTES("0123456789abcdef0123456789abcdef")));
        CHECK(refused(BYTES("abcdefghijklmnopqrstuvwxyzzyxwvu")));
    }
    TEST("random secrets as openssl writes them are taken")
    {
        CHECK(!refused(BYTES("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c")));
        CHECK(!refused(BYTES("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=")));
    }
    TEST("the same secret twice, or two with one key id, are refused")
    {
        CHECK(refused(first));
        CHECK(refused(colliding(text)));
    }
    return TEST_END();
}
