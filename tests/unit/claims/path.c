#include "claims/path.h"

#include "base/text.h"
#include "unit/test.h"

static struct arena arena;
static const struct json *session;

static bool is_path(const char *expression)
{
    struct path path;
    return path_parse(&arena, bytes_of(expression), &path);
}

/* what it finds, as JSON; "?" when it may not go there */
static struct bytes find(const char *expression)
{
    struct path path;
    struct text out;
    const struct json *found;
    CHECK(path_parse(&arena, bytes_of(expression), &path));
    if (!path_follow(&path, session, &found)) return BYTES("?");
    if (found == NULL) return BYTES("null");
    text_init(&out, &arena, 64);
    json_write(&out, found);
    return text_bytes(&out);
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    session =
        json_parse(&arena, BYTES("{\"a\":{\"b c\":[10,20,{\"d\":9007199254740993}],\"n\":null},\"s\":\"x\",\"2\":1}"),
                   &(struct json_limits){4096, true}, NULL);
    TEST("names, quoted names and indexes are a path, with blanks around it")
    {
        static const char *const paths[] = {".",           ".a",    ".a.b",     ".a.b_1",     ".a[0]",
                                            ".a[-1].b",    ".[0]",  ".\"b c\"", ".a.\"b c\"", ".[\"b c\"]",
                                            ".a[\"b c\"]", " .a\n", ".and",     ".a[0][1]"};
        for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) CHECK(is_path(paths[i]));
    }
    TEST("whatever does more, or is no jq, is none")
    {
        static const char *const others[] = {"",
                                             "a",
                                             "..",
                                             ".a|.b",
                                             ".a?",
                                             ".a // 1",
                                             ".a.",
                                             ".a.[0]",
                                             ".a[]",
                                             ".a[1:2]",
                                             ".a[",
                                             ".a[1",
                                             ".a[\"b]",
                                             ".\"a\\(1)\"",
                                             ".2",
                                             ".a-b",
                                             ".a .b",
                                             ".a, .b",
                                             "$client.a",
                                             ".a[1.5]",
                                             ".a[123456789]",
                                             ".a#",
                                             ".a[.b]",
                                             "[.a]",
                                             ".é",
                                             ".a[-]",
                                             "."
                                             "a[\"b\"c]"};
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) CHECK(!is_path(others[i]));
    }
    TEST("what is there is found as it stood")
    {
        CHECK_BYTES(find(".a.\"b c\"[2].d"), BYTES("9007199254740993"));
        CHECK_BYTES(find(".a[\"b c\"][0]"), BYTES("10"));
        CHECK_BYTES(find(".a.\"b c\"[-3]"), BYTES("10"));
        CHECK_BYTES(find(".s"), BYTES("\"x\""));
        CHECK_BYTES(find(".a.n"), BYTES("null"));
        CHECK(bytes_start_with(find("."), BYTES("{\"a\":{")));
    }
    TEST("what is not there is null, and so is what would be within")
    {
        CHECK_BYTES(find(".b"), BYTES("null"));
        CHECK_BYTES(find(".b.c[1].d"), BYTES("null"));
        CHECK_BYTES(find(".a.n.x[0]"), BYTES("null"));
        CHECK_BYTES(find(".a.\"b c\"[3]"), BYTES("null"));
        CHECK_BYTES(find(".a.\"b c\"[-4]"), BYTES("null"));
    }
    TEST("into a text or a number, by name into an array, by index into an object, no path leads")
    {
        CHECK_BYTES(find(".s.x"), BYTES("?"));
        CHECK_BYTES(find(".s[0]"), BYTES("?"));
        CHECK_BYTES(find(".a.\"b c\".d"), BYTES("?"));
        CHECK_BYTES(find(".a[0]"), BYTES("?"));
    }
    arena_release(&arena);
    return TEST_END();
}
