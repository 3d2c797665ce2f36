#include "claims/value.h"

#include <math.h>

#include "unit/json_text.h"
#include "unit/test.h"

static struct arena arena;
static const char *why;

static struct bytes write(jv value, size_t len_max)
{
    struct text out;
    text_init(&out, &arena, 64);
    why = value_write(&out, value, len_max);
    jv_free(value);
    return text_bytes(&out);
}

static struct bytes round_trip(const char *json)
{
    jv value = jv_null();
    CHECK(value_read(json_of(&arena, bytes_of(json)), &value));
    return write(value, 4096);
}

static bool reads(const char *json)
{
    jv value = jv_null();
    bool read = value_read(json_of(&arena, bytes_of(json)), &value);
    if (read) jv_free(value);
    return read;
}

static jv nest(int levels)
{
    jv value = jv_null();
    for (int i = 0; i < levels; i++) value = jv_array_append(jv_array(), value);
    return value;
}

static void check_kept(const char *json) { CHECK_BYTES(round_trip(json), bytes_of(json)); }

int main(void)
{
    arena_init(&arena, 64 << 20);
    TEST("values of every type come out as they went in")
    {
        check_kept("null");
        check_kept("[true,false,null,\"a\",{}]");
        check_kept("{\"a\":{\"b\":[1,[2,{\"c\":[]}]]}}");
        check_kept("\"\"");
        check_kept("\"\\u0000\\n\\\"\\\\ S\303\266hne \360\237\230\200 \\u003ca\\u003e\"");
    }
    TEST("numbers come out short, whole ones without a fraction")
    {
        check_kept("[0,-1,9007199254740991,-9007199254740991,0.1,-0.25,1.5e-07,3.141592653589793]");
        CHECK_BYTES(round_trip("[1.0,1e3,-0,100e-2]"), BYTES("[1,1000,0,1]"));
    }
    TEST("a whole number from 2^53 on is a failure, wherever it stands")
    {
        CHECK((round_trip("9007199254740992"), why != NULL) && strstr(why, "digits") != NULL);
        CHECK((round_trip("{\"a\":[-9007199254740993]}"), why != NULL) && strstr(why, "digits") != NULL);
        CHECK((round_trip("1e300"), why != NULL));
        CHECK((round_trip("1e999"), why != NULL) && strstr(why, "digits") != NULL);
    }
    TEST("infinity and what is no number are failures")
    {
        CHECK((write(jv_number(INFINITY), 100), why != NULL) && strstr(why, "JSON") != NULL);
        CHECK((write(jv_number(NAN), 100), why != NULL) && strstr(why, "JSON") != NULL);
    }
    TEST("64 levels are written, 65 are a failure")
    {
        CHECK((write(nest(64), 4096), why == NULL));
        CHECK((write(nest(65), 4096), why != NULL));
    }
    TEST("a value that holds itself many times over ends at the bound")
    {
        jv value = jv_string("x");
        for (int i = 0; i < 60; i++) value = jv_array_append(jv_array_append(jv_array(), jv_copy(value)), value);
        CHECK(write(value, 1000).len < 2000 && why != NULL);
    }
    TEST("a text over the bound is not written")
    {
        jv value = jv_string_sized(arena_take(&arena, 2000), 2000);
        CHECK(write(value, 1000).len == 0 && why != NULL);
    }
    TEST("a number of over VALUE_DIGITS_MAX digits is not read, wherever it stands, and leaves nothing behind")
    {
        char digits[VALUE_DIGITS_MAX + 2] = "", deep[sizeof digits + 64];
        memset(digits, '1', VALUE_DIGITS_MAX);
        CHECK(reads(digits));
        digits[VALUE_DIGITS_MAX] = '1';
        CHECK(!reads(digits));
        snprintf(deep, sizeof deep, "{\"a\":[\"b\",{\"c\":%s}],\"d\":[1]}", digits);
        CHECK(!reads(deep));
    }
    arena_release(&arena);
    return TEST_END();
}
