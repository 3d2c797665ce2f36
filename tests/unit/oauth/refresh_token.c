#include "oauth/refresh_token.h"

#include "unit/test.h"

static struct system_secrets secrets_of(const char *first, const char *second)
{
    struct system_secrets secrets;
    struct fault fault;
    struct bytes texts[2] = {bytes_of(first), bytes_of(second)};
    if (!system_secrets_init(&secrets, texts, second == NULL ? 1 : 2, &fault)) {
        fprintf(stderr, "%s\n", fault.what);
        exit(2);
    }
    return secrets;
}

static const char OLD[] = "kJ8s0dmWq1vTz7Lb3nYc5Rf9Xa2Ge4Hu6", NEW[] = "Pq3Zx8Vn1Kd6Tf0Ys5Mb9Lr2Wc7Jh4Gu";
static const struct token_binding SPA = {{"https://id.example.org", 22}, {"spa", 3}};

static struct refresh_token example(const struct system_secrets *secrets)
{
    struct refresh_token token = {.mac_kid = secrets->at[0].kid, .gen = 0x01020304};
    memset(token.grant_id, 0xa5, sizeof token.grant_id);
    memset(token.secret, 0x3c, sizeof token.secret);
    return token;
}

static struct bytes write(const struct system_secrets *secrets, const struct token_binding *binding, const struct refresh_token *token, struct arena *arena)
{
    struct text t;
    text_init(&t, arena, 128);
    return refresh_token_write(secrets, binding, token, &t) ? text_bytes(&t) : BYTES_ABSENT;
}

static bool opens(const struct system_secrets *secrets, const struct token_binding *binding, struct bytes text)
{
    struct refresh_token token;
    return refresh_token_open(secrets, binding, text, &token);
}

static void test_format(struct arena *arena)
{
    struct system_secrets secrets = secrets_of(OLD, NULL);
    struct refresh_token made = example(&secrets), opened;
    struct bytes text = write(&secrets, &SPA, &made, arena);
    TEST("a token begins with hrt_ and has 87 characters")
    {
        CHECK(text.len == REFRESH_TOKEN_TEXT_LEN && bytes_start_with(text, BYTES("hrt_")));
    }
    TEST("what was written is what is read")
    {
        CHECK(refresh_token_open(&secrets, &SPA, text, &opened));
        CHECK(opened.gen == 0x01020304 && opened.mac_kid == made.mac_kid);
        CHECK(memcmp(opened.grant_id, made.grant_id, sizeof made.grant_id) == 0 && memcmp(opened.secret, made.secret, sizeof made.secret) == 0);
    }
    TEST("the same token is written the same, to the byte") { CHECK_BYTES(write(&secrets, &SPA, &made, arena), text); }
    TEST("every single changed character is refused")
    {
        char changed[REFRESH_TOKEN_TEXT_LEN];
        for (size_t i = 0; i < text.len; i++) {
            memcpy(changed, text.at, text.len);
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            CHECK(!opens(&secrets, &SPA, (struct bytes){changed, text.len}));
        }
    }
    TEST("a token that is cut or has something behind it is refused")
    {
        CHECK(!opens(&secrets, &SPA, (struct bytes){text.at, text.len - 1}));
        struct bytes longer = arena_copy(arena, text);
        CHECK(!opens(&secrets, &SPA, (struct bytes){longer.at, longer.len + 1}));
        CHECK(!opens(&secrets, &SPA, BYTES_ABSENT));
    }
    system_secrets_release(&secrets);
}

static void test_binding(struct arena *arena)
{
    struct system_secrets secrets = secrets_of(OLD, NULL);
    struct refresh_token made = example(&secrets);
    struct bytes text = write(&secrets, &SPA, &made, arena);
    TEST("a token of another client does not open")
    {
        const struct token_binding other = {SPA.issuer, BYTES("spb")};
        CHECK(!opens(&secrets, &other, text));
    }
    TEST("a token of another issuer does not open")
    {
        const struct token_binding other = {BYTES("https://id.example.net"), SPA.client_id};
        CHECK(!opens(&secrets, &other, text));
    }
    TEST("a character can't move from the issuer to the client")
    {
        const struct token_binding a = {BYTES("https://id.example.orgs"), BYTES("pa")};
        CHECK(!opens(&secrets, &a, text));
    }
    TEST("a binding too long to be held is refused, not cut")
    {
        char *name = arena_take(arena, 4096);
        memset(name, 'a', 4096);
        const struct token_binding long_one = {SPA.issuer, {name, 4096}};
        CHECK(!opens(&secrets, &long_one, text));
        CHECK(!bytes_present(write(&secrets, &long_one, &made, arena)));
    }
    system_secrets_release(&secrets);
}

static void test_secrets(struct arena *arena)
{
    struct system_secrets before = secrets_of(OLD, NULL), during = secrets_of(NEW, OLD), after = secrets_of(NEW, NULL);
    struct refresh_token made = example(&before);
    struct bytes text = write(&before, &SPA, &made, arena);
    TEST("while the old secret is listed second its tokens open, and are said again to the byte")
    {
        struct refresh_token opened;
        CHECK(refresh_token_open(&during, &SPA, text, &opened));
        CHECK_BYTES(write(&during, &SPA, &opened, arena), text);
    }
    TEST("once the old secret is gone its tokens don't open, and can't be written")
    {
        CHECK(!opens(&after, &SPA, text));
        CHECK(!bytes_present(write(&after, &SPA, &made, arena)));
    }
    TEST("the hash is of the grant's secret alone: the same for every generation")
    {
        unsigned char a[SECRET_HASH_LEN], b[SECRET_HASH_LEN];
        struct refresh_token next = made;
        next.gen++;
        refresh_token_hash(&made, a);
        refresh_token_hash(&next, b);
        CHECK(memcmp(a, b, sizeof a) == 0);
        next.secret[0] ^= 1;
        refresh_token_hash(&next, b);
        CHECK(memcmp(a, b, sizeof a) != 0);
    }
    TEST("a wiped token holds nothing")
    {
        static const struct refresh_token nothing;
        struct refresh_token token = made;
        refresh_token_wipe(&token);
        CHECK(memcmp(&token, &nothing, sizeof token) == 0);
    }
    system_secrets_release(&before);
    system_secrets_release(&during);
    system_secrets_release(&after);
}

int main(void)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    test_format(&arena);
    test_binding(&arena);
    test_secrets(&arena);
    arena_release(&arena);
    return TEST_END();
}
