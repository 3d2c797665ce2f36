#include "base/secret.h"

#include "free_watch.h"
#include "unit/test.h"

int main(void)
{
    struct secret s;

    TEST("a secret is a copy and equals the same bytes only")
    {
        char text[] = "correct horse";
        secret_init(&s, bytes_of(text));
        memset(text, 'x', sizeof text - 1);
        CHECK(secret_present(&s) && secret_equals(&s, BYTES("correct horse")));
        CHECK(!secret_equals(&s, BYTES("correct horsf")) && !secret_equals(&s, BYTES("correct hors")));
        CHECK(!secret_equals(&s, BYTES("correct horse ")) && !secret_equals(&s, BYTES_ABSENT));
        CHECK_BYTES(secret_expose(&s), BYTES("correct horse"));
        secret_release(&s);
    }
    TEST("an empty secret equals nothing, not even nothing")
    {
        secret_init(&s, BYTES_ABSENT);
        CHECK(!secret_present(&s) && !secret_equals(&s, BYTES("")) && !secret_equals(&s, BYTES_ABSENT));
        secret_release(&s);
    }
    TEST("a secret is wiped before it is freed, and may be released twice")
    {
        secret_init(&s, BYTES("correct horse battery staple"));
        watch_frees_for("horse");
        secret_release(&s);
        CHECK(freed_count == 1 && !freed_unwiped && !secret_present(&s));
        secret_release(&s);
        watch_frees_for(NULL);
    }
    TEST("wiping takes just the bytes it was told")
    {
        char text[] = "abcdef";
        secret_wipe(text + 1, 3);
        CHECK(memcmp(text, "a\0\0\0ef", 7) == 0);
        secret_wipe(NULL, 0);
    }
    TEST("sameness looks at every byte and no further")
    {
        CHECK(secret_same("abcd", "abcx", 3) && !secret_same("abcd", "abcx", 4) && !secret_same("xbcd", "abcd", 4));
        CHECK(secret_same("a", "b", 0));
    }
    return TEST_END();
}
