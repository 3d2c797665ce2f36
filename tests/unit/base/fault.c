#include "base/fault.h"

#include "unit/test.h"

int main(void)
{
    struct fault fault = {FAULT_NONE, "", ""};

    TEST("a fault says kind, where and what, and is false")
    {
        CHECK(!fault_set(&fault, FAULT_AWAY, "storage: rotate", "no answer within %d ms", 500));
        CHECK(fault.kind == FAULT_AWAY && strcmp(fault.where, "storage: rotate") == 0);
        CHECK(strcmp(fault.what, "no answer within 500 ms") == 0);
    }
    TEST("words that are too long are cut")
    {
        char long_words[2000];
        memset(long_words, 'x', sizeof long_words - 1);
        long_words[sizeof long_words - 1] = '\0';
        fault_set(&fault, FAULT_BUG, long_words, "%s", long_words);
        CHECK(strlen(fault.where) == sizeof fault.where - 1 && strlen(fault.what) == sizeof fault.what - 1);
    }
    TEST("who does not ask why gets false all the same") CHECK(!fault_set(NULL, FAULT_LATE, "here", "words"));
    TEST("every kind has a name of its own")
    {
        for (int i = FAULT_NONE; i <= FAULT_BUG; i++) {
            CHECK(strcmp(fault_kind_name((enum fault_kind)i), "unknown") != 0);
            for (int j = FAULT_NONE; j < i; j++)
                CHECK(strcmp(fault_kind_name((enum fault_kind)i), fault_kind_name((enum fault_kind)j)) != 0);
        }
        CHECK(strcmp(fault_kind_name(FAULT_AWAY), "away") == 0 && strcmp(fault_kind_name(FAULT_LEFT), "left") == 0);
    }
    return TEST_END();
}
