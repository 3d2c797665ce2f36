/* params: the parameters of one statement in Postgres' binary form, whether it takes one row of values or an array for
 * each. Rule: params_init, then for each row its values in the statement's order, then params_finish. The memory is the
 * arena's. */
#ifndef STORAGE_POSTGRES_PARAMS_H
#define STORAGE_POSTGRES_PARAMS_H

#include "base/fault.h"
#include "base/text.h"
#include "storage/postgres/statements.h"

enum { PARAMS_MAX = 24 };

struct params {
    const struct statement *statement;
    int count, next;
    int32_t rows;
    bool null[PARAMS_MAX]; /* with arrays: has one */
    struct text texts[PARAMS_MAX];
    /* what libpq takes */
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX], formats[PARAMS_MAX];
    unsigned types[PARAMS_MAX];
};

void params_init(struct params *p, const struct statement *statement, struct arena *arena);
void params_put_number(struct params *p, int64_t number); /* n */
void params_put_truth(struct params *p, bool truth);      /* b */
void params_put_bytes(struct params *p, struct bytes b);  /* u, y, t, j; absent: null */
/* asserts that every value was put; false when the arena is too small */
bool params_finish(struct params *p) MUST_USE;
/* the types' oids, count of them */
int params_types(const struct statement *statement, unsigned types[PARAMS_MAX]);

#endif
