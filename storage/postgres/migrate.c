#include "storage/postgres/migrate.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "storage/postgres/migrations.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/trouble.h"

#define WHERE "storage: schema"

enum {
    VERSIONS_AHEAD_MAX = 1, /* the binary before works with the schema after */
    VERSION_UNKNOWN = -1,
    CONNECT_MS = 5000,
};

/* Any number that no one else takes: two migrations at once wait for each other. */
#define LOCK "SELECT pg_advisory_xact_lock(5296134098220817)"
#define VERSIONS                                                                                                       \
    "CREATE TABLE IF NOT EXISTS schema_migrations (version integer PRIMARY KEY, applied_at bigint NOT NULL)"
#define NOTE "INSERT INTO schema_migrations VALUES (%d, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)"

static void ignore(void *data, const PGresult *notice)
{
    (void)data;
    (void)notice;
}

/* FAULT_INPUT: the server says no, and will say so again; libpq's words name no password, our own statements no values
 */
static bool fail(struct fault *fault, const char *sqlstate, const char *words)
{
    bool refused = sqlstate != NULL && trouble_is_refusal(sqlstate);
    return fault_set(fault, refused ? FAULT_INPUT : FAULT_AWAY, WHERE, "%.*s", (int)strcspn(words, "\n"), words);
}

/* ---- connecting ---- */

static void await_connection(PGconn *pg)
{
    int64_t until_ms = clock_steady_ms() + CONNECT_MS;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
        struct pollfd socket = {.fd = PQsocket(pg), .events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        int64_t left_ms = until_ms - clock_steady_ms();
        if (left_ms <= 0) return;
        int ready = poll(&socket, 1, (int)left_ms);
        if (ready < 0 && errno != EINTR) return;
        if (ready > 0) next = PQconnectPoll(pg);
    }
}

/* Step by step, since what a refusal's SQLSTATE is libpq says only in verbose words, which it must be asked for before
 * it connects. */
static PGconn *connect_to(const struct dsn *dsn, const struct endpoint *endpoint)
{
    struct dsn_words words;
    dsn_write_words(dsn, endpoint, &words);
    PGconn *pg = PQconnectStartParams(words.keywords, words.values, 0);
    PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
    if (PQstatus(pg) != CONNECTION_BAD) await_connection(pg);
    PQsetErrorVerbosity(pg, PQERRORS_DEFAULT);
    return pg;
}

/* "FATAL:  28P01: password authentication failed": the last one, of the last try; the words may be in any language */
static void find_sqlstate(const char *words, char sqlstate[6])
{
    sqlstate[0] = '\0';
    for (const char *at = words; (at = strstr(at, ":  ")) != NULL;) {
        at += strlen(":  ");
        if (strspn(at, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && at[5] == ':') snprintf(sqlstate, 6, "%s", at);
    }
}

static bool fail_to_connect(const PGconn *pg, struct fault *fault)
{
    const char *words = PQerrorMessage(pg);
    char sqlstate[6];
    find_sqlstate(words, sqlstate);
    if (PQconnectionNeedsPassword(pg)) return fail(fault, "28P01", words);
    return fail(fault, sqlstate, words[0] == '\0' ? "the database does not answer" : words);
}

/* NULL with *fault where none of the hosts lets us in: why one refused to, or else why the last can't be reached */
static PGconn *connect_any(const struct dsn *dsn, struct fault *fault)
{
    struct endpoints endpoints;
    resolve_now(dsn, &endpoints);
    fault_set(fault, FAULT_AWAY, WHERE, "the database's name is not known");
    for (size_t i = 0; i < endpoints.count; i++) {
        PGconn *pg = connect_to(dsn, &endpoints.all[i]);
        if (PQstatus(pg) == CONNECTION_OK) {
            PQsetNoticeReceiver(pg, ignore, NULL);
            return pg;
        }
        if (fault->kind != FAULT_INPUT) fail_to_connect(pg, fault);
        PQfinish(pg);
    }
    return NULL;
}

/* ---- the schema ---- */

static bool run(PGconn *pg, const char *sql, struct fault *fault)
{
    PGresult *result = PQexec(pg, sql);
    ExecStatusType status = PQresultStatus(result);
    bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!done) fail(fault, PQresultErrorField(result, PG_DIAG_SQLSTATE), PQresultErrorMessage(result));
    PQclear(result);
    return done;
}

/* 0: nothing is there yet */
static int read_version(PGconn *pg, struct fault *fault)
{
    PGresult *result = PQexec(pg, "SELECT coalesce(max(version), 0) FROM schema_migrations");
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    int version = VERSION_UNKNOWN;
    uint64_t number;
    if (sqlstate != NULL && strcmp(sqlstate, "42P01") == 0)
        version = 0; /* undefined_table */
    else if (PQresultStatus(result) == PGRES_TUPLES_OK &&
             bytes_to_number(bytes_of(PQgetvalue(result, 0, 0)), INT32_MAX, &number))
        version = (int)number;
    else
        fail(fault, sqlstate, PQresultErrorMessage(result));
    PQclear(result);
    return version;
}

static bool write_version(PGconn *pg, int version, struct fault *fault)
{
    char sql[160];
    snprintf(sql, sizeof sql, NOTE, version);
    return run(pg, sql, fault);
}

static bool check_not_too_new(int version, struct fault *fault)
{
    if (version <= migration_count + VERSIONS_AHEAD_MAX) return true;
    return fault_set(fault, FAULT_INPUT, WHERE,
                     "the schema is at version %d, this program knows %d: use a newer program", version,
                     migration_count);
}

/* the next migration in a transaction of its own: *applied is its version, or 0 when there was none to apply */
static bool step(PGconn *pg, int *applied, struct fault *fault)
{
    *applied = 0;
    if (!run(pg, "BEGIN", fault) || !run(pg, LOCK, fault) || !run(pg, VERSIONS, fault)) return false;
    int version = read_version(pg, fault);
    if (version == VERSION_UNKNOWN || !check_not_too_new(version, fault)) return false;
    if (version >= migration_count) return run(pg, "COMMIT", fault);
    if (!run(pg, migrations[version].sql, fault) || !write_version(pg, version + 1, fault)) return false;
    *applied = version + 1;
    return run(pg, "COMMIT", fault);
}

static void report_step(void (*report)(const char *line), int version)
{
    char line[128];
    snprintf(line, sizeof line, "schema version %d: %s", version, migrations[version - 1].what);
    if (report != NULL) report(line);
}

static bool run_all(PGconn *pg, void (*report)(const char *line), struct fault *fault)
{
    int applied;
    do {
        if (!step(pg, &applied, fault)) return false;
        if (applied > 0) report_step(report, applied);
    } while (applied > 0);
    return true;
}

bool migrate_run(struct storage *storage, void (*report)(const char *line), struct fault *fault)
{
    PGconn *pg = connect_any(&((struct postgres *)storage)->dsn, fault);
    if (pg == NULL) return false;
    bool done = run_all(pg, report, fault);
    PQfinish(pg); /* what did not come to its COMMIT is undone */
    return done;
}

static enum schema_state unknown_state(const struct fault *fault)
{
    return fault->kind == FAULT_INPUT ? SCHEMA_REFUSED : SCHEMA_UNREACHABLE;
}

enum schema_state migrate_schema(struct storage *storage, struct fault *fault)
{
    PGconn *pg = connect_any(&((struct postgres *)storage)->dsn, fault);
    if (pg == NULL) return unknown_state(fault);
    int version = read_version(pg, fault);
    PQfinish(pg);
    if (version == VERSION_UNKNOWN) return unknown_state(fault);
    if (!check_not_too_new(version, fault)) return SCHEMA_TOO_NEW;
    if (version >= migration_count) return SCHEMA_CURRENT;
    fault_set(fault, FAULT_INPUT, WHERE, "the schema is at version %d, this program needs %d: run hydrant migrate",
              version, migration_count);
    return SCHEMA_BEHIND;
}
