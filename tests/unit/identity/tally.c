#include "identity/kratos/tally.h"

#include "base/clock.h"
#include "base/metrics_inside.h"
#include "unit/test.h"

static uint64_t counted(enum metric_kratos_answer answer)
{
    metrics_lock();
    uint64_t count =
        metric_sum(METRIC_KRATOS_CALLS, KRATOS_SESSION * metric_labels[LABEL_KRATOS_ANSWER].value_count + answer, 0);
    metrics_unlock();
    return count;
}

/* is it one more under that word? */
static bool says(int status, enum metric_kratos_answer word)
{
    const struct call_answer answer = {.status = status};
    uint64_t before = counted(word);
    kratos_tally(KRATOS_SESSION, clock_steady_us(), &answer, NULL);
    return counted(word) == before + 1;
}

static bool fails(enum fault_kind kind, enum metric_kratos_answer word)
{
    const struct fault fault = {.kind = kind};
    uint64_t before = counted(word);
    kratos_tally(KRATOS_SESSION, clock_steady_us(), NULL, &fault);
    return counted(word) == before + 1;
}

int main(void)
{
    TEST("the statuses that mean something are counted by themselves, the others by their class")
    {
        CHECK(says(200, KRATOS_SAID_200) && says(401, KRATOS_SAID_401) && says(403, KRATOS_SAID_403));
        CHECK(says(404, KRATOS_SAID_404) && says(400, KRATOS_SAID_4XX) && says(499, KRATOS_SAID_4XX));
        CHECK(says(500, KRATOS_SAID_5XX) && says(503, KRATOS_SAID_5XX) && says(599, KRATOS_SAID_5XX));
        CHECK(says(204, KRATOS_SAID_OTHER) && says(302, KRATOS_SAID_OTHER));
    }
    TEST("a call without an answer is counted by why")
    {
        CHECK(fails(FAULT_AWAY, KRATOS_AWAY) && fails(FAULT_LATE, KRATOS_LATE) && fails(FAULT_FULL, KRATOS_FULL));
        CHECK(fails(FAULT_BUG, KRATOS_BUG));
    }
    return TEST_END();
}
