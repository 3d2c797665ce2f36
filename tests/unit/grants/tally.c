#include "grants/tally.h"

#include "base/metrics_inside.h"
#include "unit/test.h"

static uint64_t counted(enum metric metric, size_t row)
{
    metrics_lock();
    uint64_t count = metric_sum(metric, row, 0);
    metrics_unlock();
    return count;
}

/* the word of the one row of the family in which there is more than before; NULL where there is none, or several */
static const char *find_grown(enum metric metric, const uint64_t *before)
{
    const struct metric_family *family = &metric_families[metric];
    enum metric_label last = family->labels[family->label_count - 1];
    const char *found = NULL;
    for (size_t row = 0; row < metric_row_count(family); row++) {
        if (counted(metric, row) == before[row]) continue;
        if (found != NULL) return NULL;
        found = metric_labels[last].words[row % metric_labels[last].value_count];
    }
    return found;
}

static uint64_t before[64];

static void remember(enum metric metric)
{
    for (size_t row = 0; row < metric_row_count(&metric_families[metric]); row++) before[row] = counted(metric, row);
}

static struct oauth_request request;

static const char *refresh_of(enum fault_kind kind, enum rotate_outcome outcome, bool ended)
{
    request.request.flow.fault.kind = kind;
    remember(METRIC_REFRESHES);
    tally_refresh(&request.request.flow, outcome, ended);
    return find_grown(METRIC_REFRESHES, before);
}

static const char *exchange_of(enum fault_kind kind, enum oauth_error error)
{
    request.request.flow.fault.kind = kind;
    request.refusal = (struct refusal){.refused = kind == FAULT_REFUSED, .error = error};
    remember(METRIC_EXCHANGES);
    tally_exchange(&request.request.flow, SUBJECT_COOKIE);
    return find_grown(METRIC_EXCHANGES, before);
}

static bool is(const char *got, const char *want) { return got != NULL && strcmp(got, want) == 0; }

int main(void)
{
    TEST("what a rule decided is counted under the rule's name in the log")
    {
        for (enum rotate_outcome outcome = ROTATE_ROTATED; outcome <= ROTATE_FAR_AHEAD; outcome++) {
            bool succeeds = rotate_outcome_succeeds(outcome);
            if (outcome == ROTATE_LOOK_DUE) continue;
            CHECK(is(refresh_of(succeeds ? FAULT_NONE : FAULT_REFUSED, outcome, false), rotate_outcome_name(outcome)));
        }
    }
    TEST("what was refused for another reason is no outcome of the rules")
    {
        CHECK(is(refresh_of(FAULT_REFUSED, ROTATE_ROTATED, false), "refused"));
        CHECK(is(refresh_of(FAULT_REFUSED, ROTATE_LOOK_DUE, false), "refused"));
        CHECK(is(refresh_of(FAULT_REFUSED, ROTATE_LOOK_DUE, true), "session_ended"));
    }
    TEST("trouble is told apart from a client that left, and from a bug")
    {
        CHECK(is(refresh_of(FAULT_AWAY, ROTATE_ROTATED, false), "unavailable"));
        CHECK(is(refresh_of(FAULT_LATE, ROTATE_ROTATED, false), "unavailable"));
        CHECK(is(refresh_of(FAULT_FULL, ROTATE_ROTATED, false), "unavailable"));
        CHECK(is(refresh_of(FAULT_LEFT, ROTATE_ROTATED, false), "left"));
        CHECK(is(refresh_of(FAULT_BUG, ROTATE_ROTATED, false), "failed"));
        CHECK(is(refresh_of(FAULT_NONE, ROTATE_LOOK_DUE, false), "failed"));
    }
    TEST("an exchange is counted by its error where it was refused")
    {
        CHECK(is(exchange_of(FAULT_NONE, OAUTH_INVALID_REQUEST), "issued"));
        CHECK(is(exchange_of(FAULT_REFUSED, OAUTH_SUBJECT_TOKEN), "no_session"));
        CHECK(is(exchange_of(FAULT_REFUSED, OAUTH_STEP_UP), "step_up"));
        CHECK(is(exchange_of(FAULT_REFUSED, OAUTH_ACCESS_DENIED), "origin"));
        CHECK(is(exchange_of(FAULT_REFUSED, OAUTH_INVALID_TARGET), "refused"));
        CHECK(is(exchange_of(FAULT_LATE, OAUTH_INVALID_REQUEST), "unavailable"));
        CHECK(is(exchange_of(FAULT_LEFT, OAUTH_INVALID_REQUEST), "left"));
        CHECK(is(exchange_of(FAULT_INPUT, OAUTH_INVALID_REQUEST), "failed"));
    }
    return TEST_END();
}
