/* raw: the database beside the storage's own door: a test sets a grant's hot row to any state, and reads what a verb
 * made of it. Rule: no verb is under way meanwhile. Here alone, in the tests, the tables' and columns' names are known.
 */
#ifndef TESTS_STORAGE_RAW_H
#define TESTS_STORAGE_RAW_H

#include "base/text.h"
#include "storage/storage.h"

struct raw;

struct raw_row {
    unsigned char grant_id[GRANT_ID_LEN];
    struct rotation_state state;
    char revoked_because[64]; /* "": none */
};

struct raw *raw_open(const char *dsn);
void raw_close(struct raw *raw);
int64_t raw_now(struct raw *raw); /* ms, the clock that the storage goes by */
/* the rows' states; every row must be there */
void raw_write(struct raw *raw, const struct raw_row *rows, size_t count);
/* fills the states of the rows by their grant_id; how many of them are there */
size_t raw_read(struct raw *raw, struct raw_row *rows, size_t count);
/* every row of every table as text, bytes in hex, each cell on a line of its own */
void raw_dump(struct raw *raw, struct text *text);
/* anything else that a test needs done; dies when it can't be */
void raw_execute(struct raw *raw, const char *sql);
int64_t raw_number(struct raw *raw, const char *sql); /* the first cell of the first row */

#endif
