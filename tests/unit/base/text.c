#include "base/text.h"

#include "unit/test.h"

static struct arena a;
static struct text t;

static struct bytes json_of(struct bytes b)
{
    text_init(&t, &a, 0);
    text_put_json(&t, b);
    return text_bytes(&t);
}

static struct bytes base64url_of(struct bytes b)
{
    text_init(&t, &a, 0);
    text_put_base64url(&t, b.at, b.len);
    return text_bytes(&t);
}

int main(void)
{
    arena_init(&a, 1 << 20);

    TEST("what is put stands in a row, with a NUL behind it")
    {
        text_init(&t, &a, 0);
        text_put(&t, BYTES("a"));
        text_put(&t, BYTES_ABSENT);
        text_put_char(&t, '-');
        text_put_number(&t, INT64_MIN);
        text_put_format(&t, " %s %d", "of", 3);
        text_put_hex(&t, "\x00\xff\x1a", 3);
        CHECK_BYTES(text_bytes(&t), BYTES("a--9223372036854775808 of 300ff1a"));
        CHECK(text_bytes(&t).at[t.len] == '\0');
    }
    TEST("an empty text is there, and empty")
    {
        text_init(&t, &a, 0);
        CHECK(bytes_present(text_bytes(&t)) && text_bytes(&t).len == 0);
    }
    TEST("a text grows as it must, piece by piece or at once, without losing anything")
    {
        static char big[5000];
        memset(big, 'b', sizeof big);
        text_init(&t, &a, 3);
        for (int i = 0; i < 1000; i++) text_put_char(&t, (char)('0' + i % 10));
        text_put(&t, (struct bytes){big, sizeof big});
        text_put_format(&t, "%.*s", 3000, big);
        struct bytes whole = text_bytes(&t);
        CHECK(whole.len == 9000 && whole.at[999] == '9' && whole.at[1000] == 'b' && whole.at[8999] == 'b');
    }
    TEST("each length around the room is written whole")
    {
        static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
        for (size_t len = 55; len < 75; len++) {
            text_init(&t, &a, 0);
            text_put_format(&t, "%.*s", (int)len, alphabet);
            text_put_base64url(&t, alphabet, len);
            CHECK(text_bytes(&t).len == len + (len * 4 + 2) / 3 && text_bytes(&t).at[t.len] == '\0');
        }
    }
    TEST("RFC 8259 7: quotes, backslashes and control characters are escaped")
    {
        CHECK_BYTES(json_of(BYTES("plain")), BYTES("\"plain\""));
        CHECK_BYTES(json_of(BYTES("a\"b\\c/d")), BYTES("\"a\\\"b\\\\c/d\""));
        CHECK_BYTES(json_of(BYTES("\b\f\n\r\t\v\0\x1f\x7f")), BYTES("\"\\b\\f\\n\\r\\t\\u000b\\u0000\\u001f\\u007f\""));
        CHECK_BYTES(json_of(BYTES_ABSENT), BYTES("\"\""));
    }
    TEST("what means something to HTML or JavaScript is escaped")
    {
        CHECK_BYTES(json_of(BYTES("</script>&")), BYTES("\"\\u003c/script\\u003e\\u0026\""));
        CHECK_BYTES(json_of(BYTES("\u2028\u2029")), BYTES("\"\\u2028\\u2029\""));
    }
    TEST("controls that a terminal obeys are escaped beyond ASCII too")
    {
        CHECK_BYTES(json_of(BYTES("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0")), BYTES("\"\\u0080\\u009b\\u009f\xc2\xa0\""));
    }
    TEST("other characters stay as they are")
    {
        CHECK_BYTES(json_of(BYTES("Zürich €\u2027\u202a\U0001f600")), BYTES("\"Zürich €\u2027\u202a\U0001f600\""));
    }
    TEST("each byte that is not UTF-8 becomes U+FFFD")
    {
        CHECK_BYTES(json_of(BYTES("a\xffz")), BYTES("\"a\ufffdz\""));
        CHECK_BYTES(json_of(BYTES("\xe2\x82")), BYTES("\"\ufffd\ufffd\""));
        CHECK_BYTES(json_of(BYTES("\xed\xa0\x80")), BYTES("\"\ufffd\ufffd\ufffd\""));
        CHECK_BYTES(json_of(BYTES("\xc0\x22")), BYTES("\"\ufffd\\\"\""));
    }
    TEST("a member's name has a comma before it unless it is the first")
    {
        text_init(&t, &a, 0);
        text_put_char(&t, '{');
        text_put_json_name(&t, BYTES("a"));
        text_put_char(&t, '{');
        text_put_json_name(&t, BYTES("b\n"));
        text_put(&t, BYTES("1}"));
        text_put_json_name(&t, BYTES("c"));
        text_put(&t, BYTES("2}"));
        CHECK_BYTES(text_bytes(&t), BYTES("{\"a\":{\"b\\n\":1},\"c\":2}"));
    }
    TEST("RFC 4648 10, RFC 7515 2: base64url without padding")
    {
        CHECK_BYTES(base64url_of(BYTES("")), BYTES(""));
        CHECK_BYTES(base64url_of(BYTES("f")), BYTES("Zg"));
        CHECK_BYTES(base64url_of(BYTES("fo")), BYTES("Zm8"));
        CHECK_BYTES(base64url_of(BYTES("foo")), BYTES("Zm9v"));
        CHECK_BYTES(base64url_of(BYTES("foobar")), BYTES("Zm9vYmFy"));
        CHECK_BYTES(base64url_of(BYTES("\xfb\xff\xbf")), BYTES("-_-_"));
        CHECK_BYTES(base64url_of(BYTES("\xff\xff\xff\xff")), BYTES("_____w"));
    }
    TEST("past the arena's cap a text is failed and stays so")
    {
        struct arena tiny;
        arena_init(&tiny, 128);
        text_init(&t, &tiny, 0);
        text_put_format(&t, "%200d", 1);
        CHECK(t.failed && !bytes_present(text_bytes(&t)));
        text_put_char(&t, 'a');
        text_put_json(&t, BYTES("b"));
        text_put_json_name(&t, BYTES("c"));
        text_put_hex(&t, "d", 1);
        text_put_base64url(&t, "e", 1);
        CHECK(!bytes_present(text_bytes(&t)));
        arena_release(&tiny);
        arena_init(&tiny, 16);
        text_init(&t, &tiny, 100);
        text_put_char(&t, 'a');
        text_put_json_name(&t, BYTES("c"));
        CHECK(!bytes_present(text_bytes(&t)));
        arena_release(&tiny);
    }
    arena_release(&a);
    return TEST_END();
}
