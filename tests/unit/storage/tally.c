#include "storage/tally.h"

#include "base/clock.h"
#include "base/metrics_inside.h"
#include "unit/test.h"

/* of the row of these two labels */
static uint64_t counted(enum metric metric, unsigned first, unsigned second)
{
    const struct metric_family *family = &metric_families[metric];
    size_t row = first * metric_labels[family->labels[1]].value_count + second;
    metrics_lock();
    uint64_t count = metric_sum(metric, row, 0);
    metrics_unlock();
    return count;
}

static void revoke(enum revoke_by by, struct bytes because, uint64_t count)
{
    struct storage_call call = {.verb = VERB_REVOKE};
    call.in.revocation = (struct revocation){.by = by, .because = because};
    call.result.revoked.count = count;
    tally_result(&call);
}

/* how many waits of that verb there were, by their buckets */
static uint64_t waits(enum metric_storage_verb verb)
{
    uint64_t count = 0;
    metrics_lock();
    for (size_t i = 0; i <= metric_buckets_of(&metric_families[METRIC_STORAGE_WAIT]).count; i++)
        count += metric_sum(METRIC_STORAGE_WAIT, verb, i);
    metrics_unlock();
    return count;
}

int main(void)
{
    TEST("a revocation is counted by what it named and why, as many times as grants ended")
    {
        revoke(REVOKE_SUBJECT, BYTES("session_ended"), 3);
        revoke(REVOKE_CLIENT, BYTES("revoked_by_client"), 1);
        revoke(REVOKE_SESSION, BYTES("identity_ended"), 0);
        CHECK(counted(METRIC_REVOCATIONS, REVOKED_BY_SUBJECT, REVOKED_BECAUSE_SESSION_ENDED) == 3);
        CHECK(counted(METRIC_REVOCATIONS, REVOKED_BY_CLIENT, REVOKED_BECAUSE_REVOKED_BY_CLIENT) == 1);
        CHECK(counted(METRIC_REVOCATIONS, REVOKED_BY_SESSION, REVOKED_BECAUSE_IDENTITY_ENDED) == 0);
    }
    TEST("a reason that the table doesn't have is other: it never becomes a label")
    {
        revoke(REVOKE_GRANT, BYTES("whatever somebody says"), 2);
        revoke(REVOKE_GRANT, BYTES_ABSENT, 1);
        CHECK(counted(METRIC_REVOCATIONS, REVOKED_BY_GRANT, REVOKED_BECAUSE_OTHER) == 3);
    }
    TEST("another verb's result is no revocation")
    {
        struct storage_call call = {.verb = VERB_SWEEP, .result.swept.count = 7};
        tally_result(&call);
        CHECK(counted(METRIC_REVOCATIONS, REVOKED_BY_GRANT, REVOKED_BECAUSE_OTHER) == 3);
    }
    TEST("each verb waits under its own word")
    {
        for (int verb = VERB_FIND_CLIENT; verb <= VERB_SWEEP; verb++) {
            struct storage_call call = {.verb = (enum storage_verb)verb, .asked_us = clock_steady_us()};
            tally_wait(&call);
        }
        for (size_t i = 0; i < metric_labels[LABEL_STORAGE_VERB].value_count; i++)
            CHECK(waits((enum metric_storage_verb)i) == 1);
    }
    TEST("a failure is counted by its kind; what is none of the database's is a bug")
    {
        const struct storage_call call = {.verb = VERB_ROTATE};
        tally_failure(&call, FAULT_AWAY);
        tally_failure(&call, FAULT_LATE);
        tally_failure(&call, FAULT_FULL);
        tally_failure(&call, FAULT_INPUT);
        for (unsigned i = FAILURE_AWAY; i <= FAILURE_BUG; i++)
            CHECK(counted(METRIC_STORAGE_FAILURES, STORAGE_ROTATE, i) == 1);
    }
    return TEST_END();
}
