#include "oauth/accept.h"

#include "unit/test.h"

static bool names(const char *accept) { return accept_names(bytes_of(accept), BYTES("text/html")); }

int main(void)
{
    TEST("a type is named alone, among others, and with parameters")
    {
        CHECK(names("text/html"));
        CHECK(names("application/json, text/html"));
        CHECK(names("text/html,*/*;q=0.8"));
        CHECK(names("  text/html ; charset=utf-8 ; q=0.1"));
    }

    TEST("RFC 9110 8.3.1: a type has no case") CHECK(names("Text/HTML"));

    TEST("another type, a wildcard, and a longer or shorter name are not it")
    {
        CHECK(!names("application/json"));
        CHECK(!names("*/*"));
        CHECK(!names("text/*"));
        CHECK(!names("text/html-x"));
        CHECK(!names("x-text/html"));
        CHECK(!names("text/htm"));
        CHECK(!names("application/json;profile=text/html"));
        CHECK(!names(""));
    }

    TEST("no header names nothing") CHECK(!accept_names(BYTES_ABSENT, BYTES("text/html")));

    TEST("RFC 9110 12.4.2: a weight of 0 is no wish")
    {
        CHECK(!names("text/html;q=0"));
        CHECK(!names("text/html; Q=0.000, */*"));
        CHECK(!names("text/html;level=1;q=0."));
        CHECK(names("text/html;q=0, text/html;level=1"));
        CHECK(names("text/html;q=0.001"));
        CHECK(names("text/html;q=1"));
        CHECK(names("text/html;q="));
    }
    return TEST_END();
}
