#include "oauth/slow_hash.h"

#include "unit/test.h"

/* of "correct horse battery staple of hydra" and "\xff\xff\xa3", by Go's golang.org/x/crypto, with which Hydra makes
 * them */
#define SECRET "correct horse battery staple of hydra"
#define PBKDF2 "$pbkdf2-sha256$i=25000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$NcUoXXwOGuS0KS55e9je/1vcOo7Biq+HyTgeLmH1/B8"
#define BCRYPT "$2a$04$XtwdqZPQKQ8uE6a59N51JOf7ezmTEAFpNbbONbDhjMPo2Ff8z7Xi6"
#define BCRYPT_TAIL "XtwdqZPQKQ8uE6a59N51JOf7ezmTEAFpNbbONbDhjMPo2Ff8z7Xi6"
#define ODD_SECRET "\xff\xff\xa3"
#define ODD_PBKDF2 "$pbkdf2-sha256$i=25000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$1wtF/LjeP0uCGZyiMtlJ/ZLkkoVogDWiqyd6Ei54f9g"
#define ODD_BCRYPT "$2a$04$GywwMF19QV4RYq255T2yk.TnsvPF8fI8c2G20grUOerzUGrb9O9IW"
#define SALT "MDEyMzQ1Njc4OWFiY2RlZg"
#define KEY "NcUoXXwOGuS0KS55e9je/1vcOo7Biq+HyTgeLmH1/B8"

static struct fault fault;

static bool reads(const char *text)
{
    struct slow_hash hash;
    return slow_hash_parse(bytes_of(text), &hash, &fault);
}

static bool refuses(const char *text, const char *words)
{
    return !reads(text) && fault.kind == FAULT_INPUT && strstr(fault.what, words) != NULL;
}

static bool matches(const char *text, struct bytes secret)
{
    struct slow_hash hash;
    CHECK(slow_hash_parse(bytes_of(text), &hash, &fault));
    return slow_hash_matches(&hash, secret);
}

static void check_secrets(void)
{
    TEST("what Hydra hashed by PBKDF2 verifies its secret and no other")
    {
        CHECK(matches(PBKDF2, BYTES(SECRET)));
        CHECK(matches(ODD_PBKDF2, BYTES(ODD_SECRET)));
        CHECK(!matches(PBKDF2, BYTES(SECRET "s")));
        CHECK(!matches(PBKDF2, BYTES("")) && !matches(PBKDF2, BYTES_ABSENT));
        CHECK(!matches(PBKDF2, BYTES(SECRET "\0")));
    }
    TEST("what Hydra hashed by bcrypt verifies its secret and no other, under each of its three names")
    {
        CHECK(matches(BCRYPT, BYTES(SECRET)));
        CHECK(matches("$2b$04$" BCRYPT_TAIL, BYTES(SECRET)) && matches("$2y$04$" BCRYPT_TAIL, BYTES(SECRET)));
        CHECK(!matches(BCRYPT, BYTES(SECRET "s")));
        CHECK(!matches(BCRYPT, BYTES("")) && !matches(BCRYPT, BYTES_ABSENT));
        CHECK(!matches(BCRYPT, BYTES(SECRET "\0")));
    }
    TEST("2a is what Go takes it for, also where libcrypt's own 2a is another")
    CHECK(matches(ODD_BCRYPT, BYTES(ODD_SECRET)));
    TEST("bcrypt sees 72 bytes: what is longer is wrong, not cut")
    {
        char secret[BCRYPT_SECRET_MAX + 2];
        memset(secret, 'x', sizeof secret);
        /* made with libcrypt of 72 times x */
        const char *hash = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
        CHECK(matches(hash, (struct bytes){secret, BCRYPT_SECRET_MAX}));
        CHECK(!matches(hash, (struct bytes){secret, BCRYPT_SECRET_MAX + 1}));
    }
}

static void check_bounds(void)
{
    TEST("a PBKDF2 hash out of bounds is refused with what would be right")
    {
        CHECK(reads("$pbkdf2-sha256$i=1000,l=32$" SALT "$" KEY) &&
              reads("$pbkdf2-sha256$i=1000000,l=32$" SALT "$" KEY));
        CHECK(refuses("$pbkdf2-sha256$i=999,l=32$" SALT "$" KEY, "iterations"));
        CHECK(refuses("$pbkdf2-sha256$i=1000001,l=32$" SALT "$" KEY, "iterations"));
        CHECK(refuses("$pbkdf2-sha256$i=25000,l=31$" SALT "$" KEY, "as many as l says"));
        CHECK(refuses("$pbkdf2-sha256$i=25000,l=6$" SALT "$NcUoXXwO", "key of 16 to 64"));
        CHECK(refuses("$pbkdf2-sha256$i=25000,l=32$MDEyMw$" KEY, "salt of 8 to 64"));
        CHECK(refuses("$pbkdf2-sha256$i=25000,l=32$" SALT SALT SALT SALT SALT SALT "$" KEY, "salt of 8 to 64"));
    }
    TEST("a PBKDF2 hash that is spelled otherwise is refused")
    {
        static const char *const BAD[] = {"$pbkdf2-sha256$",
                                          "$pbkdf2-sha256$i=25000$" SALT "$" KEY,
                                          "$pbkdf2-sha256$l=32,i=25000$" SALT "$" KEY,
                                          "$pbkdf2-sha256$i=+25000,l=32$" SALT "$" KEY,
                                          "$pbkdf2-sha256$i=99999999999,l=32$" SALT "$" KEY,
                                          "$pbkdf2-sha256$i=25000,l=32$" SALT,
                                          "$pbkdf2-sha256$i=25000,l=32$" SALT "$" KEY "$",
                                          "$pbkdf2-sha256$i=25000,l=32$" SALT "$" KEY "=",
                                          "$pbkdf2-sha256$i=25000,l=32$" SALT "==$" KEY,
                                          "$pbkdf2-sha256$i=25000,l=32$" SALT
                                          "$NcUoXXwOGuS0KS55e9je_1vcOo7Biq+HyTgeLmH1/B8"};
        for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) CHECK(refuses(BAD[i], "must "));
    }
    TEST("a bcrypt hash out of bounds or spelled otherwise is refused")
    {
        CHECK(reads("$2a$12$" BCRYPT_TAIL));
        CHECK(refuses("$2a$13$" BCRYPT_TAIL, "cost from 04 to 12") &&
              refuses("$2a$31$" BCRYPT_TAIL, "cost from 04 to 12"));
        CHECK(refuses("$2a$03$" BCRYPT_TAIL, "cost from 04 to 12"));
        CHECK(refuses("$2a$04$" BCRYPT_TAIL "x", "53 characters") &&
              refuses("$2a$04$XtwdqZPQKQ8uE6a59N51JOf7e", "53 characters"));
        CHECK(refuses("$2a$4$x" BCRYPT_TAIL, "two digits of cost"));
        CHECK(refuses("$2a$04$!twdqZPQKQ8uE6a59N51JOf7ezmTEAFpNbbONbDhjMPo2Ff8z7Xi6", "53 characters"));
    }
    TEST("other kinds are refused, and none is quoted")
    {
        static const char *const BAD[] = {"", "$2x$04$" BCRYPT_TAIL, "$argon2id$v=19$m=1$",
                                          "$pbkdf2-sha512$i=25000,l=32$" SALT "$" KEY,
                                          "a-plain-secret-somebody-put-here"};
        for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
            CHECK(refuses(BAD[i], "as Hydra keeps it") && strstr(fault.what, "plain") == NULL);
        CHECK(refuses("$pbkdf2-sha256$plain", "as Hydra writes it") && strstr(fault.what, "plain") == NULL);
    }
}

int main(void)
{
    check_secrets();
    check_bounds();
    return TEST_END();
}
