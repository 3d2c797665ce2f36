#include "unit/server/settings_case.h"

static void test_numbers(void)
{
    TEST("the ends of a range are in it")
    {
        struct settings *s = accepted("serve: {public: {port: 1}, admin: {port: 65535}}\n");
        CHECK(s != NULL && s->public_.port == 1 && s->admin.port == 65535);
        settings_free(s);
    }
    TEST("what is beyond is out of range")
    {
        CHECK(refused_too("serve: {public: {port: 0}}\n",
                          "serve.public.port: 0 is out of range; right would be a number from 1 to 65535"));
        CHECK(refused_too("serve: {public: {port: 65536}}\n", "serve.public.port: 65536 is out of range"));
    }
    TEST("what is no number is refused")
    {
        CHECK(refused_too("serve: {workers: -1}\n", "serve.workers: -1 is no whole number"));
        CHECK(refused_too("serve: {workers: 1.5}\n", "serve.workers: 1.5 is no whole number"));
        CHECK(refused_too("serve: {workers: 0x10}\n", "serve.workers: 0x10 is no whole number"));
        CHECK(refused_too("serve: {workers: 99999999999999999999}\n",
                          "serve.workers: 99999999999999999999 is no whole number"));
    }
    TEST("a number in quotes is a text")
    {
        CHECK(refused_too("serve: {workers: '1'}\n",
                          "serve.workers: 1 in quotes is a text; right would be a number from 0 to 256"));
    }
}

static void test_durations(void)
{
    TEST("a duration needs its unit, and lies in its range")
    {
        CHECK(refused_too(
            "kratos: {timeout: 2}\n",
            "kratos.timeout: 2 is no duration; right would be a duration such as 90s, 15m or 14d, from 100ms to 5s"));
        CHECK(refused_too("kratos: {timeout: 99ms}\n", "kratos.timeout: 99ms is out of range"));
        CHECK(refused_too("kratos: {timeout: 6s}\n", "kratos.timeout: 6s is out of range"));
        CHECK(refused_too("access_token: {ttl: 25h}\n", "access_token.ttl: 25h is out of range"));
    }
}

static void test_words(void)
{
    TEST("a bool is true or false, and not what YAML 1.1 takes for one")
    {
        CHECK(refused_too("access_token: {claims_use_admin_metadata: yes}\n",
                          "yes is neither true nor false; right would be true or false"));
        CHECK(refused_too("access_token: {claims_use_admin_metadata: 'true'}\n",
                          "true in quotes is a text; right would be true or false"));
    }
    TEST("a choice is one of its words")
    {
        CHECK(
            refused_too("access_token: {subject: email}\n",
                        "access_token.subject: email is none of them; right would be one of: identity_id external_id"));
        CHECK(refused_too("access_token: {typ: at+JWT}\n", "access_token.typ: at+JWT is none of them"));
    }
    TEST("an empty text is refused")
    {
        CHECK(refused_too("dsn: ''\n", "dsn: is empty; leave it out to have the default"));
    }
}

static void test_kinds(void)
{
    TEST("a value where a table belongs, and the other ways around, are refused")
    {
        CHECK(refused_too("serve: 1\n",
                          "hydrant.yml:2:8: serve: is no table; right would be a table with keys beneath serve"));
        CHECK(refused_too("serve: {workers: [1]}\n", "serve.workers: is a list; right would be a number"));
        CHECK(refused_too("serve: {workers: {a: 1}}\n", "serve.workers: is a table; right would be a number"));
        CHECK(refused_too("serve: {trusted_proxies: 10.0.0.1}\n",
                          "serve.trusted_proxies: is a single value; right would be a list of addresses"));
        CHECK(refused_too("access_token: {claims: [a]}\n",
                          "access_token.claims: is a list; right would be a table of claim names"));
        CHECK(refused_too("access_token: {resources: [a]}\n",
                          "access_token.resources: is a list; right would be a table of audiences"));
        CHECK(refused_too("clients: {a: b}\n", "clients: is a table; right would be a list of client records"));
    }
    TEST("a list holds texts, none twice")
    {
        CHECK(refused_too("access_token: {audience: [[a]]}\n", "access_token.audience: an item is no text"));
        CHECK(refused_too("access_token: {audience: [a, ]}\n", "access_token.audience: an item is no text") == false);
        CHECK(refused_too("access_token: {audience: [a, '']}\n", "access_token.audience: an item is no text"));
        CHECK(refused_too("access_token: {audience: [a, b, a]}\n",
                          "hydrant.yml:2:33: access_token.audience: an item is there twice"));
    }
    TEST("a section or a setting without a value is as if it weren't there")
    {
        struct settings *s = accepted("serve:\nkratos: {timeout: , session: ~}\naccess_token: {claims: null}\n");
        CHECK(s != NULL && s->kratos_timeout_ms == 2000);
        settings_free(s);
    }
}

int main(void)
{
    test_numbers();
    test_durations();
    test_words();
    test_kinds();
    return TEST_END();
}
