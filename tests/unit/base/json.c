#include "base/json.h"

#include "base/text.h"
#include "free_watch.h"
#include "unit/test.h"

static struct arena a;
static struct fault fault;

static const struct json *parse(struct bytes text)
{
    return json_parse(&a, text, &(struct json_limits){1 << 20, true}, &fault);
}

static bool is_refused(struct bytes text)
{
    fault.kind = FAULT_NONE;
    return parse(text) == NULL && fault.kind == FAULT_INPUT && strcmp(fault.where, "json") == 0;
}

static bool is_refused_with(struct bytes text, const char *words)
{
    return is_refused(text) && strcmp(fault.what, words) == 0;
}

/* depth brackets, closed or not */
static struct bytes nest(size_t depth, bool closed)
{
    struct text t;
    text_init(&t, &a, 0);
    for (size_t i = 0; i < depth; i++) text_put_char(&t, '[');
    for (size_t i = 0; closed && i < depth; i++) text_put_char(&t, ']');
    return text_bytes(&t);
}

/* an array of the same value many times */
static struct bytes repeat(const char *value_and_comma, size_t count)
{
    struct text t;
    text_init(&t, &a, 0);
    text_put_char(&t, '[');
    for (size_t i = 0; i < count; i++) text_put(&t, bytes_of(value_and_comma));
    text_put(&t, BYTES("0]"));
    return text_bytes(&t);
}

static struct bytes rewrite(struct bytes text)
{
    struct text t;
    const struct json *value = parse(text);
    text_init(&t, &a, 0);
    if (value != NULL) json_write(&t, value);
    return text_bytes(&t);
}

static bool integer_is(struct bytes text, int64_t want)
{
    int64_t number;
    return json_integer(parse(text), INT64_MIN, INT64_MAX, &number) && number == want;
}

static bool is_no_integer(struct bytes text, int64_t min, int64_t max)
{
    int64_t number;
    return !json_integer(parse(text), min, max, &number);
}

/* an object of many names, the last one the same as the first where twice is set */
static struct bytes many_names(int count, bool twice)
{
    struct text t;
    text_init(&t, &a, 0);
    text_put_char(&t, '{');
    for (int i = 0; i < count; i++)
        text_put_format(&t, "%s\"n%d\":0", i > 0 ? "," : "", twice && i == count - 1 ? 0 : i);
    text_put_char(&t, '}');
    return text_bytes(&t);
}

/* events that are written down as text */
static bool see(void *data, const char *what, struct bytes text)
{
    text_put_format(data, "%s%.*s ", what, BYTES_PRINT(text));
    return !bytes_equal(text, BYTES("stop"));
}
static bool see_null(void *data) { return see(data, "null", BYTES_ABSENT); }
static bool see_bool(void *data, bool truth) { return see(data, truth ? "true" : "false", BYTES_ABSENT); }
static bool see_number(void *data, struct bytes text) { return see(data, "#", text); }
static bool see_string(void *data, struct bytes text) { return see(data, "$", text); }
static bool see_object(void *data) { return see(data, "{", BYTES_ABSENT); }
static bool see_name(void *data, struct bytes name) { return see(data, ".", name); }
static bool see_object_end(void *data) { return see(data, "}", BYTES_ABSENT); }
static bool see_array(void *data) { return see(data, "[", BYTES_ABSENT); }
static bool see_array_end(void *data) { return see(data, "]", BYTES_ABSENT); }

static const struct json_events seeing = {see_null, see_bool,       see_number, see_string,   see_object,
                                          see_name, see_object_end, see_array,  see_array_end};

int main(void)
{
    arena_init(&a, 16 << 20);

    TEST("RFC 8259 3: every kind of value is read")
    {
        const struct json *v = parse(BYTES(" {\"a\":[null,true,false,\"x\",1.50],\"b\":{}} "));
        CHECK(json_is(v, JSON_OBJECT) && v->count == 2 && !bytes_present(v->name));
        const struct json *m = json_find(v, "a")->first;
        CHECK(!bytes_present(m->name) && json_is(m, JSON_NULL) && json_is(m->next, JSON_BOOL) && m->next->truth);
        CHECK(json_is(m->next->next, JSON_BOOL) && !m->next->next->truth);
        CHECK_BYTES(json_string(m->next->next->next), BYTES("x"));
        CHECK_BYTES(m->next->next->next->next->text, BYTES("1.50"));
        CHECK(m->next->next->next->next->next == NULL && json_find(v, "a")->count == 5);
        CHECK(json_is(json_find(v, "b"), JSON_OBJECT) && json_find(v, "b")->first == NULL);
        CHECK(json_is(parse(BYTES("\"s\"")), JSON_STRING) && json_is(parse(BYTES("0")), JSON_NUMBER));
    }
    TEST("the tree borrows nothing from the text")
    {
        char text[] = "{\"name\":\"value\",\"n\":12}";
        const struct json *v = parse(bytes_of(text));
        memset(text, 'x', sizeof text - 1);
        CHECK_BYTES(json_string(json_find(v, "name")), BYTES("value"));
        CHECK_BYTES(json_find(v, "n")->text, BYTES("12"));
    }
    TEST("RFC 8259 7: escapes are decoded, pairs of surrogates to one character")
    {
        CHECK_BYTES(json_string(parse(BYTES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""))), BYTES("\"\\/\b\f\n\r\t"));
        CHECK_BYTES(json_string(parse(BYTES("\"\\u20AC\\ud83d\\ude00\\u0000z\""))), BYTES("€\U0001f600\0z"));
        CHECK_BYTES(json_string(parse(BYTES("\"\\\\ud800\""))), BYTES("\\ud800"));
        CHECK(json_find(parse(BYTES("{\"\\u0061\":1}")), "a") != NULL);
    }
    TEST("a long text with many escapes is decoded whole")
    {
        struct text t;
        text_init(&t, &a, 0);
        text_put_char(&t, '"');
        for (int i = 0; i < 5000; i++) text_put_format(&t, "%d\\n", i % 10);
        text_put_char(&t, '"');
        struct bytes decoded = json_string(parse(text_bytes(&t)));
        CHECK(decoded.len == 10000 && bytes_start_with(decoded, BYTES("0\n1\n2\n")));
        CHECK(bytes_end_with(decoded, BYTES("8\n9\n")) && !bytes_contain(decoded, BYTES("\0")));
    }
    TEST("half a pair of surrogates is refused")
    {
        CHECK(is_refused(BYTES("\"\\ud800\"")) && is_refused(BYTES("\"\\udc00\"")) &&
              is_refused(BYTES("\"\\ud800\\u0041\"")));
        CHECK(is_refused(BYTES("\"\\udc00\\udc00\"")) && is_refused(BYTES("\"\\ud800\\ue000\"")));
        CHECK(is_refused(BYTES("\"\\ud800\\ud800\"")) && is_refused(BYTES("\"\\ud800x\"")));
        CHECK(is_refused(BYTES("{\"\\udfff\":1}")) && is_refused(BYTES("\"\\udbff\\udc0\"")));
    }
    TEST("broken escapes are refused")
    {
        CHECK(is_refused(BYTES("\"\\x\"")) && is_refused(BYTES("\"\\u12g4\"")) && is_refused(BYTES("\"\\u12")));
        CHECK(is_refused(BYTES("\"\\")) && is_refused(BYTES("\\")) && is_refused(BYTES("\"\\\xc3\xbc\"")));
    }
    TEST("RFC 8259 8.1: invalid UTF-8 and a byte order mark are refused")
    {
        CHECK(is_refused(BYTES("\"\xff\"")) && is_refused(BYTES("\"\xc0\xaf\"")) &&
              is_refused(BYTES("\"\xed\xa0\x80\"")));
        CHECK(is_refused(BYTES("\"\xf4\x90\x80\x80\"")) && is_refused(BYTES("\"\xe2\x82\"")) &&
              is_refused(BYTES("\xef\xbb\xbf{}")));
        CHECK_BYTES(json_string(parse(BYTES("\"Zürich\""))), BYTES("Zürich"));
    }
    TEST("a character that is not allowed is found wherever it stands, and one that is allowed is passed")
    {
        static const char not_allowed[] = "\x01\x1f\x0b\x0c\x80\xbf\xff\xdc", allowed[] = " !~[]^\x7f";
        char text[] = "[\"abcdefghijklmnopqrstuvwxyz\"]";
        for (size_t at = 2; at < sizeof text - 3; at++) {
            char was = text[at];
            for (const char *c = not_allowed; *c != '\0'; c++) {
                char words[64];
                text[at] = *c;
                snprintf(words, sizeof words, "a character that is not allowed at line 1, column %zu", at + 1);
                CHECK(is_refused_with(bytes_of(text), words));
            }
            for (const char *c = allowed; *c != '\0'; c++) {
                text[at] = *c;
                CHECK_BYTES(parse(bytes_of(text))->first->text, ((struct bytes){text + 2, sizeof text - 5}));
            }
            text[at] = '\\';
            CHECK(is_refused(bytes_of(text)) != (strchr("bfnrt\"", text[at + 1]) != NULL && at < sizeof text - 4));
            text[at] = was;
        }
    }
    TEST("what is not JSON is refused")
    {
        static const char *const wrong[] = {
            "",         " ",      "{",       "[",       "\"",        "[1,]",     "{\"a\":1,}", "{\"a\"}", "{a:1}",
            "{1:2}",    "[1 2]",  "01",      "+1",      "1.",        ".5",       "1e",         "-",       "NaN",
            "Infinity", "nul",    "True",    "'a'",     "/* c */ 1", "// c\n1",  "1 // c",     "{} {}",   "1 1",
            "[]]",      "\"a\"x", "[1,\v2]", "[1,\f2]", "\"a\nb\"",  "\"a\tb\"", "[\"\x01\"]", "\x7f",    "\xc2\xa0 1"};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) CHECK(is_refused(bytes_of(wrong[i])));
        CHECK(is_refused(BYTES_ABSENT) && is_refused(BYTES("1\0")) && is_refused(BYTES("\"\0\"")));
    }
    TEST("what went wrong is said by line and column, and the text is not quoted")
    {
        CHECK(is_refused_with(BYTES("{\"password\":\n  \"\xff\"}"),
                              "a character that is not allowed at line 2, column 4"));
        CHECK(is_refused(BYTES("{\"password\": hunter2}")) && strstr(fault.what, "hunter") == NULL);
        CHECK(strncmp(fault.what, "not JSON at line 1, column 1", 28) == 0);
        CHECK(is_refused(BYTES("[1,\n2,\n")) && strcmp(fault.what, "not JSON at line 3, column 1") == 0);
        CHECK(is_refused(nest(65, true)) && strcmp(fault.what, "too many levels at line 1, column 66") == 0);
    }
    TEST("64 levels are read, 65 are refused, open or closed")
    {
        CHECK(parse(nest(64, true)) != NULL && is_refused(nest(65, true)));
        CHECK(is_refused(nest(100000, false)));
        CHECK(parse(repeat("[[]],", 100)) != NULL && parse(repeat("{\"a\":{}},", 100)) != NULL);
    }
    TEST("a text over its size is refused, one just of its size is read")
    {
        struct json_limits limits = {4, false};
        CHECK(json_parse(&a, BYTES("[12]"), &limits, &fault) != NULL);
        CHECK(json_parse(&a, BYTES("[123]"), &limits, &fault) == NULL && fault.kind == FAULT_INPUT);
        CHECK(strcmp(fault.what, "longer than 4 bytes") == 0);
    }
    TEST("RFC 8259 4: a name twice in one object is refused where names must be unique")
    {
        CHECK(is_refused(BYTES("{\"a\":1,\"b\":2,\"a\":3}")) && is_refused(BYTES("{\"a\":1,\"\\u0061\":2}")));
        CHECK(is_refused(BYTES("[{\"x\":{\"\":1,\"\":2}}]")) && is_refused(many_names(300, true)));
        CHECK(parse(BYTES("{\"a\":{\"a\":1},\"A\":2,\"ab\":3}")) != NULL && parse(many_names(300, false)) != NULL);
        const struct json *v = json_parse(&a, BYTES("{\"a\":1,\"a\":2}"), &(struct json_limits){100, false}, &fault);
        CHECK(v != NULL && v->count == 2);
    }
    TEST("an arena that is too small is a fault of its own, whatever it is too small for")
    {
        struct arena tiny;
        struct bytes text = BYTES("[1,{\"a\":\"b\"},\"\\u0041\",4]");
        const struct json *whole = parse(text), *copy = NULL;
        for (size_t cap = 1; copy == NULL; cap += 8) {
            arena_init(&tiny, cap);
            const struct json *read = json_parse(&tiny, text, &(struct json_limits){100, true}, &fault);
            CHECK(read != NULL ? !tiny.overflowed : fault.kind == FAULT_FULL);
            arena_release(&tiny);
            copy = json_copy(&tiny, whole);
            CHECK((copy == NULL) == tiny.overflowed);
            arena_release(&tiny);
        }
    }
    TEST("a copy of a tree is the same tree in another arena")
    {
        struct arena other;
        arena_init(&other, 1 << 20);
        const struct json *v = parse(BYTES("{\"a\":[null,true,false,\"x\\u0041\",1.50,\"\"],\"b\":{\"\":{}}}"));
        const struct json *copy = json_copy(&other, json_find(v, "a"));
        CHECK_BYTES(copy->name, BYTES("a"));
        CHECK(copy->next == NULL && copy->count == 6 && json_copy(&other, NULL) == NULL);
        copy = json_copy(&other, v);
        arena_release(&a);
        struct text t;
        text_init(&t, &other, 64);
        json_write(&t, copy);
        CHECK_BYTES(text_bytes(&t), BYTES("{\"a\":[null,true,false,\"xA\",1.50,\"\"],\"b\":{\"\":{}}}"));
        arena_release(&other);
    }
    TEST("members are found by name and by path, and missing ones are no harm")
    {
        const struct json *v = parse(BYTES("{\"identity\":{\"traits\":{\"email\":\"a@b\"}},\"n\":1}"));
        CHECK_BYTES(json_string(json_find_path(v, "identity.traits.email")), BYTES("a@b"));
        CHECK(json_find_path(v, "identity.nothing.email") == NULL && json_find_path(v, "n.x") == NULL);
        CHECK(json_find(v, "identit") == NULL && json_find(NULL, "a") == NULL &&
              json_find(json_find(v, "n"), "a") == NULL);
        CHECK(!bytes_present(json_string(json_find(v, "n"))) && !bytes_present(json_string(NULL)));
        CHECK(!json_is(NULL, JSON_NULL));
    }
    TEST("integers have no fraction and no exponent, and lie within their bounds")
    {
        CHECK(integer_is(BYTES("0"), 0) && integer_is(BYTES("-0"), 0) && integer_is(BYTES("-12"), -12));
        CHECK(integer_is(BYTES("9223372036854775807"), INT64_MAX) &&
              integer_is(BYTES("9007199254740993"), 9007199254740993));
        CHECK(is_no_integer(BYTES("9223372036854775808"), INT64_MIN, INT64_MAX));
        CHECK(is_no_integer(BYTES("1.0"), 0, 9) && is_no_integer(BYTES("1e2"), 0, 999) &&
              is_no_integer(BYTES("\"1\""), 0, 9));
        CHECK(is_no_integer(BYTES("10"), 0, 9) && is_no_integer(BYTES("-1"), 0, 9) &&
              is_no_integer(BYTES("true"), 0, 9));
    }
    TEST("a value is written again compactly, with its numbers as they stood")
    {
        CHECK_BYTES(
            rewrite(
                BYTES(" { \"a\" : [ 1.50 , -0 , 1E+400 , 123456789012345678901 ] , \"b\\n\" : { } , \"c\" : null } ")),
            BYTES("{\"a\":[1.50,-0,1E+400,123456789012345678901],\"b\\n\":{},\"c\":null}"));
        CHECK_BYTES(rewrite(BYTES("[[],[{}],[1],[2,3],true,false,\"\\u003c\"]")),
                    BYTES("[[],[{}],[1],[2,3],true,false,\"\\u003c\"]"));
    }
    TEST("the event interface sees every value in order")
    {
        struct text t;
        text_init(&t, &a, 0);
        CHECK(json_walk(BYTES("{\"a\":[1,\"\\u0062\",null,true],\"c\":{}}"), 100, &seeing, &t, &fault));
        CHECK_BYTES(text_bytes(&t), BYTES("{ .a [ #1 $b null true ] .c { } } "));
    }
    TEST("an event that says no ends the walk; limits hold for walks too")
    {
        struct text t;
        text_init(&t, &a, 0);
        CHECK(!json_walk(BYTES("[1,\"stop\",2]"), 100, &seeing, &t, &fault) && fault.kind == FAULT_INPUT);
        CHECK_BYTES(text_bytes(&t), BYTES("[ #1 $stop "));
        CHECK(!json_walk(BYTES("[1]"), 2, &seeing, &t, &fault) && !json_walk(BYTES("[1]]"), 9, &seeing, &t, &fault));
        CHECK(!json_walk(nest(65, true), 1000, &seeing, &t, NULL));
    }
    TEST("what yajl kept of the text is wiped")
    {
        watch_frees_for("hunter2");
        CHECK(parse(BYTES("[\"\\u0041 and hunter2\",\"\\u0041 then hunter2 again, \\u0041 hunter2 and hunter2\"]")) !=
              NULL);
        CHECK(freed_count > 0 && !freed_unwiped);
        watch_frees_for(NULL);
    }
    arena_release(&a);
    return TEST_END();
}
