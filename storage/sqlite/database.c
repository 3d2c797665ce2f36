#include "storage/sqlite/database.h"

#include <limits.h>
#include <string.h>

enum { BUSY_MS = 2000, CACHE_KIB = 32 << 10 };

#define STATEMENT_SQL(name, sql) [STATEMENT_##name] = sql,
static const char *const sql_of[STATEMENT_COUNT] = {STATEMENTS(STATEMENT_SQL)};
#undef STATEMENT_SQL

bool database_fault(const char *where, sqlite3 *handle, int status, struct fault *fault)
{
    int code = status & 0xff; /* the rest of an extended code says which kind of it */
    bool ours = code == SQLITE_ERROR || code == SQLITE_CORRUPT || code == SQLITE_CONSTRAINT || code == SQLITE_MISUSE ||
                code == SQLITE_RANGE || code == SQLITE_MISMATCH || code == SQLITE_TOOBIG;
    const char *words = handle == NULL ? sqlite3_errstr(status) : sqlite3_errmsg(handle);
    return fault_set(fault, ours ? FAULT_BUG : FAULT_AWAY, where, "sqlite: %s (%d)", words, status);
}

/* ---- opening ---- */

/* synchronous=FULL: a commit is on the disk before it is answered. The log is carried into the file by checkpointer.c,
 * on another thread. secure_delete: a private key that was destroyed is overwritten, whatever SQLite was built with. */
static const char settings[] = "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA wal_autocheckpoint = 0;"
                               "PRAGMA secure_delete = ON;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA foreign_keys = OFF;"
                               "PRAGMA trusted_schema = OFF;";

bool database_open(struct database *db, const char *path, struct fault *fault)
{
    *db = (struct database){.where = "storage: open"};
    pthread_mutex_init(&db->in_use, NULL);
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int status = sqlite3_open_v2(path == NULL ? ":memory:" : path, &db->handle, flags, NULL);
    if (status != SQLITE_OK) return database_fault(db->where, db->handle, status, fault);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    if (!database_execute(db, settings, fault)) return false;
    char cache[64];
    sqlite3_snprintf(sizeof cache, cache, "PRAGMA cache_size = -%d", (int)CACHE_KIB);
    return database_execute(db, cache, fault);
}

void database_close(struct database *db)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) sqlite3_finalize(db->statements[i]);
    sqlite3_close(db->handle);
    pthread_mutex_destroy(&db->in_use);
}

bool database_execute(struct database *db, const char *sql, struct fault *fault)
{
    int status = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return status == SQLITE_OK || database_fault(db->where, db->handle, status, fault);
}

bool database_run(struct database *db, enum statement which, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, which);
    return query_run(&q, fault);
}

bool database_in_transaction(const struct database *db) { return sqlite3_get_autocommit(db->handle) == 0; }

void database_roll_back(struct database *db)
{
    if (database_in_transaction(db)) sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

int64_t database_changes(const struct database *db) { return sqlite3_changes64(db->handle); }

/* ---- queries ---- */

void query_begin(struct query *q, struct database *db, enum statement which)
{
    *q = (struct query){.db = db, .status = SQLITE_OK};
    if (db->statements[which] == NULL)
        q->status =
            sqlite3_prepare_v3(db->handle, sql_of[which], -1, SQLITE_PREPARE_PERSISTENT, &db->statements[which], NULL);
    q->statement = db->statements[which];
}

static void note_put(struct query *q, int status)
{
    if (q->status == SQLITE_OK) q->status = status;
}

void query_put_number(struct query *q, int64_t number)
{
    note_put(q, sqlite3_bind_int64(q->statement, ++q->put, number));
}

void query_put_text(struct query *q, struct bytes text)
{
    note_put(q, sqlite3_bind_text64(q->statement, ++q->put, text.at, text.len, SQLITE_STATIC, SQLITE_UTF8));
}

void query_put_blob(struct query *q, const void *at, size_t len)
{
    note_put(q, sqlite3_bind_blob64(q->statement, ++q->put, at, len, SQLITE_STATIC));
}

bool query_next(struct query *q)
{
    if (q->status != SQLITE_OK && q->status != SQLITE_ROW) return false;
    q->taken = 0;
    q->status = sqlite3_step(q->statement);
    return q->status == SQLITE_ROW;
}

int64_t query_take_number(struct query *q) { return sqlite3_column_int64(q->statement, q->taken++); }

struct bytes query_take_text(struct query *q, struct arena *arena)
{
    int column = q->taken++;
    if (sqlite3_column_type(q->statement, column) == SQLITE_NULL) return BYTES_ABSENT;
    const void *at = sqlite3_column_text(q->statement, column);
    size_t len = (size_t)sqlite3_column_bytes(q->statement, column);
    if (at == NULL) q->status = SQLITE_NOMEM;
    return arena_copy(arena, (struct bytes){at, len});
}

void query_take_blob(struct query *q, void *out, size_t len)
{
    int column = q->taken++;
    const void *at = sqlite3_column_blob(q->statement, column);
    if (at == NULL || (size_t)sqlite3_column_bytes(q->statement, column) != len)
        q->status = SQLITE_CORRUPT;
    else
        memcpy(out, at, len);
}

bool query_end(struct query *q, struct fault *fault)
{
    bool well = q->status == SQLITE_ROW || q->status == SQLITE_DONE;
    if (!well) database_fault(q->db->where, q->db->handle, q->status, fault);
    sqlite3_reset(q->statement);
    return well;
}

bool query_run(struct query *q, struct fault *fault)
{
    query_next(q);
    return query_end(q, fault);
}
