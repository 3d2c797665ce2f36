#include "identity/kratos/skim.h"

#include "base/text.h"
#include "unit/test.h"

#define ID "03e060c1-8674-4b6a-9af1-596b2d4ee2c8"

static struct arena arena;

/* start, and 70 levels behind it */
static struct bytes deep(const char *start)
{
    struct text t;
    text_init(&t, &arena, 1024);
    text_put(&t, bytes_of(start));
    for (int i = 0; i < 70; i++) text_put(&t, BYTES("{\"a\":"));
    text_put(&t, BYTES("1"));
    for (int i = 0; i < 70; i++) text_put_char(&t, '}');
    text_put(&t, BYTES("}}"));
    return text_bytes(&t);
}

static enum standing session(const char *start) { return skim_session(deep(start), BYTES(ID)); }

static enum standing person(const char *start) { return skim_person(deep(start), BYTES(ID)); }

static void test_sessions(void)
{
    TEST("a session that isn't active is so, whatever comes behind")
    {
        CHECK(session("{\"id\":\"" ID "\",\"active\":false,\"identity\":{\"traits\":") == STANDING_INACTIVE);
        CHECK(session("{\"id\":\"03E060C1-8674-4b6a-9af1-596b2d4ee2c8\",\"active\":false,\"x\":") == STANDING_INACTIVE);
    }
    TEST("so is one whose person isn't")
    {
        CHECK(session("{\"id\":\"" ID
                      "\",\"active\":true,\"identity\":{\"id\":\"x\",\"state\":\"inactive\",\"traits\":") ==
              STANDING_DISABLED);
    }
    TEST("one that says that it is active stays unclear")
    {
        CHECK(session("{\"id\":\"" ID "\",\"active\":true,\"identity\":{\"state\":\"active\",\"traits\":") ==
              STANDING_UNCLEAR);
        CHECK(session("{\"id\":\"" ID "\",\"identity\":{\"traits\":") == STANDING_UNCLEAR);
    }
    TEST("what is of another kind, or stands elsewhere, says nothing")
    {
        static const char *const starts[] = {
            "\"active\":\"false\",\"x\":",
            "\"active\":null,\"x\":",
            "\"active\":0,\"x\":",
            "\"active\":{\"a\":false},\"x\":",
            "\"active\":[false],\"x\":",
            "\"Active\":false,\"x\":",
            "\"state\":\"inactive\",\"x\":",
            "\"devices\":[{\"active\":false,\"state\":\"inactive\"}],\"x\":",
            "\"identity\":[{\"state\":\"inactive\"}],\"x\":",
            "\"identity\":{\"state\":false},\"x\":",
            "\"identity\":{\"active\":false,\"traits\":{\"state\":\"inactive\",\"active\":false,\"x\":",
            "\"identity\":{\"a\":{\"state\":\"inactive\"},\"x\":",
            "\"other\":{\"state\":\"inactive\"},\"x\":",
            "\"identity\":{},\"other\":{\"state\":\"inactive\"},\"x\":",
        };
        for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
            struct text t;
            text_init(&t, &arena, 256);
            text_put(&t, BYTES("{\"id\":\"" ID "\","));
            text_put(&t, bytes_of(starts[i]));
            CHECK(session(arena_text(&arena, text_bytes(&t))) == STANDING_UNCLEAR);
        }
    }
    TEST("what stands twice says nothing")
    {
        CHECK(session("{\"id\":\"" ID "\",\"active\":false,\"active\":false,\"x\":") == STANDING_UNCLEAR);
        CHECK(session("{\"id\":\"" ID "\",\"active\":false,\"active\":true,\"x\":") == STANDING_UNCLEAR);
        CHECK(session("{\"id\":\"" ID "\",\"active\":false,\"active\":{},\"x\":") == STANDING_UNCLEAR);
        CHECK(session("{\"id\":\"" ID "\",\"id\":\"" ID "\",\"active\":false,\"x\":") == STANDING_UNCLEAR);
        CHECK(session("{\"id\":\"" ID
                      "\",\"identity\":{\"state\":\"inactive\"},\"identity\":{\"state\":\"active\"},\"x\":") ==
              STANDING_UNCLEAR);
        CHECK(skim_session(BYTES("{\"id\":\"" ID "\",\"active\":false,\"identity\":null,\"active\":true}"),
                           BYTES(ID)) == STANDING_UNCLEAR);
    }
    TEST("what is about another session, or about none, says nothing")
    {
        CHECK(session("{\"id\":\"13e060c1-8674-4b6a-9af1-596b2d4ee2c8\",\"active\":false,\"x\":") == STANDING_UNCLEAR);
        CHECK(session("{\"id\":\"\",\"active\":false,\"x\":") == STANDING_UNCLEAR);
        CHECK(session("{\"active\":false,\"identity\":{\"id\":\"" ID "\",\"x\":") == STANDING_UNCLEAR);
        CHECK(session("[{\"id\":\"" ID "\",\"active\":false,\"x\":") == STANDING_UNCLEAR);
        CHECK(skim_session(BYTES(""), BYTES(ID)) == STANDING_UNCLEAR);
        CHECK(skim_session(BYTES("<html>"), BYTES(ID)) == STANDING_UNCLEAR);
    }
}

static void test_persons(void)
{
    TEST("a person who isn't active is so, whatever comes behind")
    {
        CHECK(person("{\"id\":\"" ID "\",\"state\":\"inactive\",\"traits\":") == STANDING_DISABLED);
    }
    TEST("all else about a person stays unclear")
    {
        CHECK(person("{\"id\":\"" ID "\",\"state\":\"active\",\"traits\":") == STANDING_UNCLEAR);
        CHECK(person("{\"id\":\"" ID "\",\"active\":false,\"traits\":") == STANDING_UNCLEAR);
        CHECK(person("{\"id\":\"" ID "\",\"identity\":{\"state\":\"inactive\"},\"traits\":") == STANDING_UNCLEAR);
        CHECK(person("{\"id\":\"" ID "\",\"traits\":{\"state\":\"inactive\"},\"x\":") == STANDING_UNCLEAR);
        CHECK(person("{\"id\":\"" ID "\",\"state\":\"inactive\",\"state\":\"active\",\"x\":") == STANDING_UNCLEAR);
        CHECK(person("{\"id\":\"13e060c1-8674-4b6a-9af1-596b2d4ee2c8\",\"state\":\"inactive\",\"x\":") ==
              STANDING_UNCLEAR);
    }
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    test_sessions();
    test_persons();
    arena_release(&arena);
    return TEST_END();
}
