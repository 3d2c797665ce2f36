#include "storage/postgres/trouble.h"

#include "unit/test.h"

int main(void)
{
    TEST("who was in another's way is asked again")
    {
        CHECK(trouble_of("40001") == TROUBLE_RACE);
        CHECK(trouble_of("40P01") == TROUBLE_RACE);
        CHECK(trouble_of("55P03") == TROUBLE_RACE);
    }
    TEST("a value that is refused is one row's trouble")
    {
        CHECK(trouble_of("22P02") == TROUBLE_ROW); /* not JSON */
        CHECK(trouble_of("22021") == TROUBLE_ROW); /* not UTF-8 */
        CHECK(trouble_of("23502") == TROUBLE_ROW);
        CHECK(trouble_of("54000") == TROUBLE_ROW);
    }
    TEST("a session of no use is left")
    {
        CHECK(trouble_of("57P01") == TROUBLE_SESSION);
        CHECK(trouble_of("25006") == TROUBLE_SESSION);
        CHECK(trouble_of("26000") == TROUBLE_SESSION);
        CHECK(trouble_of("08006") == TROUBLE_SESSION);
        CHECK(trouble_of("40003") == TROUBLE_SESSION);
    }
    TEST("what took too long, and all else")
    {
        CHECK(trouble_of("57014") == TROUBLE_TIME);
        CHECK(trouble_of("53100") == TROUBLE_OTHER); /* disk full */
        CHECK(trouble_of("42501") == TROUBLE_OTHER);
        CHECK(trouble_of("") == TROUBLE_OTHER);
    }
    TEST("a server that says no is told from one that can't be reached, is starting, or is full")
    {
        CHECK(trouble_is_refusal("28000")); /* no such role, or no line in pg_hba.conf */
        CHECK(trouble_is_refusal("28P01")); /* a wrong password */
        CHECK(trouble_is_refusal("3D000"));
        CHECK(trouble_is_refusal("42501"));
        CHECK(!trouble_is_refusal("57P03")); /* starting */
        CHECK(!trouble_is_refusal("53300")); /* too many connections */
        CHECK(!trouble_is_refusal("08006"));
        CHECK(!trouble_is_refusal("42P01"));
        CHECK(!trouble_is_refusal(""));
    }
    return TEST_END();
}
