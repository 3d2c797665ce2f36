#include "server/token_words.h"

#include "unit/test.h"

static struct arena arena;

static struct bytes shown(struct bytes b)
{
    struct text t;
    text_init(&t, &arena, 64);
    put_quoted(&t, b);
    return text_bytes(&t);
}

static struct bytes name(struct bytes b)
{
    struct text t;
    text_init(&t, &arena, 64);
    put_name(&t, b);
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
    put_value(&t, json == NULL ? NULL : parse(json));
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

/* between quotes, an A before it and one behind */
static void check_escaped(const char *character, const char *escape)
{
    struct text in, out;
    text_init(&in, &arena, 16);
    text_init(&out, &arena, 32);
    text_put_format(&in, "A%sA", character);
    text_put_format(&out, "\"A%sA\"", escape);
    CHECK_BYTES(shown(text_bytes(&in)), text_bytes(&out));
}

static void check_unseen(void)
{
    static const char *const rows[][2] = {
        {"\u00a0", "\\u00a0"},
        {"\u00ad", "\\u00ad"},
        {"\u061c", "\\u061c"},
        {"\u200b", "\\u200b"},
        {"\u200e", "\\u200e"},
        {"\u200f", "\\u200f"},
        {"\u2028", "\\u2028"},
        {"\u202a", "\\u202a"},
        {"\u202e", "\\u202e"},
        {"\u2060", "\\u2060"},
        {"\u2066", "\\u2066"},
        {"\u2069", "\\u2069"},
        {"\u3000", "\\u3000"},
        {"\ufe0f", "\\ufe0f"},
        {"\ufeff", "\\ufeff"},
        {"\ufff9", "\\ufff9"},
        {"\ue000", "\\ue000"},
        {"\u3164", "\\u3164"},
        {"\U000e0041", "\\udb40\\udc41"},
        {"\U0010fffd", "\\udbff\\udffd"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) check_escaped(rows[i][0], rows[i][1]);
    check_escaped("\u2010", "\u2010");
    check_escaped("\u4e2d", "\u4e2d");
    check_escaped("\ufffd", "\ufffd");
}

static void check_numeric_dates(void)
{
    CHECK(reads("1764000900", 1764000900000) && reads("0", 0) && reads("-0", 0) && reads("-0.0e3", 0));
    CHECK(reads("1764000900.999", 1764000900999) && reads("1764000900.5", 1764000900500));
    CHECK(reads("1764000900.9999", 1764000900999) && reads("0.0005", 0) && reads("0.001", 1));
    CHECK(reads("1.7e9", 1700000000000) && reads("1.7E+9", 1700000000000) && reads("17e8", 1700000000000));
    CHECK(reads("1.7000000005e9", 1700000000500) && reads("17000000000e-1", 1700000000000));
    CHECK(reads("1764000900000000e-6", 1764000900000) && reads("1e0", 1000) && reads("1e-3", 1) && reads("1e-4", 0));
    CHECK(reads("0e999999999999999999999", 0) && reads("1e-999999999999999999999", 0));
    CHECK(reads("1764000900.50000000000000000000000000000000000000000000000000000000000000000000", 1764000900500));
    CHECK(reads("253402300799", 253402300799000) && reads("253402300799.999", 253402300799999));
    CHECK(refused("253402300800") && refused("1e12") && refused("1e300") && refused("1e999999999999999999999"));
    CHECK(refused("-1") && refused("-1e-1") && refused("-0.0009") && refused("99999999999999999999999"));
    CHECK(refused("18446744073709551616") && refused("18446744073709551616e-3"));
    CHECK(refused("\"1764000900\"") && refused("null") && refused("[]") && refused("true"));
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    TEST("a text stands between quotes, with ampersands and letters of any script as they are: its end can't be faked")
    {
        CHECK_BYTES(shown(BYTES("https://a.test/?b=1&c=<2>")), BYTES("\"https://a.test/?b=1&c=<2>\""));
        CHECK_BYTES(shown(BYTES("a\"; asked for \"b\\")), BYTES("\"a\\\"; asked for \\\"b\\\\\""));
        CHECK_BYTES(shown(BYTES("\u00c4 \u20ac \U0001f511 \u05d0")), BYTES("\"\u00c4 \u20ac \U0001f511 \u05d0\""));
        CHECK_BYTES(shown(BYTES("")), BYTES("\"\""));
    }
    TEST("control characters, C1 ones too, and what is no UTF-8 never reach the terminal")
    {
        CHECK_BYTES(shown(BYTES("a\x1b[31m\r\n\x7f")), BYTES("\"a\\u001b[31m\\r\\n\\u007f\""));
        CHECK_BYTES(shown(BYTES("\xc2\x9b")), BYTES("\"\\u009b\""));
        CHECK_BYTES(shown(BYTES("a\xff"
                                "b\xc3")),
                    BYTES("\"a\xef\xbf\xbd"
                          "b\xef\xbf\xbd\""));
        CHECK_BYTES(shown(((struct bytes){"a\0b", 3})), BYTES("\"a\\u0000b\""));
    }
    TEST("what turns the line around, or is not seen, is escaped") check_unseen();
    TEST("a name stands bare where it is a plain word, else quoted")
    {
        CHECK_BYTES(name(BYTES("auth_time")), BYTES("auth_time"));
        CHECK_BYTES(name(BYTES("https://a.test/roles#x-1.2")), BYTES("https://a.test/roles#x-1.2"));
        CHECK_BYTES(name(BYTES("")), BYTES("\"\""));
        CHECK_BYTES(name(BYTES("exp   1")), BYTES("\"exp   1\""));
        CHECK_BYTES(name(BYTES("a\n")), BYTES("\"a\\n\""));
        CHECK_BYTES(name(BYTES("\u00e9")), BYTES("\"\u00e9\""));
    }
    TEST("a value stands as JSON, and what is not there is none, without quotes")
    {
        CHECK_BYTES(value("\"a b\""), BYTES("\"a b\""));
        CHECK_BYTES(value("\"none\""), BYTES("\"none\""));
        CHECK_BYTES(value("[\"a\",1.50,[],{}]"), BYTES("[\"a\",1.50,[],{}]"));
        CHECK_BYTES(value("{\"a\":null,\"b&\":[true,false]}"), BYTES("{\"a\":null,\"b&\":[true,false]}"));
        CHECK_BYTES(value("[\"\\u202e\",{\"\\u001b\":\"\\u0007\"}]"), BYTES("[\"\\u202e\",{\"\\u001b\":\"\\u0007\"}]"));
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
        CHECK_BYTES(moment(1764000900500, 1764000000000), BYTES("2025-11-24T16:15:00.500Z, in 15m"));
    }
    TEST("RFC 7519 2: a NumericDate is seconds, whole or not, however JSON spells the number") check_numeric_dates();
    TEST("what is given in place of an access token is recognised")
    {
        CHECK(mistake_in(BYTES("abc")) == NULL && mistake_in(BYTES("a.b.c")) == NULL && mistake_in(BYTES("")) == NULL);
        CHECK(strstr(mistake_in(BYTES("hrt_AAAA")), "a refresh token of Hydrant") != NULL);
        CHECK(strstr(mistake_in(BYTES("ory_st_abc")), "a session token of Kratos") != NULL);
        CHECK(strstr(mistake_in(BYTES("bearer e30.e30.AA")), "Bearer") != NULL);
        CHECK(strstr(mistake_in(BYTES("{\"access_token\":\"a.b.c\"}")), "JSON") != NULL);
        CHECK(strstr(mistake_in(BYTES("e30.e3\n0.AA")), "white space") != NULL);
    }
    arena_release(&arena);
    return TEST_END();
}
