#include "base/encoding.h"

#include "unit/test.h"

typedef bool decoder(struct bytes in, void *out, size_t cap, size_t *out_len);

static bool decodes(decoder *decode, const char *in, struct bytes want)
{
    char out[64];
    size_t len;
    return decode(bytes_of(in), out, sizeof out, &len) && bytes_equal((struct bytes){out, len}, want);
}

static bool refuses(decoder *decode, struct bytes in)
{
    char out[64];
    size_t len = 7;
    return !decode(in, out, sizeof out, &len) && len == 7;
}

static bool is_utf8(const char *text) { return utf8_valid(bytes_of(text)); }

static size_t char_len(const char *text) { return utf8_char_len(bytes_of(text)); }

int main(void)
{
    struct arena a;
    struct bytes out;
    unsigned char uuid[16], other[16];
    char text[37];
    arena_init(&a, 4096);

    TEST("RFC 4648 10: base64url, without padding")
    {
        CHECK(decodes(base64url_decode, "", BYTES("")) && decodes(base64url_decode, "Zg", BYTES("f")));
        CHECK(decodes(base64url_decode, "Zm8", BYTES("fo")) && decodes(base64url_decode, "Zm9v", BYTES("foo")));
        CHECK(decodes(base64url_decode, "Zm9vYmFy", BYTES("foobar")));
        CHECK(decodes(base64url_decode, "-_-_", BYTES("\xfb\xff\xbf")) &&
              decodes(base64url_decode, "AAAA", BYTES("\0\0\0")));
    }
    TEST("RFC 7515 2: base64url refuses padding and the other alphabet")
    {
        CHECK(refuses(base64url_decode, BYTES("Zg==")) && refuses(base64url_decode, BYTES("Zm8=")));
        CHECK(refuses(base64url_decode, BYTES("+/+/")) && refuses(base64url_decode, BYTES("Zm9v\n")));
        CHECK(refuses(base64url_decode, BYTES("Zm 9")) && refuses(base64url_decode, BYTES("Zm9\0")));
        CHECK(refuses(base64url_decode, BYTES("Zm9\xff")) && refuses(base64url_decode, BYTES("Zm9.")));
    }
    TEST("a length that no bytes have is refused")
    {
        CHECK(refuses(base64url_decode, BYTES("A")) && refuses(base64url_decode, BYTES("AAAAA")));
    }
    TEST("RFC 4648 3.5: stray bits in the last character are refused")
    {
        CHECK(refuses(base64url_decode, BYTES("Zh")) && refuses(base64url_decode, BYTES("Zm9")));
        CHECK(refuses(base64_decode, BYTES("Zh==")) && refuses(base64_decode, BYTES("Zm9=")));
    }
    TEST("nothing is written beyond the cap")
    {
        char small[3] = {1, 1, 1};
        size_t len;
        CHECK(!base64url_decode(BYTES("Zm9v"), small, 2, &len) && small[2] == 1);
        CHECK(base64url_decode(BYTES("Zm8"), small, 2, &len) && len == 2 && small[2] == 1);
        CHECK(base64url_decode(BYTES(""), NULL, 0, &len) && len == 0);
    }
    TEST("RFC 7617: base64 wants its padding, and its own alphabet")
    {
        CHECK(decodes(base64_decode, "Zg==", BYTES("f")) && decodes(base64_decode, "Zm8=", BYTES("fo")));
        CHECK(decodes(base64_decode, "Zm9v", BYTES("foo")) && decodes(base64_decode, "+/+/", BYTES("\xfb\xff\xbf")));
        CHECK(decodes(base64_decode, "", BYTES("")));
        CHECK(refuses(base64_decode, BYTES("Zg")) && refuses(base64_decode, BYTES("Zg=")));
        CHECK(refuses(base64_decode, BYTES("Z===")) && refuses(base64_decode, BYTES("====")));
        CHECK(refuses(base64_decode, BYTES("-_-_")) && refuses(base64_decode, BYTES("Zg==Zg==")));
        CHECK(refuses(base64_decode, BYTES("Zm9v====")) && refuses(base64_decode, BYTES("=Zg=")));
    }
    TEST("a form's value: plus is a space, an escape is a byte")
    {
        CHECK(form_decode(&a, BYTES("a+b%2Bc%e2%82%AC"), &out));
        CHECK_BYTES(out, BYTES("a b+c\u20ac"));
        CHECK(form_decode(&a, BYTES(""), &out) && bytes_present(out) && out.len == 0);
        CHECK(form_decode(&a, BYTES_ABSENT, &out) && !bytes_present(out));
    }
    TEST("a broken escape or a NUL in a form is refused")
    {
        CHECK(!form_decode(&a, BYTES("%"), &out) && !form_decode(&a, BYTES("a%4"), &out));
        CHECK(!form_decode(&a, BYTES("%4g"), &out) && !form_decode(&a, BYTES("%%41"), &out));
        CHECK(!form_decode(&a, BYTES("a%00b"), &out) && !form_decode(&a, BYTES("a\0b"), &out));
        CHECK(!form_decode(&a, BYTES("%-1"), &out) && !form_decode(&a, BYTES("% 1"), &out));
    }
    TEST("a form's value over the arena's cap is refused")
    {
        struct arena tiny;
        arena_init(&tiny, 16);
        CHECK(!form_decode(&tiny, BYTES("more than sixteen bytes"), &out) && tiny.overflowed);
        arena_release(&tiny);
    }
    TEST("two hexadecimal digits are a byte, in either case")
    {
        CHECK(hex_byte(BYTES("00")) == 0 && hex_byte(BYTES("fF")) == 255 && hex_byte(BYTES("a9x")) == 0xa9);
        CHECK(hex_byte(BYTES("a")) == -1 && hex_byte(BYTES("g0")) == -1 && hex_byte(BYTES("0:")) == -1);
        CHECK(hex_byte(BYTES_ABSENT) == -1 && hex_byte(BYTES("0@")) == -1 && hex_byte(BYTES("`0")) == -1);
    }
    TEST("RFC 3629 4: the longest and shortest characters of each length")
    {
        CHECK(char_len("\x7f") == 1 && char_len("\xc2\x80") == 2 && char_len("\xdf\xbf") == 2);
        CHECK(char_len("\xe0\xa0\x80") == 3 && char_len("\xed\x9f\xbf") == 3 && char_len("\xee\x80\x80") == 3);
        CHECK(char_len("\xf0\x90\x80\x80") == 4 && char_len("\xf4\x8f\xbf\xbf") == 4 && char_len("") == 0);
        CHECK(is_utf8("Zürich €\U0001f600") && is_utf8("") && utf8_valid(BYTES_ABSENT));
    }
    TEST("RFC 3629 3: long spellings, surrogates, what is over U+10FFFF and what is cut are invalid")
    {
        CHECK(!is_utf8("\xc0\x80") && !is_utf8("\xc1\xbf") && !is_utf8("\xe0\x9f\xbf") && !is_utf8("\xf0\x8f\xbf\xbf"));
        CHECK(!is_utf8("\xed\xa0\x80") && !is_utf8("\xed\xbf\xbf"));
        CHECK(!is_utf8("\xf4\x90\x80\x80") && !is_utf8("\xf5\x80\x80\x80") && !is_utf8("\xff"));
        CHECK(!is_utf8("a\x80") && !is_utf8("\xc3") && !is_utf8("\xe2\x82") && !is_utf8("\xf0\x9f\x98"));
        CHECK(utf8_char_len((struct bytes){"\u20ac", 2}) == 0 && utf8_char_len((struct bytes){"\u00fc", 1}) == 0);
        CHECK(!is_utf8("\xe2\x82g") && !is_utf8("\xc3\xc3"));
    }
    TEST("RFC 9562 4: a uuid is written in lower case and read in both")
    {
        CHECK(uuid_parse(BYTES("6F0a1d3e-9a3d-4ff5-8d6a-1d4c7cb1A1ff"), uuid));
        uuid_write(uuid, text);
        CHECK(strcmp(text, "6f0a1d3e-9a3d-4ff5-8d6a-1d4c7cb1a1ff") == 0);
        CHECK(uuid[0] == 0x6f && uuid[15] == 0xff);
    }
    TEST("what is not quite a uuid is refused")
    {
        CHECK(!uuid_parse(BYTES("6f0a1d3e-9a3d-4ff5-8d6a-1d4c7cb1a1f"), uuid));
        CHECK(!uuid_parse(BYTES("6f0a1d3e-9a3d-4ff5-8d6a-1d4c7cb1a1fff"), uuid));
        CHECK(!uuid_parse(BYTES("6f0a1d3e-9a3d-4ff5-8d6a-1d4c7cb1a1fg"), uuid));
        CHECK(!uuid_parse(BYTES("6f0a1d3e09a3d-4ff5-8d6a-1d4c7cb1a1ff"), uuid));
        CHECK(!uuid_parse(BYTES("6f0a1d3-e9a3d-4ff5-8d6a-1d4c7cb1a1ff"), uuid));
        CHECK(!uuid_parse(BYTES("{f0a1d3e-9a3d-4ff5-8d6a-1d4c7cb1a1f}"), uuid));
        CHECK(!uuid_parse(BYTES_ABSENT, uuid));
    }
    TEST("RFC 9562 5.4: a new uuid is of version 4 and like no other")
    {
        uuid_make(uuid);
        uuid_make(other);
        CHECK(memcmp(uuid, other, 16) != 0 && uuid[6] >> 4 == 4 && uuid[8] >> 6 == 2);
    }
    arena_release(&a);
    return TEST_END();
}
