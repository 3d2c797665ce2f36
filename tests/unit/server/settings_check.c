#include "unit/server/settings_case.h"

static void test_secrets(void)
{
    TEST("secrets.system is required, and the message says how to make one")
    {
        CHECK(refused("dsn: memory\n", "hydrant.yml: secrets.system: is required, here or as SECRETS_SYSTEM in the "
                                       "environment; make one with: openssl rand -base64 32"));
        CHECK(refused("secrets: {system: []}\n", "hydrant.yml:1:19: secrets.system: is required"));
    }
    TEST("secrets of a wrong type are told once, and not shown")
    {
        CHECK(refused("secrets: {system: " SECRET "}\n",
                      "secrets.system: is a single value; right would be a list of secrets"));
        CHECK(strstr(complaints, SECRET) == NULL);
        CHECK(
            refused("secrets: {system: [" SECRET ", {" OTHER_SECRET ": 1}]}\n", "secrets.system: an item is no text"));
        CHECK(strstr(complaints, SECRET) == NULL && strstr(complaints, OTHER_SECRET) == NULL);
    }
    TEST("a short secret is refused, and not shown")
    {
        CHECK(refused("secrets: {system: [" SECRET ", tooshort]}\n",
                      "secrets.system[1] must have at least 32 characters"));
        CHECK(strstr(complaints, "tooshort") == NULL && strstr(complaints, SECRET) == NULL);
    }
}

static bool takes_dsn(const char *dsn)
{
    char more[256];
    snprintf(more, sizeof more, "dsn: %s\n", dsn);
    struct settings *s = accepted(more);
    bool taken = s != NULL && strcmp(s->dsn, dsn) == 0;
    settings_free(s);
    return taken;
}

static void test_dsn(void)
{
    TEST("memory, an SQLite file and Postgres are known")
    {
        CHECK(takes_dsn("memory") && takes_dsn("sqlite:///tmp/x.db") && takes_dsn("postgres://a:b@c/d") &&
              takes_dsn("postgresql://a@c,e/d?sslmode=require"));
    }
    TEST("others are refused, and not shown")
    {
        CHECK(refused_too("dsn: mysql://root:hunter2@db/x\n",
                          "dsn: (secret) is wrong; right would be memory, sqlite:///path"));
        CHECK(strstr(complaints, "hunter2") == NULL);
        CHECK(refused_too("dsn: sqlite://x.db\n", "dsn: (secret) is wrong") &&
              refused_too("dsn: sqlite:///\n", "dsn: (secret) is wrong"));
        CHECK(refused_too("dsn: sqlite:///x.db?_fk=true\n", "dsn: (secret) is wrong"));
    }
}

static bool takes_admin(const char *yaml)
{
    char more[256];
    snprintf(more, sizeof more, "serve: {admin: %s}\n", yaml);
    struct settings *s = accepted(more);
    bool taken = s != NULL;
    settings_free(s);
    return taken;
}

static void test_admin(void)
{
    TEST("loopback may go without a token")
    {
        CHECK(takes_admin("{host: localhost}") && takes_admin("{host: '::1'}") && takes_admin("{host: 127.1.2.3}"));
    }
    TEST("another address needs one, or the word none")
    {
        CHECK(refused_too("serve: {admin: {host: 0.0.0.0}}\n",
                          "serve.admin.host: 0.0.0.0 is not loopback, so serve.admin.token is required"));
        CHECK(refused_too("serve: {admin: {host: admin.example.com}}\n", "is not loopback") &&
              refused_too("serve: {admin: {host: '::'}}\n", "is not loopback"));
        CHECK(takes_admin("{host: 0.0.0.0, token: none}") && takes_admin("{host: 0.0.0.0, token: " SECRET "}"));
    }
    TEST("none is said aloud")
    {
        struct settings *s = accepted("serve: {admin: {token: none}}\n");
        CHECK(s != NULL && s->admin_open && !bytes_present(s->admin_token));
        settings_free(s);
    }
    TEST("a token has 32 characters, and no space")
    {
        CHECK(refused_too("serve: {admin: {token: abcdefghijklmnopqrstuvwxyz01234}}\n",
                          "serve.admin.token: (secret) is wrong; right would be at least 32 visible characters"));
        CHECK(refused_too("serve: {admin: {token: 'abcdefghijklmnop qrstuvwxyz0123456'}}\n",
                          "serve.admin.token: (secret) is wrong"));
    }
    TEST("Kratos' hook has the key that is said, whole, and none without; it is one that fits into a header")
    {
        struct settings *s = accepted("kratos: {hook_api_key: 'Bearer kXw39Zq7Tn'}\n"), *none = accepted("");
        CHECK(s != NULL && bytes_equal(s->kratos_hook_key, BYTES("Bearer kXw39Zq7Tn")));
        CHECK(none != NULL && !bytes_present(none->kratos_hook_key));
        settings_free(s);
        settings_free(none);
        static const char *const BAD[] = {"'Bearer 012345678'", "' 0123456789abcdef'", "'0123456789abcdef '",
                                          "\"0123456789abcdef\\r\\nX: y\"", "\"0123456789abcdef\\u00e4\"",
                                          "'a                               b'"};
        for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
            char more[128];
            snprintf(more, sizeof more, "kratos: {hook_api_key: %s}\n", BAD[i]);
            CHECK(refused_too(more, "kratos.hook_api_key: (secret) is wrong; right would be the whole value"));
            CHECK(strstr(complaints, "0123456789") == NULL);
        }
        CHECK(refused_too("kratos: {hook_api_key: 'Bearer 0123456789'}\n", "kratos.hook_api_key: (secret) is guessable"));
    }
    TEST("certificate and key come together")
    {
        CHECK(refused_too("serve: {public: {tls: {cert: /c}}}\n",
                          "serve.public.tls.cert: serve.public.tls.key is missing beside it"));
        CHECK(refused_too("serve: {public: {tls: {key: /k}}}\n",
                          "serve.public.tls.key: serve.public.tls.cert is missing beside it"));
    }
    TEST("a proxy is an address or a block")
    {
        CHECK(refused_too("serve: {trusted_proxies: [10.0.0.1, 10.0.0.0/33]}\n",
                          "serve.trusted_proxies: \"10.0.0.0/33\" is neither an address nor a block"));
    }
}

static bool takes_issuer(const char *issuer, const char *path)
{
    char more[256];
    snprintf(more, sizeof more, "urls: {self: {issuer: '%s'}}\n", issuer);
    struct settings *s = accepted(more);
    bool taken = s != NULL && bytes_equal(s->policy.issuer, bytes_of(issuer)) &&
                 bytes_equal(s->policy.issuer_path, bytes_of(path));
    settings_free(s);
    return taken;
}

static bool refuses_issuer(const char *issuer, const char *words)
{
    char more[256];
    snprintf(more, sizeof more, "urls: {self: {issuer: '%s'}}\n", issuer);
    return refused_too(more, words);
}

static void test_issuer(void)
{
    TEST("an https issuer is taken letter for letter, its path without the slash at its end")
    {
        CHECK(takes_issuer("https://ID.example.com", "") && takes_issuer("https://id.example.com/", "") &&
              takes_issuer("https://id.example.com:8443/a/b/", "/a/b"));
    }
    TEST("http is for loopback")
    {
        CHECK(takes_issuer("http://127.0.0.1:4477/x", "/x") && takes_issuer("http://[::1]:4477", "") &&
              takes_issuer("http://localhost", ""));
    }
    TEST("http elsewhere is refused")
    {
        CHECK(refuses_issuer("http://id.example.com", "urls.self.issuer: is plain http and not on loopback") &&
              refuses_issuer("http://localhost.example.com", "not on loopback"));
    }
    TEST("query, fragment, user and other schemes are refused")
    {
        CHECK(refuses_issuer("https://a.example/?x", "is no such URL") &&
              refuses_issuer("https://a.example/#x", "is no such URL"));
        CHECK(refuses_issuer("https://u:p@a.example", "is no such URL") &&
              refuses_issuer("ftp://a.example", "is no such URL") && refuses_issuer("a.example", "is no such URL"));
    }
    TEST("a path that a server might read otherwise is refused")
    {
        CHECK(refuses_issuer("https://a.example/a%2fb", "its path may hold") &&
              refuses_issuer("https://a.example/a//b", "its path may hold"));
    }
}

static void test_kratos(void)
{
    TEST("Kratos is at URLs, which are not shown")
    {
        CHECK(refused_too(
            "kratos: {public_url: 'http://u:hunter2@x'}\n",
            "kratos.public_url: is no such URL; right would be an http or https URL without user, query and fragment"));
        CHECK(strstr(complaints, "hunter2") == NULL);
        CHECK(refused_too("kratos: {admin_url: 'kratos:4434'}\n", "kratos.admin_url: is no such URL"));
    }
    TEST("a cookie has a name that cookies can have")
    {
        CHECK(refused_too("kratos: {cookie_name: 'a=b'}\n", "kratos.cookie_name: is wrong") &&
              refused_too("kratos: {cookie_name: 'a;b'}\n", "kratos.cookie_name: is wrong"));
    }
}

static void test_tokens(void)
{
    TEST("an audience is visible ASCII")
    {
        CHECK(refused_too("access_token: {audience: ['a b']}\n", "access_token.audience: is no audience"));
    }
    TEST("what is the audience by default must fit into one token")
    {
        CHECK(refused_too(
            "access_token: {audience: [a, b], resources: {b: {ttl: 1m}}}\n",
            "access_token.audience: a and b can't share a token: access_token.resources makes them differ"));
        struct settings *s = accepted("access_token: {audience: [a, b], resources: {b: {ttl: 15m}}}\n");
        CHECK(s != NULL);
        settings_free(s);
    }
    TEST("coalesce is at most grace")
    {
        CHECK(refused_too(
            "refresh_token: {grace: 30s, coalesce: 31s}\n",
            "refresh_token.coalesce: 31s is more than refresh_token.grace, which is 30s; right would be that or less"));
    }
    TEST("where only grace is said, coalesce follows it down, and not up")
    {
        struct settings *s = accepted("refresh_token: {grace: 10s}\n");
        CHECK(s != NULL && s->policy.refresh.coalesce_ms == 10000);
        settings_free(s);
        s = accepted("refresh_token: {grace: 90s}\n");
        CHECK(s != NULL && s->policy.refresh.coalesce_ms == 60000);
        settings_free(s);
    }
    TEST("a grant lives at least as long as it may idle")
    {
        CHECK(refused_too("refresh_token: {idle_ttl: 31d}\n",
                          "refresh_token.idle_ttl: 31d is more than refresh_token.absolute_ttl, which is 30d"));
        struct settings *s = accepted("refresh_token: {absolute_ttl: 7d}\n");
        CHECK(s != NULL && s->policy.refresh.idle_ttl_ms == 7 * 86400000LL);
        settings_free(s);
    }
}

static void test_keys(void)
{
    TEST("a key stands in the key set for as long as others may keep an old one: the ends are in")
    {
        struct settings *s = accepted("keys: {jwks_max_age: 15m, publish_before: 36m, rotate_every: 72m}\n");
        CHECK(s != NULL && s->key_times.publish_before_ms == 36 * 60000);
        settings_free(s);
    }
    TEST("a shorter time is refused, with the numbers")
    {
        CHECK(refused_too("keys: {jwks_max_age: 15m, publish_before: 2159s}\n",
                          "keys.publish_before: 2159s is too short: keys.jwks_max_age 15m + stale-if-error 15m + 2 "
                          "polls of 30s + 5m of skew; right would be 36m or more"));
    }
    TEST("a key signs at least twice as long as it waited")
    {
        CHECK(refused_too(
            "keys: {rotate_every: 47h}\n",
            "keys.rotate_every: 47h is less than twice keys.publish_before, which is 1d; right would be 2d or more"));
    }
    TEST("algorithms are known ones, and at least one")
    {
        CHECK(refused_too("keys: {algorithms: [ES256, HS256]}\n",
                          "keys.algorithms: HS256 is not known; right would be a list of ES256, ES384, RS256, PS256 "
                          "and EdDSA (with Ed25519)"));
        CHECK(refused_too("keys: {algorithms: []}\n", "keys.algorithms: is empty"));
    }
    TEST("every algorithm can be asked for, by keys, by the tokens and by a resource")
    {
        struct settings *s = accepted("keys: {algorithms: [EdDSA, PS256, RS256, ES384, ES256], rsa_bits: 3072}\n"
                                      "access_token: {algorithm: EdDSA, resources: {https://a: {algorithm: ES384}, "
                                      "https://b: {algorithm: PS256}}}\n");
        CHECK(s != NULL && s->policy.algorithm_count == KEY_ALGORITHM_COUNT && s->policy.algorithms[0] == KEY_EDDSA);
        CHECK(s != NULL && s->rsa_bits == 3072 && s->policy.profiles[0].algorithm == KEY_EDDSA);
        CHECK(s != NULL && s->policy.profiles[1].algorithm == KEY_ES384 &&
              s->policy.profiles[2].algorithm == KEY_PS256);
        settings_free(s);
    }
    TEST("RFC 7518 3.3: RSA keys have 2048 bits or more")
    {
        CHECK(refused_too("keys: {rsa_bits: 2047}\n",
                          "keys.rsa_bits: 2047 is out of range; right would be a number from 2048 to 4096"));
        CHECK(refused_too("keys: {rsa_bits: 4104}\n", "keys.rsa_bits: 4104 is out of range"));
        CHECK(refused_too("keys: {rsa_bits: 2050}\n",
                          "keys.rsa_bits: 2050 is no multiple of 8; right would be 2048, 3072 or 4096"));
    }
    TEST("a retired key stays for as long as a token that it signed, and what others keep")
    {
        struct settings *s = accepted("keys: {jwks_max_age: 1m}\n");
        CHECK(s != NULL && s->key_times.keep_after_ms == (24 * 60 + 5 + 1 + 1) * 60000);
        settings_free(s);
    }
}

int main(void)
{
    test_secrets();
    test_dsn();
    test_admin();
    test_issuer();
    test_kratos();
    test_tokens();
    test_keys();
    return TEST_END();
}
