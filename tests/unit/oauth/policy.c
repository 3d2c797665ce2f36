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
    return TEST_END();
}
