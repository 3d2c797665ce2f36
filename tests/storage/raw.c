#include "raw.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "driver.h"

enum { SQL_CAP = 64 << 20 };

/* one of the two */
struct raw {
    sqlite3 *file;
    PGconn *server;
};

/* ---- asking either back end ---- */

struct row_reader {
    void (*read)(void *data, size_t count, const struct bytes *cells); /* absent: NULL; bytes come as hex */
    void *data;
};

enum { CELLS_MAX = 64 };

static struct bytes sqlite_cell(struct arena *arena, sqlite3_stmt *row, int column)
{
    if (sqlite3_column_type(row, column) == SQLITE_NULL) return BYTES_ABSENT;
    if (sqlite3_column_type(row, column) != SQLITE_BLOB)
        return bytes_of((const char *)sqlite3_column_text(row, column));
    struct text hex;
    text_init(&hex, arena, 64);
    text_put_hex(&hex, sqlite3_column_blob(row, column), (size_t)sqlite3_column_bytes(row, column));
    return text_bytes(&hex);
}

static int step_sqlite(sqlite3_stmt *statement, const struct row_reader *reader)
{
    struct bytes cells[CELLS_MAX];
    int status;
    while ((status = sqlite3_step(statement)) == SQLITE_ROW) {
        struct arena arena;
        arena_init(&arena, SQL_CAP);
        int count = sqlite3_column_count(statement);
        for (int i = 0; i < count && i < CELLS_MAX; i++) cells[i] = sqlite_cell(&arena, statement, i);
        if (reader != NULL) reader->read(reader->data, (size_t)count, cells);
        arena_release(&arena);
    }
    return status;
}

static void query_sqlite(sqlite3 *file, const char *sql, const struct row_reader *reader)
{
    while (*sql != '\0') {
        sqlite3_stmt *statement = NULL;
        if (sqlite3_prepare_v2(file, sql, -1, &statement, &sql) != SQLITE_OK ||
            step_sqlite(statement, reader) != SQLITE_DONE)
            if (statement != NULL || sqlite3_errcode(file) != SQLITE_OK) die("sqlite: %s", sqlite3_errmsg(file));
        sqlite3_finalize(statement);
    }
}

static struct bytes postgres_cell(const PGresult *rows, int row, int column)
{
    if (PQgetisnull(rows, row, column)) return BYTES_ABSENT;
    struct bytes cell = {PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column)};
    if (!bytes_start_with(cell, BYTES("\\x"))) return cell;
    return (struct bytes){cell.at + 2, cell.len - 2};
}

static void query_postgres(PGconn *server, const char *sql, const struct row_reader *reader)
{
    struct bytes cells[CELLS_MAX];
    PGresult *rows = PQexec(server, sql);
    if (PQresultStatus(rows) != PGRES_TUPLES_OK && PQresultStatus(rows) != PGRES_COMMAND_OK)
        die("postgres: %s", PQresultErrorMessage(rows));
    for (int row = 0; reader != NULL && row < PQntuples(rows); row++) {
        for (int i = 0; i < PQnfields(rows) && i < CELLS_MAX; i++) cells[i] = postgres_cell(rows, row, i);
        reader->read(reader->data, (size_t)PQnfields(rows), cells);
    }
    PQclear(rows);
}

static void query(struct raw *raw, const char *sql, const struct row_reader *reader)
{
    if (raw->file != NULL)
        query_sqlite(raw->file, sql, reader);
    else
        query_postgres(raw->server, sql, reader);
}

struct raw *raw_open(const char *dsn)
{
    struct raw *raw = calloc(1, sizeof *raw);
    if (raw == NULL) abort();
    const char *path = strncmp(dsn, "sqlite://", 9) == 0 ? dsn + 9 : NULL;
    if (path != NULL) {
        if (sqlite3_open_v2(path, &raw->file, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
            die("%s can't be opened", path);
        sqlite3_busy_timeout(raw->file, 5000);
        query(raw, "PRAGMA synchronous=OFF", NULL);
        return raw;
    }
    raw->server = PQconnectdb(dsn);
    if (PQstatus(raw->server) != CONNECTION_OK) die("%s", PQerrorMessage(raw->server));
    return raw;
}

void raw_close(struct raw *raw)
{
    sqlite3_close(raw->file);
    PQfinish(raw->server);
    free(raw);
}

void raw_execute(struct raw *raw, const char *sql) { query(raw, sql, NULL); }

static int64_t number(struct bytes cell) { return cell.at == NULL ? 0 : strtoll(cell.at, NULL, 10); }

static void read_number(void *data, size_t count, const struct bytes *cells)
{
    if (count > 0) *(int64_t *)data = number(cells[0]);
}

int64_t raw_number(struct raw *raw, const char *sql)
{
    int64_t found = 0;
    query(raw, sql, &(struct row_reader){read_number, &found});
    return found;
}

int64_t raw_now(struct raw *raw)
{
    if (raw->file != NULL) return clock_now_ms();
    return raw_number(raw, "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint");
}

/* ---- the hot rows ---- */

#define STATE_COLUMNS                                                                                                  \
    "gen, base_gen, low_gen, rotated_at, skips, mac_kid, idle_ttl, idle_expires_at, expires_at, revoked_at, "          \
    "session_checked_at, session_expires_at, revoked_because"

static void put_id(const struct raw *raw, struct text *sql, const unsigned char id[GRANT_ID_LEN])
{
    text_put(sql, raw->file != NULL ? BYTES("x'") : BYTES("'"));
    text_put_hex(sql, id, GRANT_ID_LEN); /* Postgres reads a uuid without its dashes too */
    text_put(sql, raw->file != NULL ? BYTES("'") : BYTES("'::uuid"));
}

static void put_state(const struct raw *raw, struct text *sql, const struct raw_row *row)
{
    const struct rotation_state *s = &row->state;
    text_put_format(sql, "(%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %u, %u, ", s->gen, s->base_gen,
                    s->low_gen, s->rotated_at, s->skips, s->mac_kid);
    text_put_format(sql, "%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", ",
                    s->idle_ttl_ms, s->idle_expires_at, s->expires_at, s->revoked_at, s->session_checked_at,
                    s->session_expires_at);
    text_put_format(sql, "nullif('%s', ''), ", row->revoked_because);
    put_id(raw, sql, row->grant_id);
    text_put_char(sql, ')');
}

void raw_write(struct raw *raw, const struct raw_row *rows, size_t count)
{
    struct arena arena;
    struct text sql;
    arena_init(&arena, SQL_CAP);
    text_init(&sql, &arena, 65536);
    text_put(&sql, BYTES("WITH v(" STATE_COLUMNS ", grant_id) AS (VALUES "));
    for (size_t i = 0; i < count; i++) {
        if (i > 0) text_put_char(&sql, ',');
        put_state(raw, &sql, &rows[i]);
    }
    text_put(&sql, BYTES(") UPDATE grant_state SET (" STATE_COLUMNS
                         ") = (v.gen, v.base_gen, v.low_gen, v.rotated_at, v.skips,"
                         " v.mac_kid, v.idle_ttl, v.idle_expires_at, v.expires_at, v.revoked_at, v.session_checked_at,"
                         " v.session_expires_at, v.revoked_because) FROM v WHERE grant_state.grant_id = v.grant_id"));
    query(raw, text_bytes(&sql).at, NULL);
    arena_release(&arena);
}

struct row_finder {
    struct raw_row *rows;
    size_t count, found;
};

static void read_state(struct raw_row *row, const struct bytes *cells)
{
    memset(&row->state, 0, sizeof row->state);
    row->state = (struct rotation_state){
        .gen = number(cells[0]),
        .base_gen = number(cells[1]),
        .low_gen = number(cells[2]),
        .rotated_at = number(cells[3]),
        .skips = (uint32_t)number(cells[4]),
        .mac_kid = (uint8_t)number(cells[5]),
        .idle_ttl_ms = number(cells[6]),
        .idle_expires_at = number(cells[7]),
        .expires_at = number(cells[8]),
        .revoked_at = number(cells[9]),
        .session_checked_at = number(cells[10]),
        .session_expires_at = number(cells[11]),
    };
    snprintf(row->revoked_because, sizeof row->revoked_because, "%.*s", BYTES_PRINT(cells[12]));
}

static void take_row(void *data, size_t count, const struct bytes *cells)
{
    struct row_finder *finder = data;
    char hex[33];
    (void)count;
    for (size_t i = 0; i < finder->count; i++) {
        struct raw_row *row = &finder->rows[i];
        for (size_t j = 0; j < GRANT_ID_LEN; j++) snprintf(hex + 2 * j, 3, "%02x", row->grant_id[j]);
        if (memcmp(hex, cells[13].at, 32) != 0) continue;
        read_state(row, cells);
        finder->found++;
        return;
    }
}

size_t raw_read(struct raw *raw, struct raw_row *rows, size_t count)
{
    struct row_finder finder = {rows, count, 0};
    struct arena arena;
    struct text sql;
    arena_init(&arena, SQL_CAP);
    text_init(&sql, &arena, 4096);
    text_put(&sql, BYTES("SELECT " STATE_COLUMNS ", "));
    text_put(&sql, raw->file != NULL ? BYTES("grant_id") : BYTES("replace(grant_id::text, '-', '')"));
    text_put(&sql, BYTES(" FROM grant_state WHERE grant_id IN ("));
    for (size_t i = 0; i < count; i++) {
        if (i > 0) text_put(&sql, BYTES(", "));
        put_id(raw, &sql, rows[i].grant_id);
    }
    text_put(&sql, BYTES(")"));
    query(raw, text_bytes(&sql).at, &(struct row_reader){take_row, &finder});
    arena_release(&arena);
    return finder.found;
}

/* ---- the dump ---- */

struct table_list {
    char names[CELLS_MAX][64];
    size_t count;
};

static void take_table(void *data, size_t count, const struct bytes *cells)
{
    struct table_list *list = data;
    if (count != 1 || list->count == CELLS_MAX) die("too many tables");
    snprintf(list->names[list->count++], sizeof list->names[0], "%.*s", BYTES_PRINT(cells[0]));
}

static void dump_row(void *data, size_t count, const struct bytes *cells)
{
    struct text *text = data;
    for (size_t i = 0; i < count; i++) {
        text_put(text, cells[i]);
        text_put_char(text, '\n');
    }
}

void raw_dump(struct raw *raw, struct text *text)
{
    struct table_list tables = {.count = 0};
    query(raw,
          raw->file != NULL ? "SELECT name FROM sqlite_master WHERE type = 'table'"
                            : "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
                              "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
          &(struct row_reader){take_table, &tables});
    for (size_t i = 0; i < tables.count; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT * FROM %s", tables.names[i]);
        query(raw, sql, &(struct row_reader){dump_row, text});
    }
}
