#include "unit/server/settings_case.h"

static void test_claims(void)
{
    TEST("claims keep their order, their place in the file, and whether they are optional")
    {
        struct settings *s = accepted("access_token:\n  claims:\n    email: .identity.traits.email\n    org?: "
                                      "'.identity.x'\n    all: |\n      .identity\n");
        CHECK(s != NULL && s->policy.profiles[0].claims.table_count == 3);
        const struct claim_expression *table = s == NULL ? NULL : s->policy.profiles[0].claims.table;
        if (table != NULL) {
            CHECK_BYTES(table[0].name, BYTES("email"));
            CHECK_BYTES(table[0].expression, BYTES(".identity.traits.email"));
            CHECK(!table[0].optional && table[0].line == 4 && table[0].column == 12);
            CHECK_BYTES(table[1].name, BYTES("org"));
            CHECK(table[1].optional && table[1].line == 5 && table[1].column == 12);
            CHECK(table[2].line == 7 && table[2].column == 7);
        }
        settings_free(s);
    }
    TEST("one text is a program")
    {
        struct settings *s = accepted("access_token: {claims: '{email: .identity.traits.email}'}\n");
        CHECK(s != NULL && s->policy.profiles[0].claims.table == NULL &&
              s->policy.profiles[0].claims.program_line == 2);
        CHECK(s != NULL && s->policy.profiles[0].claims.program_column == 25);
        settings_free(s);
    }
    TEST("every mistake in jq is told where it stands")
    {
        CHECK(read_settings(LEAST
                            "access_token:\n  claims:\n    a: .identity | nosuch\n    b: .identity\n    c: '.x('\n") ==
              NULL);
        CHECK(complaint_count == 2 && strstr(complaints, "hydrant.yml:4:8: access_token.claims.a: ") != NULL);
        CHECK(strstr(complaints, "hydrant.yml:6:9: access_token.claims.c: ") != NULL);
    }
    TEST("a mistake in a program is told where it stands")
    {
        CHECK(refused_too("access_token: {claims: '{a: nosuch}'}\n", "hydrant.yml:2:25: access_token.claims: "));
    }
    TEST("a name that the protocol keeps is refused")
    {
        CHECK(refused_too("access_token: {claims: {iss: .x}}\n", "access_token.claims.iss: "));
    }
    TEST("a name twice, once optional, is refused")
    {
        CHECK(refused_too("access_token: {claims: {a: .x, 'a?': .y}}\n", "access_token.claims: "));
    }
    TEST("a claim without a name is refused")
    {
        CHECK(refused_too("access_token: {claims: {'?': .x}}\n", "a claim needs a name"));
    }
}

static void test_quoting(void)
{
    TEST("an expression that YAML takes for a table, a list or nothing is told how to quote")
    {
        CHECK(refused_too("access_token: {claims: {a: {b: .c}}}\n",
                          "access_token.claims.a: is no text but a list, a table or nothing; in YAML"));
        CHECK(refused_too("access_token:\n  claims:\n    a: [.b]\n", "needs single quotes around it"));
        CHECK(refused_too("access_token:\n  claims:\n    a:\n", "needs single quotes around it"));
    }
    TEST("so is one that YAML cut off at a comment")
    {
        CHECK(refused_too("access_token:\n  claims:\n    a: .b + # .c\n", "needs single quotes around it"));
    }
    TEST("one that is wrong in quotes isn't")
    {
        CHECK(refused_too("access_token:\n  claims:\n    a: '.b | test('\n", "access_token.claims.a: ") &&
              strstr(complaints, "single quotes") == NULL);
    }
}

static const char RESOURCES[] = "access_token:\n"
                                "  ttl: 10m\n"
                                "  typ: JWT\n"
                                "  claims: {a: .a, b: .b}\n"
                                "  resources:\n"
                                "    https://pay.example.com: {ttl: 1m, algorithm: RS256, typ: at+jwt, scopes: [pay, "
                                "refund], claims: {c: .c}, min_acr: aal2}\n"
                                "    https://log.example.com: {min_acr: aal1}\n"
                                "    shop:\n";

static void test_resources(void)
{
    struct settings *s = accepted(RESOURCES);
    TEST("each resource is a profile behind the first") { CHECK(s != NULL && s->policy.profile_count == 4); }
    if (s == NULL) return;
    const struct token_profile *pay = &s->policy.profiles[1], *logs = &s->policy.profiles[2],
                               *shop = &s->policy.profiles[3];
    TEST("a resource says how its tokens differ")
    {
        CHECK_BYTES(pay->audience, BYTES("https://pay.example.com"));
        CHECK(pay->ttl_ms == 60000 && pay->algorithm == KEY_RS256 && pay->min_aal == 2);
        CHECK_BYTES(pay->typ, BYTES("at+jwt"));
        CHECK_BYTES(pay->scopes, BYTES("pay refund"));
        CHECK(pay->claims.table_count == 1);
    }
    TEST("what it leaves out is as in access_token")
    {
        CHECK(logs->ttl_ms == 600000 && logs->algorithm == KEY_ES256 && logs->min_aal == 1);
        CHECK_BYTES(logs->typ, BYTES("JWT"));
        CHECK(!bytes_present(logs->scopes) && logs->claims.table_count == 2);
        CHECK_BYTES(shop->audience, BYTES("shop"));
        CHECK(shop->ttl_ms == 600000 && shop->min_aal == 0);
    }
    settings_free(s);
}

static bool refused_resource(const char *yaml, const char *words)
{
    char more[512];
    snprintf(more, sizeof more, "access_token: {resources: {shop: %s}}\n", yaml);
    return refused_too(more, words);
}

static void test_resource_mistakes(void)
{
    TEST("an unknown key of a resource is refused")
    {
        CHECK(refused_resource("{tll: 1m}", "access_token.resources.shop.tll: unknown key; right would be one of: ttl "
                                            "algorithm typ scopes claims min_acr"));
    }
    TEST("a wrong value of a resource is refused")
    {
        CHECK(refused_resource("{ttl: 2d}", "access_token.resources.shop.ttl: 2d is out of range"));
        CHECK(refused_resource(
            "{min_acr: aal3}",
            "access_token.resources.shop.min_acr: aal3 is none of them; right would be one of: aal1 aal2"));
        CHECK(refused_resource("{scopes: ['a b']}", "a scope has characters"));
        CHECK(refused_resource("{claims: {x: nosuch}}", "access_token.resources.shop.claims.x: "));
        CHECK(refused_resource("1m", "access_token.resources.shop: is no table"));
    }
    TEST("an audience is visible ASCII")
    {
        CHECK(refused_too("access_token: {resources: {'a b': {}}}\n", "is no audience"));
    }
    TEST("an algorithm must have keys")
    {
        CHECK(refused_too("keys: {algorithms: [RS256]}\n", "access_token.algorithm: ES256 is not in keys.algorithms"));
        CHECK(refused_too("keys: {algorithms: [ES256]}\naccess_token: {resources: {a: {algorithm: RS256}}}\n",
                          "access_token.resources.a: RS256 is not in keys.algorithms"));
    }
}

int main(void)
{
    test_claims();
    test_quoting();
    test_resources();
    test_resource_mistakes();
    return TEST_END();
}
