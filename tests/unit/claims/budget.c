#include "claims/budget.h"

#include <jv.h>

#include "unit/test.h"

static int spent_count;

static void count_spent(void *data)
{
    (void)data;
    spent_count++;
}

int main(void)
{
    struct budget budget;
    budget_check_in_place();
    TEST("what jq takes is counted, and no longer when it is freed")
    {
        budget_begin(&budget, 100 * 1000, count_spent, NULL);
        jv text = jv_string_empty(10000);
        CHECK(budget.left <= 90 * 1000 && budget.left > 80 * 1000);
        jv_free(text);
        CHECK(budget.left == 100 * 1000);
        CHECK(budget_end(&budget) && spent_count == 0);
    }
    TEST("what grows is counted at its size")
    {
        jv array = jv_array();
        budget_begin(&budget, 1000 * 1000, count_spent, NULL);
        for (int i = 0; i < 10000; i++) array = jv_array_append(array, jv_null());
        CHECK(budget.left < 1000 * 1000 - 10000 * 16 && budget.left > 0);
        jv_free(array);
        CHECK(budget_end(&budget));
    }
    TEST("when it is spent that is said once, and what was asked for is given")
    {
        jv texts[3];
        budget_begin(&budget, 15000, count_spent, NULL);
        for (size_t i = 0; i < 3; i++) texts[i] = jv_string_empty(10000);
        CHECK(!budget_end(&budget) && spent_count == 1);
        for (size_t i = 0; i < 3; i++) jv_free(texts[i]);
    }
    TEST("it stays spent when all is freed again")
    {
        budget_begin(&budget, 5000, count_spent, NULL);
        jv_free(jv_string_empty(10000));
        CHECK(!budget_end(&budget) && spent_count == 2);
    }
    TEST("outside of a run nothing is counted")
    {
        jv_free(jv_string_empty(10 * 1000 * 1000));
        CHECK(spent_count == 2);
    }
    return TEST_END();
}
