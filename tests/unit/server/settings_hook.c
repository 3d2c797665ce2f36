#include "unit/server/settings_case.h"

#define KEY "Bearer 3f9c1a7e5b2d8846"

static const struct hydra_hook_settings *hook_of(const struct settings *settings) { return &settings->hydra_hook; }

static bool hook_refused(const char *members, const char *words)
{
    char more[1024];
    snprintf(more, sizeof more, "hydra: {hook: {%s}}\n", members);
    return refused_too(more, words);
}

static void test_key(void)
{
    TEST("without more there is no hook, and what it would be is said")
    {
        struct settings *settings = accepted("");
        CHECK(settings != NULL && !hook_of(settings)->enabled && !hook_of(settings)->refuse_when_away);
        CHECK(!hook_of(settings)->key_in_cookie && hook_of(settings)->kratos_session.table_count == 0);
        CHECK_BYTES(hook_of(settings)->key_name, BYTES("authorization"));
        CHECK(hook_of(settings)->access_token.use_hydra && hook_of(settings)->id_token.use_hydra);
        settings_free(settings);
    }
    TEST("a hook needs a key of 16 visible characters, that nobody guesses and no page shows")
    {
        CHECK(hook_refused("enabled: true", "hydra.hook.api_key: is required"));
        CHECK(hook_refused("enabled: true, api_key: a b c d e f g h i j k l m n o", "at least 16 visible"));
        CHECK(hook_refused("api_key: Bearer secret value", "example of the documentation"));
        CHECK(hook_refused("api_key: \"Bearer 3f9c1a7e5b2d8846\\n\"", "(secret) is wrong"));
        CHECK(hook_refused("api_key: \"3f9c1a7e5b2d8846 \"", "no blank at its ends"));
        CHECK(hook_refused("api_key: 3f9c1a7e;b2d88461, api_key_in: cookie:k", "takes out of a cookie"));
        CHECK(strstr(complaints, "3f9c1a7e") == NULL);
    }
    TEST("and it comes in a header or in a cookie")
    {
        struct settings *settings =
            accepted("hydra: {hook: {enabled: true, api_key: " KEY ", api_key_in: header:X-Hook-Key}}\n");
        CHECK(settings != NULL && hook_of(settings)->enabled && !hook_of(settings)->key_in_cookie);
        CHECK_BYTES(hook_of(settings)->key_name, BYTES("x-hook-key"));
        CHECK_BYTES(hook_of(settings)->api_key, BYTES(KEY));
        settings_free(settings);
        settings = accepted("hydra: {hook: {api_key_in: cookie:Hook_key, on_kratos_down: refuse}}\n");
        CHECK(settings != NULL && hook_of(settings)->key_in_cookie && hook_of(settings)->refuse_when_away);
        CHECK_BYTES(hook_of(settings)->key_name, BYTES("Hook_key"));
        settings_free(settings);
        static const char *const WRONG[] = {
            "query:k", "header:", "cookie:", "header:a b", "header:Host", "header:COOKIE"};
        for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
            char member[64];
            snprintf(member, sizeof member, "api_key_in: \"%s\"", WRONG[i]);
            CHECK(hook_refused(member, "right would be header:<name> or cookie:<name>"));
        }
    }
}

static void test_expressions(void)
{
    TEST("$hydra is bound in the two mappings, and nowhere else")
    {
        struct settings *settings = accepted(
            "hydra:\n  hook:\n    kratos_session: .session.extra.sid\n    access_token: {claims: {a: $hydra.session}}\n"
            "    id_token: {claims: '{b: $hydra.request}'}\n");
        CHECK(settings != NULL && hook_of(settings)->access_token.table_count == 1);
        CHECK(bytes_present(hook_of(settings)->id_token.program) && hook_of(settings)->kratos_session.table_count == 1);
        settings_free(settings);
        CHECK(hook_refused("kratos_session: $hydra.session", "$hydra is not defined"));
        CHECK(refused_too("access_token: {claims: {a: $hydra.session}}\n", "$hydra is not defined"));
    }
    TEST("a mistake is told with its place; of several, each")
    {
        CHECK(hook_refused("kratos_session: '.a ['", "hydra.hook.kratos_session"));
        CHECK(hook_refused("id_token: {claims: {sid: .id}}", "is set by the server"));
        CHECK(read_settings(LEAST "hydra: {hook: {access_token: {claims: {a: $x, b: .ok, c: $y}}}}\n") == NULL);
        CHECK(complaint_count == 2 && strstr(complaints, "hydra.hook.access_token.claims.c") != NULL);
    }
    TEST("$identity_admin is bound where access_token.claims_use_admin_metadata says so")
    {
        struct settings *settings = accepted("access_token: {claims_use_admin_metadata: true}\n"
                                             "hydra: {hook: {access_token: {claims: {a: $identity_admin.r}}}}\n");
        CHECK(settings != NULL && hook_of(settings)->access_token.use_admin_metadata);
        settings_free(settings);
        CHECK(hook_refused("access_token: {claims: {a: $identity_admin.r}}", "$identity_admin is not defined"));
    }
}

int main(void)
{
    test_key();
    test_expressions();
    return TEST_END();
}
