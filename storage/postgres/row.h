/* row: reads one row of a result in Postgres' binary form.
 * Rule: a null is 0, false or absent. Who reads a column knows its type: the statement is ours. */
#ifndef STORAGE_POSTGRES_ROW_H
#define STORAGE_POSTGRES_ROW_H

#include <libpq-fe.h>

#include "base/arena.h"

struct row {
    const PGresult *result;
    int number;
};

bool row_is_null(struct row row, int column);
int64_t row_number(struct row row, int column); /* of any width */
bool row_truth(struct row row, int column);
bool row_same(struct row row, int column, struct bytes b); /* exactly these bytes; constant time for as many */
const char *row_wire(struct row row, int column);          /* as long as the result lives */
struct bytes row_bytes(struct row row, int column, struct arena *arena); /* a copy in arena */

#endif
