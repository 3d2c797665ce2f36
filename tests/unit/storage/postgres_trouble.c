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
    return TEST_END();
}
