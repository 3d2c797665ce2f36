#include "server/token_words.h"

#include "unit/test.h"

static struct arena arena;

static struct bytes shown(struct bytes b)
{
    struct text t;
    text_init(&t, &arena, 64);
    put_shown(&t, b);
    return text_bytes(&t);
}

static const struct json *parse(const char *text)
{
    return json_parse(&arena, bytes_of(text), &(struct json_limits){1 << 16, true}, NULL);
}

static struct bytes value(const char *json)
{
    struct text t;
    text_init(&t, &arena, 64);
    put_shown_value(&t, json == NULL ? NULL : parse(json));
    return text_bytes(&t);
}

static struct bytes span(int64_t ms)
{
    struct text t;
    text_init(&t, &arena, 64);
    put_span(&t, ms);
    return text_bytes(&t);
}

static struct bytes moment(int64_t at_ms, int64_t now_ms)
{
    struct text t;
    text_init(&t, &arena, 64);
    put_moment(&t, at_ms, now_ms);
    return text_bytes(&t);
}

static bool reads(const char *json, int64_t expected_ms)
{
    int64_t ms = -1;
    return numeric_date_read(parse(json), &ms) && ms == expected_ms;
}

static bool refused(const char *json)
{
    int64_t ms;
    return !numeric_date_read(parse(json), &ms);
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    TEST("a text is shown as it is, with quotes, ampersands and letters of any script")
    {
        CHECK_BYTES(shown(BYTES("https://a.test/?b=\"1\"&c=<2>\\")), BYTES("https://a.test/?b=\"1\"&c=<2>\\"));
        CHECK_BYTES(shown(BYTES("\xc3\x84 \xe2\x82\xac \xf0\x9f\x94\x91")),
                    BYTES("\xc3\x84 \xe2\x82\xac \xf0\x9f\x94\x91"));
        CHECK_BYTES(shown(BYTES("")), BYTES(""));
    }
    TEST("control characters, C1 ones too, and what is no UTF-8 never reach the terminal")
    {
        CHECK_BYTES(shown(BYTES("a\x1b[31m\n\x7f")), BYTES("a\\u001b[31m\\n\\u007f"));
        CHECK_BYTES(shown(BYTES("\xc2\x9b")), BYTES("\\u009b"));
        CHECK_BYTES(shown(BYTES("a\xff"
                                "b\xc3")),
                    BYTES("a\xef\xbf\xbd"
                          "b\xef\xbf\xbd"));
        CHECK_BYTES(shown(((struct bytes){"a\0b", 3})), BYTES("a\\u0000b"));
    }
    TEST("a string stands without quotes, anything else as JSON, and what is not there is none")
    {
        CHECK_BYTES(value("\"a b\""), BYTES("a b"));
        CHECK_BYTES(value("[\"a\",1.50]"), BYTES("[\"a\",1.50]"));
        CHECK_BYTES(value("{\"a\":null}"), BYTES("{\"a\":null}"));
        CHECK_BYTES(value(NULL), BYTES("none"));
    }
    TEST("a time between is told in its two largest units, whichever way it goes")
    {
        CHECK_BYTES(span(0), BYTES("0s"));
        CHECK_BYTES(span(999), BYTES("0s"));
        CHECK_BYTES(span(59999), BYTES("59s"));
        CHECK_BYTES(span(60000), BYTES("1m"));
        CHECK_BYTES(span(708000), BYTES("11m 48s"));
        CHECK_BYTES(span(-708000), BYTES("11m 48s"));
        CHECK_BYTES(span(3600000), BYTES("1h"));
        CHECK_BYTES(span(3659000), BYTES("1h"));
        CHECK_BYTES(span(90061000), BYTES("1d 1h"));
        CHECK_BYTES(span(400LL * 86400000), BYTES("400d"));
    }
    TEST("a moment is told as a date, and how far it is")
    {
        CHECK_BYTES(moment(1764000900000, 1764000000000), BYTES("2025-11-24T16:15:00Z, in 15m"));
        CHECK_BYTES(moment(1764000900000, 1764000900999), BYTES("2025-11-24T16:15:00Z, 0s ago"));
        CHECK_BYTES(moment(0, 86400000), BYTES("1970-01-01T00:00:00Z, 1d ago"));
    }
    TEST("RFC 7519 2: a NumericDate is seconds, perhaps with a fraction")
    {
        CHECK(reads("1764000900", 1764000900000) && reads("1764000900.999", 1764000900000) && reads("0", 0));
        CHECK(reads("253402300799", 253402300799000) && refused("253402300800"));
        CHECK(refused("-1") && refused("1e9") && refused("1.5e9") && refused("\"1764000900\"") && refused("null"));
        CHECK(refused("99999999999999999999999"));
    }
    arena_release(&arena);
    return TEST_END();
}
