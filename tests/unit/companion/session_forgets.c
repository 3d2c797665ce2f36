#include "companion/session_forgets.h"

#include "base/clock.h"
#include "unit/test.h"

static struct session_forgets forgets;

static struct session_outcome about(char session, int64_t began_steady_ms)
{
    return (struct session_outcome){.authorization = BYTES("Bearer a"),
                                    .names = {.session = {(unsigned char)session}, .identity = "i", .client = "c"},
                                    .began_steady_ms = began_steady_ms};
}

static void forget(char name)
{
    session_forgets_add(&forgets, (const unsigned char[SESSION_NAME_LEN]){(unsigned char)name});
}
static void pass(int64_t ms)
{
    static int64_t skew;
    clock_set_steady_skew_ms(skew += ms);
}

int main(void)
{
    TEST("a look is forgotten by what comes after its beginning, under any of its names, and by nothing else")
    {
        session_forgets_init(&forgets);
        int64_t began = clock_steady_ms();
        struct session_outcome a = about('a', began), b = about('b', began);
        CHECK(!session_forgets_have(&forgets, &a));
        pass(5);
        forget('a');
        CHECK(session_forgets_have(&forgets, &a) && !session_forgets_have(&forgets, &b));
        forget('i');
        CHECK(session_forgets_have(&forgets, &b));
    }
    TEST("a look that began later is not")
    {
        pass(5);
        struct session_outcome a = about('a', clock_steady_ms());
        CHECK(!session_forgets_have(&forgets, &a));
    }
    TEST("the same millisecond counts as later than the look's beginning")
    {
        pass(5);
        struct session_outcome a =
            about('a', clock_steady_ms() + 2); /* the clock goes on meanwhile, but not by so much */
        forget('x');
        a.began_steady_ms = forgets.at[(forgets.count - 1) % SESSION_FORGETS_MAX].at_steady_ms;
        forgets.at[(forgets.count - 1) % SESSION_FORGETS_MAX].name[0] = 'a';
        CHECK(session_forgets_have(&forgets, &a));
    }
    TEST("a refusal names nobody, so nobody can forget it")
    {
        struct session_outcome refused = {.began_steady_ms = 0};
        forget(0);
        CHECK(!session_forgets_have(&forgets, &refused));
    }
    TEST("a look that more forgets came after than are remembered counts as forgotten")
    {
        pass(5);
        struct session_outcome a = about('a', clock_steady_ms());
        pass(5);
        for (int i = 0; i < SESSION_FORGETS_MAX - 1; i++) forget('x');
        CHECK(!session_forgets_have(&forgets, &a));
        forget('x');
        CHECK(session_forgets_have(&forgets, &a));
        pass(5);
        a.began_steady_ms = clock_steady_ms();
        CHECK(!session_forgets_have(&forgets, &a));
    }
    session_forgets_release(&forgets);
    return TEST_END();
}
