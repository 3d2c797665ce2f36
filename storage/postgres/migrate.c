#include "storage/postgres/migrate.h"

#include <stdio.h>
#include <string.h>

#include "storage/postgres/migrations.h"
#include "storage/postgres/pool.h"

#define WHERE "storage: schema"

enum {
    VERSIONS_AHEAD_MAX = 1, /* the binary before works with the schema after */
    VERSION_UNKNOWN = -1,
    CONNECT_S = 5,
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

static PGconn *connect_to(const struct dsn *dsn, const struct endpoint *endpoint)
{
    struct dsn_words words;
    dsn_write_words(dsn, endpoint, &words);
    size_t count = 0;
    while (words.keywords[count] != NULL) count++;
    char seconds[8];
    snprintf(seconds, sizeof seconds, "%d", CONNECT_S);
    words.keywords[count] = "connect_timeout";
    words.values[count] = seconds;
    return PQconnectdbParams(words.keywords, words.values, 0);
}

/* NULL with *fault where none of the hosts lets us in; libpq's words about that name no password */
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
        const char *words = PQerrorMessage(pg);
        fault_set(fault, FAULT_AWAY, WHERE, "%.*s", (int)strcspn(words, "\n"), words);
        PQfinish(pg);
    }
    return NULL;
}

static bool run(PGconn *pg, const char *sql, struct fault *fault)
{
    PGresult *result = PQexec(pg, sql);
    ExecStatusType status = PQresultStatus(result);
    bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    const char *words = PQresultErrorMessage(result); /* about our own statements, which have no values in them */
    if (!done) fault_set(fault, FAULT_AWAY, WHERE, "%.*s", (int)strcspn(words, "\n"), words);
    PQclear(result);
    return done;
}

/* 0: nothing is there yet */
static int read_version(PGconn *pg, struct fault *fault)
{
    PGresult *result = PQexec(pg, "SELECT coalesce(max(version), 0) FROM schema_migrations");
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *words = PQresultErrorMessage(result);
    int version = VERSION_UNKNOWN;
    uint64_t number;
    if (sqlstate != NULL && strcmp(sqlstate, "42P01") == 0)
        version = 0; /* undefined_table */
    else if (PQresultStatus(result) == PGRES_TUPLES_OK &&
             bytes_to_number(bytes_of(PQgetvalue(result, 0, 0)), INT32_MAX, &number))
        version = (int)number;
    else
        fault_set(fault, FAULT_AWAY, WHERE, "%.*s", (int)strcspn(words, "\n"), words);
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

enum schema_state migrate_schema(struct storage *storage, struct fault *fault)
{
    PGconn *pg = connect_any(&((struct postgres *)storage)->dsn, fault);
    if (pg == NULL) return SCHEMA_UNREACHABLE;
    int version = read_version(pg, fault);
    PQfinish(pg);
    if (version == VERSION_UNKNOWN) return SCHEMA_UNREACHABLE;
    if (!check_not_too_new(version, fault)) return SCHEMA_TOO_NEW;
    if (version >= migration_count) return SCHEMA_CURRENT;
    fault_set(fault, FAULT_INPUT, WHERE, "the schema is at version %d, this program needs %d: run hydrant migrate",
              version, migration_count);
    return SCHEMA_BEHIND;
}
