#include "unit/server/settings_case.h"

#define CLIENTS                                                                                                        \
    "clients: [{client_id: spa, token_endpoint_auth_method: none, scope: api read, audience: ['https://api', "         \
    "'https://other']},"                                                                                               \
    " {client_id: bare, token_endpoint_auth_method: none, scope: api}, {client_id: fresh, "                            \
    "token_endpoint_auth_method: none, scope: api, audience: ['https://api'], grant_types: [refresh_token]}]\n"
#define PROXY "serve: {trusted_proxies: [10.0.0.0/8]}\n"

/* one profile called app */
static bool refused_profile(const char *profile, const char *words)
{
    char more[2048];
    snprintf(more, sizeof more, PROXY CLIENTS "forward_auth:\n  profiles:\n    app: %s\n", profile);
    return refused_too(more, words);
}

static bool accepted_profile(const char *profile)
{
    char more[2048];
    snprintf(more, sizeof more, PROXY CLIENTS "forward_auth:\n  profiles:\n    app: %s\n", profile);
    struct settings *s = accepted(more);
    bool good = s != NULL && complaint_count == 0;
    settings_free(s);
    return good;
}

static void test_what_is_read(void)
{
    TEST("a profile is read member for member, and left out is left out")
    {
        struct settings *s =
            accepted(PROXY CLIENTS
                     "forward_auth:\n  keep: 5s\n  profiles:\n    app: {client: spa, audience: ['https://api'], scope: "
                     "api read, login_url: 'https://login.example.com/a?b=c',"
                     " return_to: ['https://app.example.com', 'http://localhost:3000']}\n    other: {client: spa}\n");
        CHECK(s != NULL && s->forward_auth.keep_ms == 5000 && s->forward_auth.profile_count == 2);
        const struct forward_profile *p = s == NULL ? NULL : s->forward_auth.profiles;
        if (p != NULL) {
            CHECK_BYTES(p[0].name, BYTES("app"));
            CHECK_BYTES(p[0].client_id, BYTES("spa"));
            CHECK_BYTES(p[0].scope, BYTES("api read"));
            CHECK_BYTES(p[0].login_url, BYTES("https://login.example.com/a?b=c"));
            CHECK(p[0].audience.count == 1 && p[0].return_to.count == 2);
            CHECK_BYTES(p[1].name, BYTES("other"));
            CHECK(p[1].audience.count == 0 && p[1].return_to.count == 0 && !bytes_present(p[1].scope) &&
                  !bytes_present(p[1].login_url));
        }
        settings_free(s);
    }
    TEST("without any, there is none, and a token would be kept for 30 s")
    {
        struct settings *s = accepted("");
        CHECK(s != NULL && s->forward_auth.keep_ms == 30000 && s->forward_auth.profile_count == 0);
        settings_free(s);
    }
    TEST("profiles that no proxy may ask for are warned of")
    {
        struct settings *s = accepted(CLIENTS "forward_auth: {profiles: {app: {client: spa}}}\n");
        CHECK(s != NULL && complaint_count == 1 && strstr(complaints, "serve.trusted_proxies is empty") != NULL);
        settings_free(s);
    }
}

static void test_members(void)
{
    TEST("a client is required, and a client of the database is believed until it is looked for")
    {
        CHECK(refused_profile(
            "{scope: api}",
            "hydrant.yml:6:10: forward_auth.profiles.app.client: is missing; right would be a client_id"));
        CHECK(refused_profile("{client: 'a b'}", "forward_auth.profiles.app.client: is no client_id"));
        CHECK(accepted_profile("{client: of-the-database, audience: ['https://whatever'], scope: whatever}"));
    }
    TEST("a client of the settings must have the exchange, the audience and the scope")
    {
        CHECK(refused_profile("{client: fresh, scope: api}",
                              "forward_auth.profiles.app.client: its grant_types lack the token exchange"));
        CHECK(refused_profile("{client: spa, audience: ['https://third']}",
                              "forward_auth.profiles.app.audience: the client may not name it"));
        CHECK(refused_profile("{client: spa, scope: api write}",
                              "forward_auth.profiles.app.scope: is more than the client may have"));
        CHECK(refused_profile("{client: bare}", "forward_auth.profiles.app.audience: is missing, and neither the "
                                                "client nor access_token.audience has one"));
        CHECK(accepted_profile("{client: spa, audience: ['https://api', 'https://other'], scope: read}"));
    }
    TEST("what makes no sense is refused: a refresh token's scope, audiences that can't share a token, what is no "
         "scope or audience")
    {
        CHECK(refused_profile("{client: of-the-database, scope: api offline_access}", "offline_access makes no sense"));
        CHECK(refused_profile("{client: of-the-database, scope: 'api \"x'}",
                              "forward_auth.profiles.app.scope: is no scope"));
        CHECK(refused_profile("{client: of-the-database, audience: ['a b']}", "is no audience"));
        CHECK(refused_too(PROXY "access_token: {resources: {'https://a': {ttl: 1m}}}\nforward_auth: {profiles: {app: "
                                "{client: x, audience: ['https://a', 'https://b']}}}\n",
                          "can't share a token"));
        CHECK(refused_profile(
            "{client: of-the-database, audience: [a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4, b5, b6, b7]}",
            "has over 16 of them"));
    }
    TEST("unknown keys and wrong types are told with their place")
    {
        CHECK(refused_profile("{client: spa, scopes: [api]}",
                              "hydrant.yml:6:24: forward_auth.profiles.app.scopes: unknown key; right would be one of: "
                              "client audience scope login_url return_to"));
        CHECK(refused_profile("{client: spa, audience: https://api}",
                              "forward_auth.profiles.app.audience: is a single value; right would be a list"));
        CHECK(refused_too(PROXY CLIENTS "forward_auth: {profiles: [app]}\n", "forward_auth.profiles: is a list"));
    }
}

static void test_login(void)
{
    TEST("login_url is https, or http on loopback; a query may be in it, a fragment may not")
    {
        static const char *const good[] = {"https://login.example.com",
                                           "https://login.example.com:8443/a/b",
                                           "https://login.example.com/a?b=c&d",
                                           "http://localhost:4455/x",
                                           "http://127.0.0.1/",
                                           "'http://[::1]:3000/'"};
        static const char *const bad[] = {"http://login.example.com/",
                                          "/login",
                                          "login.example.com",
                                          "'javascript:alert(1)'",
                                          "'https://login.example.com/#x'",
                                          "'https://login.example.com/?a#b'",
                                          "'https://user@login.example.com/'",
                                          "'https://login.example.com/?a b'",
                                          "'https:///x'",
                                          "'https://login.example.com/\"'"};
        char profile[256];
        for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
            snprintf(profile, sizeof profile, "{client: spa, login_url: %s}", good[i]);
            CHECK(accepted_profile(profile));
        }
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            snprintf(profile, sizeof profile, "{client: spa, login_url: %s}", bad[i]);
            CHECK(refused_profile(profile, "forward_auth.profiles.app.login_url: is "));
        }
    }
    TEST("return_to are origins, exact ones")
    {
        static const char *const bad[] = {"https://app.example.com/",
                                          "'*'",
                                          "https://*.example.com",
                                          "http://app.example.com",
                                          "https://APP.example.com",
                                          "app.example.com",
                                          "'null'"};
        char profile[256];
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            snprintf(profile, sizeof profile, "{client: spa, return_to: [%s]}", bad[i]);
            CHECK(refused_profile(profile, "forward_auth.profiles.app.return_to: holds what is no origin"));
        }
        CHECK(accepted_profile("{client: spa, return_to: [https://app.example.com, 'http://localhost:3000']}"));
    }
    TEST("a profile's name stands in a path as it is")
    {
        CHECK(refused_too(PROXY "forward_auth: {profiles: {'a/b': {client: x}}}\n", "is no name of a profile"));
        CHECK(refused_too(PROXY "forward_auth: {profiles: {'..': {client: x}}}\n", "is no name of a profile"));
        CHECK(refused_too(PROXY "forward_auth: {profiles: {'a b': {client: x}}}\n", "is no name of a profile"));
        CHECK(refused_too(PROXY "forward_auth: {profiles: {'': {client: x}}}\n", "is no name of a profile"));
    }
}

int main(void)
{
    test_what_is_read();
    test_members();
    test_login();
    return TEST_END();
}
