/* database: one connection to the file, its statements kept prepared, and the words to put parameters and take columns.
 * Rule: whoever runs statements holds in_use. A query is begun, its parameters put in order, its rows read with
 * query_next, its columns taken in order, and it is ended with query_end, which alone says whether all went well: until
 * then errors are sticky. */
#ifndef STORAGE_SQLITE_DATABASE_H
#define STORAGE_SQLITE_DATABASE_H

#include <pthread.h>
#include <sqlite3.h>

#include "storage/sqlite/statements.h"
#include "storage/storage.h"

#define STATEMENT_NAME(name, sql) STATEMENT_##name,
enum statement { STATEMENTS(STATEMENT_NAME) STATEMENT_COUNT };
#undef STATEMENT_NAME

struct database {
    pthread_mutex_t in_use;
    sqlite3 *handle;
    sqlite3_stmt *statements[STATEMENT_COUNT]; /* NULL until it is first used */
    const char *where;                         /* for faults: "storage: rotate" */
    unsigned char swept_until[GRANT_ID_LEN];   /* sweep.c's place in its walk over the grants */
};

/* path: NULL for memory; the file is made by sqlite.c */
bool database_open(struct database *db, const char *path, struct fault *fault) MUST_USE;
void database_close(struct database *db);
/* a statement without parameters and rows */
bool database_run(struct database *db, enum statement which, struct fault *fault) MUST_USE;
/* SQL that is run once, such as a migration's */
bool database_execute(struct database *db, const char *sql, struct fault *fault) MUST_USE;
/* nothing outside a transaction; what can't be rolled back fails the next BEGIN, which says so */
void database_roll_back(struct database *db);
bool database_in_transaction(const struct database *db);
int64_t database_changes(const struct database *db); /* rows of the last INSERT, UPDATE or DELETE */

/* words for a result code of SQLite, on *fault: FAULT_AWAY for the disk, FAULT_BUG for what our own statements did
 * wrong and for rows that can't be. Returns false. */
bool database_fault(const char *where, sqlite3 *handle, int status, struct fault *fault);

struct query {
    struct database *db;
    sqlite3_stmt *statement;
    int status;     /* SQLITE_OK, _ROW, _DONE, or what went wrong */
    int put, taken; /* counts */
};
void query_begin(struct query *q, struct database *db, enum statement which);
void query_put_number(struct query *q, int64_t number);
void query_put_text(struct query *q, struct bytes text);          /* absent: NULL; must stay until query_end */
void query_put_blob(struct query *q, const void *at, size_t len); /* at NULL: NULL; must stay until query_end */
bool query_next(struct query *q);                                 /* is there a row? */
int64_t query_take_number(struct query *q);
struct bytes query_take_text(struct query *q, struct arena *arena); /* text or blob; NULL: absent */
void query_take_blob(struct query *q, void *out, size_t len);       /* of exactly that length */
bool query_end(struct query *q, struct fault *fault) MUST_USE;
bool query_run(struct query *q, struct fault *fault) MUST_USE; /* without rows: next and end */

#endif
