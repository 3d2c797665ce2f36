#include "base/bytes.h"

#include "unit/test.h"

int main(void)
{
    struct bytes rest, word;
    uint64_t number = 7;

    TEST("absent and empty are told apart, and equal as bytes")
    {
        CHECK(!bytes_present(bytes_of(NULL)) && bytes_present(bytes_of("")));
        CHECK(bytes_equal(BYTES_ABSENT, BYTES("")));
    }
    TEST("bytes are equal to the last one, and case counts but for nocase")
    {
        CHECK(bytes_equal(bytes_of("scope"), BYTES("scope")) && !bytes_equal(BYTES("scope"), BYTES("scopes")));
        CHECK(!bytes_equal(BYTES("DPoP"), BYTES("dpop")) && bytes_equal_nocase(BYTES("DPoP"), BYTES("dpop")));
        CHECK(!bytes_equal_nocase(BYTES("[x"), BYTES("{x")) && !bytes_equal_nocase(BYTES("ab"), BYTES("abc")));
        CHECK(!bytes_equal_nocase(BYTES("\xc4"), BYTES("\xe4")));
    }
    TEST("starts and ends are found, and never beyond the bytes")
    {
        CHECK(bytes_start_with(BYTES("https://a"), BYTES("https://")) &&
              !bytes_start_with(BYTES("http"), BYTES("https")));
        CHECK(bytes_end_with(BYTES("a.example"), BYTES(".example")) && !bytes_end_with(BYTES("ple"), BYTES("example")));
        CHECK(!bytes_start_with((struct bytes){"https", 4}, BYTES("https")));
        CHECK(bytes_start_with(BYTES_ABSENT, BYTES_ABSENT) && bytes_end_with(BYTES("a"), BYTES("")));
    }
    TEST("a character is found at its first place, or at the end")
    {
        CHECK(bytes_find(BYTES("a:b:c"), ':') == 1 && bytes_find(BYTES("abc"), ':') == 3);
        CHECK(bytes_find(BYTES_ABSENT, ':') == 0);
    }
    TEST("a part is found anywhere, an empty one everywhere")
    {
        CHECK(bytes_contain(BYTES("ab\0cd"), BYTES("\0c")) && !bytes_contain(BYTES("abc"), BYTES("abcd")));
        CHECK(bytes_contain(BYTES_ABSENT, BYTES("")) && !bytes_contain(BYTES("abc"), BYTES("ac")));
    }
    TEST("words are taken one by one, whatever stands around them")
    {
        rest = BYTES("  openid   email ");
        CHECK(bytes_take_word(&rest, ' ', &word));
        CHECK_BYTES(word, BYTES("openid"));
        CHECK(bytes_take_word(&rest, ' ', &word));
        CHECK_BYTES(word, BYTES("email"));
        CHECK(!bytes_take_word(&rest, ' ', &word) && rest.len == 0);
        rest = BYTES_ABSENT;
        CHECK(!bytes_take_word(&rest, ' ', &word));
    }
    TEST("RFC 6749 3.3: a scope is in a list only as a whole word")
    {
        CHECK(bytes_have_word(BYTES("openid email"), BYTES("email")) && bytes_have_word(BYTES("a"), BYTES("a")));
        CHECK(!bytes_have_word(BYTES("openid emails"), BYTES("email")) &&
              !bytes_have_word(BYTES("Email"), BYTES("email")));
        CHECK(!bytes_have_word(BYTES("a  b"), BYTES("")) && !bytes_have_word(BYTES("a b"), BYTES("a b")));
    }
    TEST("spaces and tabs are trimmed at both ends, nothing else")
    {
        CHECK_BYTES(bytes_trim(BYTES(" \ta b\t ")), BYTES("a b"));
        CHECK_BYTES(bytes_trim(BYTES("\na\r")), BYTES("\na\r"));
        CHECK_BYTES(bytes_trim(BYTES(" \t ")), BYTES(""));
    }
    TEST("a number is digits only and at most max")
    {
        CHECK(bytes_to_number(BYTES("0"), 10, &number) && number == 0);
        CHECK(bytes_to_number(BYTES("10"), 10, &number) && number == 10);
        CHECK(bytes_to_number(BYTES("18446744073709551615"), UINT64_MAX, &number) && number == UINT64_MAX);
        number = 7;
        CHECK(!bytes_to_number(BYTES("11"), 10, &number) && !bytes_to_number(BYTES("9"), 8, &number));
        CHECK(!bytes_to_number(BYTES("18446744073709551616"), UINT64_MAX, &number));
        CHECK(!bytes_to_number(BYTES("99999999999999999999"), UINT64_MAX, &number));
        CHECK(!bytes_to_number(BYTES(""), 10, &number) && !bytes_to_number(BYTES_ABSENT, 10, &number));
        CHECK(!bytes_to_number(BYTES("+1"), 10, &number) && !bytes_to_number(BYTES("-1"), 10, &number));
        CHECK(!bytes_to_number(BYTES(" 1"), 10, &number) && !bytes_to_number(BYTES("1\0"), 10, &number));
        CHECK(number == 7);
    }
    return TEST_END();
}
