#include "identity/identity.h"
#include "unit/test.h"

static bool is_token(const char *text) { return credential_well_formed(CREDENTIAL_TOKEN, bytes_of(text)); }
static bool is_cookie(const char *text) { return credential_well_formed(CREDENTIAL_COOKIE, bytes_of(text)); }

int main(void)
{
    static char longest[COOKIE_MAX + 1];
    memset(longest, 'a', sizeof longest);
    TEST("a session token has letters, digits, - and _")
    {
        CHECK(is_token("ory_st_kr55ykJD8jH9ZJ80lbKJ3ri2G4SjPO3y"));
        CHECK(is_token("AZaz09-_"));
        CHECK(!is_token("a=") && !is_token("a.b") && !is_token("a b") && !is_token("a+b"));
    }
    TEST("a cookie's value may have = besides")
    {
        CHECK(is_cookie("MTc5NTQ5Mjk1OHxu-_=="));
        CHECK(!is_cookie("a%3D") && !is_cookie("a;b") && !is_cookie("a,b") && !is_cookie("\"a\"") && !is_cookie("a b"));
    }
    TEST("nothing that could end a header's line")
    {
        CHECK(!is_token("a\r\nX: y") && !is_cookie("a\r\nX: y") && !is_cookie("a\n"));
        CHECK(!credential_well_formed(CREDENTIAL_TOKEN, BYTES("a\0b")));
        CHECK(!is_cookie("\xc3\xb6"));
    }
    TEST("neither empty nor too long")
    {
        CHECK(!is_token("") && !is_cookie("") && !credential_well_formed(CREDENTIAL_TOKEN, BYTES_ABSENT));
        CHECK(credential_well_formed(CREDENTIAL_TOKEN, (struct bytes){longest, SESSION_TOKEN_MAX}));
        CHECK(!credential_well_formed(CREDENTIAL_TOKEN, (struct bytes){longest, SESSION_TOKEN_MAX + 1}));
        CHECK(credential_well_formed(CREDENTIAL_COOKIE, (struct bytes){longest, COOKIE_MAX}));
        CHECK(!credential_well_formed(CREDENTIAL_COOKIE, (struct bytes){longest, COOKIE_MAX + 1}));
    }
    return TEST_END();
}
