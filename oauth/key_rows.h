/* key_rows: the rows of the key table between storage, which keeps them, and keys/, which knows what they mean.
 *
 * Rule: what is borrowed is borrowed: kid, public_jwk and sealed_private stay where the list or the plan has them. */
#ifndef OAUTH_KEY_ROWS_H
#define OAUTH_KEY_ROWS_H

#include "oauth/key_view.h"
#include "storage/storage.h"

/* The reading without its times. What this version can't read, for its algorithm, stands in reading->unread. FAULT_FULL */
bool key_rows_read(const struct key_list *list, struct arena *arena, struct key_reading *reading, struct fault *fault) MUST_USE;

/* what a plan says, as storage takes it; FAULT_FULL */
struct key_plan {
    const struct planned_key *at;
    size_t count;
};
bool key_rows_write(struct key_plan plan, struct arena *arena, struct key_change *change, struct fault *fault) MUST_USE;

/* all of it in arena */
struct key_material key_rows_keep_row(const struct key_material *row, struct arena *arena);
/* a plan that outlives the reading which it was made from; count 0 when the arena is full */
struct key_plan key_rows_keep(struct key_plan plan, struct arena *arena);
/* Does the table look as this plan, which was tried, would have it? A change is all or nothing, and nobody else has the keys that it added. */
bool key_rows_are_as_planned(struct key_plan tried, const struct key_reading *reading);

#endif
