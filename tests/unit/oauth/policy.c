#include "oauth/policy.h"

#include "unit/test.h"

int main(void)
{
    TEST("a list has what is in it, to the letter")
    {
        struct bytes words[] = {BYTES("a"), BYTES("bc")};
        const struct bytes_list list = {words, 2}, none = {NULL, 0};
        CHECK(bytes_list_have(&list, BYTES("bc")) && !bytes_list_have(&list, BYTES("b")) &&
              !bytes_list_have(&list, BYTES("BC")) && !bytes_list_have(&list, BYTES("")));
        CHECK(!bytes_list_have(&none, BYTES("a")));
    }
    TEST("an audience has its own profile, or the first")
    {
        struct token_profile profiles[] = {
            {.audience = BYTES_ABSENT}, {.audience = BYTES("https://a")}, {.audience = BYTES("https://b")}};
        const struct policy policy = {.profiles = profiles, .profile_count = 3};
        CHECK(policy_profile(&policy, BYTES("https://b")) == 2 && policy_profile(&policy, BYTES("https://a")) == 1);
        CHECK(policy_profile(&policy, BYTES("https://c")) == 0 && policy_profile(&policy, BYTES("")) == 0);
    }
    TEST("profiles are alike when a token of one looks like a token of the other, wherever they were written")
    {
        struct claim_expression table[] = {{.name = BYTES("a"), .expression = BYTES(".x"), .line = 3}}, other_table[] = {{.name = BYTES("a"), .expression = BYTES(".x"), .line = 9}},
                                another[] = {{.name = BYTES("a"), .expression = BYTES(".y")}}, optional[] = {{.name = BYTES("a"), .expression = BYTES(".x"), .optional = true}};
        const struct token_profile one = {.audience = BYTES("a"), .ttl_ms = 1, .typ = BYTES("JWT"), .claims = {.table = table, .table_count = 1}};
        struct token_profile other = one;
        other.audience = BYTES("b");
        other.claims.table = other_table;
        CHECK(token_profiles_alike(&one, &other));
#define DIFFERS(change) (other = one, other.change, !token_profiles_alike(&one, &other) && !token_profiles_alike(&other, &one))
        CHECK(DIFFERS(ttl_ms = 2) && DIFFERS(algorithm = KEY_RS256) && DIFFERS(typ = BYTES("at+jwt")) && DIFFERS(min_aal = 1));
        CHECK(DIFFERS(scopes = BYTES("")) && DIFFERS(scopes = BYTES("pay"))); /* no list is all scopes, an empty one none */
        CHECK(DIFFERS(claims.table = another) && DIFFERS(claims.table = optional) && DIFFERS(claims.table_count = 0));
        CHECK(DIFFERS(claims.program = BYTES("{}")) && DIFFERS(claims.use_admin_metadata = true));
    }
    TEST("an algorithm is one that keys are made for, or not")
    {
        const enum key_algorithm algorithms[] = {KEY_RS256};
        const struct policy policy = {.algorithms = algorithms, .algorithm_count = 1};
        CHECK(policy_has_algorithm(&policy, KEY_RS256) && !policy_has_algorithm(&policy, KEY_ES256));
    }
    return TEST_END();
}
