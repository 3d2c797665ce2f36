#include "server/settings_table.h"

#include "unit/test.h"

static bool near(const char *key, const char *wanted)
{
    struct bytes nearest = setting_nearest(bytes_of(key));
    if (bytes_equal(nearest, bytes_of(wanted))) return true;
    fprintf(stderr, "  %s: %.*s\n", key, BYTES_PRINT(nearest));
    return false;
}

static struct bytes duration(int64_t ms)
{
    static char text[32];
    setting_write_duration(ms, text);
    return bytes_of(text);
}

static void test_rows(void)
{
    TEST("every key is there once, and so is every environment name, with _FILE or without")
    {
        char a[SETTING_KEY_MAX], b[SETTING_KEY_MAX], b_file[SETTING_KEY_MAX + 8];
        for (size_t i = 0; i < SETTINGS_LEN; i++)
            for (size_t j = 0; j < SETTINGS_LEN; j++) {
                setting_environment(SETTINGS[i].key, a);
                setting_environment(SETTINGS[j].key, b);
                snprintf(b_file, sizeof b_file, "%s_FILE", b);
                CHECK((strcmp(a, b) == 0) == (i == j) && strcmp(a, b_file) != 0);
            }
    }
    TEST("no key is a section of another")
    {
        for (size_t i = 0; i < SETTINGS_LEN; i++) CHECK(!setting_is_section(bytes_of(SETTINGS[i].key)));
    }
    TEST("every row says what is right, and has a sentence")
    {
        char words[SETTING_WORDS_MAX];
        for (size_t i = 0; i < SETTINGS_LEN; i++) {
            setting_right(&SETTINGS[i], words);
            CHECK(strlen(words) > 0 && strlen(words) < SETTING_WORDS_MAX - 1);
            CHECK(SETTINGS[i].sentence[strlen(SETTINGS[i].sentence) - 1] == '.' ||
                  strstr(SETTINGS[i].sentence, "openssl") != NULL);
        }
    }
    TEST("the environment name is the key in capitals with underscores")
    {
        char name[SETTING_KEY_MAX];
        setting_environment("serve.public.tls.cert", name);
        CHECK(strcmp(name, "SERVE_PUBLIC_TLS_CERT") == 0);
    }
}

static void test_finding(void)
{
    TEST("a key is found, its beginning is not")
    {
        CHECK(setting_find(BYTES("serve.public.port")) == &SETTINGS[SETTING_PUBLIC_PORT]);
        CHECK(setting_find(BYTES("serve.public.por")) == NULL && setting_find(BYTES("serve.public")) == NULL);
    }
    TEST("what stands above keys is a section")
    {
        CHECK(setting_is_section(BYTES("serve")) && setting_is_section(BYTES("serve.public")));
        CHECK(!setting_is_section(BYTES("serve.publi")) && !setting_is_section(BYTES("serve.public.port")));
    }
    TEST("a mistyped key is near the right one, a mistyped section near the section")
    {
        CHECK(near("serve.public.prot", "serve.public.port"));
        CHECK(near("serv", "serve"));
        CHECK(near("acces_token.tll", "access_token.ttl"));
        CHECK(near("secret", "secrets"));
    }
    TEST("a key without its section is near the one that ends like it") { CHECK(near("workers", "serve.workers")); }
    TEST("what is far from all is near none, even when it is long")
    {
        char key[400];
        memset(key, 'x', sizeof key - 1);
        key[sizeof key - 1] = 0;
        CHECK(near("oauth2", NULL) && near(key, NULL) && near("", NULL));
    }
}

static void test_durations(void)
{
    TEST("a duration is written in the largest unit that fits")
    {
        CHECK_BYTES(duration(0), BYTES("0s"));
        CHECK_BYTES(duration(250), BYTES("250ms"));
        CHECK_BYTES(duration(90000), BYTES("90s"));
        CHECK_BYTES(duration(60000), BYTES("1m"));
        CHECK_BYTES(duration(86400000), BYTES("1d"));
    }
}

int main(void)
{
    test_rows();
    test_finding();
    test_durations();
    return TEST_END();
}
