/* grant_row: reads how a grant stands from a row, whichever statement gave it.
 * Rule: first is the column where enum grant_column begins in that statement. */
#ifndef STORAGE_POSTGRES_GRANT_ROW_H
#define STORAGE_POSTGRES_GRANT_ROW_H

#include "storage/postgres/row.h"
#include "storage/storage.h"

void grant_row_state(struct row row, int first, struct rotation_state *state);
/* all but its id and client_id, which who asks knows, or has columns of their own for; bytes in arena */
void grant_row_grant(struct row row, int first, struct arena *arena, struct grant *grant);

#endif
