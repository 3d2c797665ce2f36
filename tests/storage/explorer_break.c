/* The proof that the explorer can fail: after a verb the row and the answer are made what a server without one of the
 * rules would have left; the walks must find where that ends. */
#include "explorer.h"

#include <stdio.h>
#include <string.h>

static void refuse(struct transition *t, enum rotate_outcome outcome)
{
    t->outcome = (int8_t)outcome;
    t->answer = -1;
}

static void treat_as_reuse(const struct raw_row *before, struct raw_row *after, struct transition *t)
{
    after->state = before->state;
    after->state.revoked_at = before->state.rotated_at + 1;
    snprintf(after->revoked_because, sizeof after->revoked_because, "broken");
    refuse(t, ROTATE_REUSED);
}

static void dont_touch(const struct raw_row *before, struct raw_row *after, struct transition *t)
{
    (void)t;
    after->state = before->state;
}

static void refuse_ahead(const struct raw_row *before, struct raw_row *after, struct transition *t)
{
    after->state = before->state;
    refuse(t, ROTATE_FAR_AHEAD);
}

static void forget_low(const struct raw_row *before, struct raw_row *after, struct transition *t)
{
    (void)before;
    (void)t;
    after->state.low_gen = after->state.gen - 1;
}

static void live_on(const struct raw_row *before, struct raw_row *after, struct transition *t)
{
    (void)t;
    *after = *before;
}

static void rotate_again(const struct raw_row *before, struct raw_row *after, struct transition *t)
{
    after->state.gen = before->state.gen + 1;
    after->state.base_gen = before->state.gen;
    after->state.low_gen = before->state.base_gen;
    after->state.rotated_at += 1000; /* less than a unit, and not what it was */
    t->answer = (int8_t)after->state.gen;
}

static void answer_anyway(const struct raw_row *before, struct raw_row *after, struct transition *t)
{
    *after = *before;
    t->outcome = ROTATE_RETRIED;
    t->answer = (int8_t)before->state.gen;
}

struct breakage {
    const char *name, *sentence;
    enum rotate_outcome at;
    void (*alter)(const struct raw_row *before, struct raw_row *after, struct transition *t);
};
static const struct breakage breakages[] = {
    {"no-touch", "a retry after half the grace doesn't move its end", ROTATE_RETRIED, dont_touch},
    {"no-r1-same", "the newest token rotates again at any age", ROTATE_SAME_AGAIN, rotate_again},
    {"no-r2", "a retry within the grace is taken for reuse", ROTATE_RETRIED, treat_as_reuse},
    {"no-r3", "a late retry is taken for reuse", ROTATE_SKIPPED, treat_as_reuse},
    {"no-r3-held", "a late retry beyond the limit is taken for reuse", ROTATE_HELD, treat_as_reuse},
    {"no-r5", "a token ahead is refused", ROTATE_AHEAD, refuse_ahead},
    {"no-low", "only the newest but one may be retried", ROTATE_ROTATED, forget_low},
    {"reuse-not-revoked", "reuse is refused and the family lives on", ROTATE_REUSED, live_on},
    {"no-r4", "any token that ever was is good for the newest", ROTATE_REUSED, answer_anyway},
};
enum { BREAKAGE_COUNT = sizeof breakages / sizeof *breakages };

const struct breakage *breakage_find(const char *name)
{
    for (size_t i = 0; i < BREAKAGE_COUNT; i++)
        if (strcmp(breakages[i].name, name) == 0) return &breakages[i];
    return NULL;
}

void breakages_print(void)
{
    for (size_t i = 0; i < BREAKAGE_COUNT; i++)
        fprintf(stderr, "  %-18s %s\n", breakages[i].name, breakages[i].sentence);
}

bool breakage_alter(const struct breakage *b, const struct raw_row *before, struct raw_row *after, struct transition *t)
{
    if (t->outcome != (int8_t)b->at) return false;
    b->alter(before, after, t);
    return true;
}
