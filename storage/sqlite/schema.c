#include "storage/sqlite/schema.h"

#include <stdio.h>

#include "base/clock.h"

/* All times are milliseconds since the epoch; 0 stands for "none", as in storage/storage.h.
 * grants is the cold row, written when a grant is made and when a look changes its claims; grant_state is the hot one,
 * written by each rotation: no index but its key. grants keeps its rowid, which says in which order the grants of a
 * session came. */
static const char *const migrations[] = {
    "CREATE TABLE clients (client_id TEXT PRIMARY KEY NOT NULL, record TEXT NOT NULL, secret_hash TEXT,"
    " created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

    /* the allowed_cors_origins of the records, for preflights, which don't name their client */
    "CREATE TABLE client_origins (origin TEXT NOT NULL, client_id TEXT NOT NULL,"
    " PRIMARY KEY (origin, client_id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX client_origins_by_client ON client_origins (client_id);"

    "CREATE TABLE grants (grant_id BLOB NOT NULL UNIQUE, client_id TEXT NOT NULL, subject TEXT NOT NULL,"
    " kratos_session_id TEXT NOT NULL, identity_id TEXT NOT NULL, scope TEXT, audience TEXT, resource TEXT,"
    " claims TEXT, acr TEXT, amr TEXT, auth_time INTEGER NOT NULL, cnf TEXT, act TEXT,"
    " created_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX grants_by_session ON grants (kratos_session_id, client_id);"
    "CREATE INDEX grants_by_identity ON grants (identity_id);"
    "CREATE INDEX grants_by_client ON grants (client_id);"

    "CREATE TABLE grant_state (grant_id BLOB PRIMARY KEY NOT NULL, secret_hash BLOB NOT NULL,"
    " gen INTEGER NOT NULL DEFAULT 0, base_gen INTEGER NOT NULL DEFAULT -1, low_gen INTEGER NOT NULL DEFAULT -1,"
    " rotated_at INTEGER NOT NULL, mac_kid INTEGER NOT NULL, skips INTEGER NOT NULL DEFAULT 0,"
    " retry_hash BLOB, low_retry_hash BLOB,"
    " session_checked_at INTEGER NOT NULL, session_expires_at INTEGER NOT NULL,"
    " idle_ttl INTEGER NOT NULL, idle_expires_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
    " revoked_at INTEGER NOT NULL DEFAULT 0, revoked_because TEXT) STRICT, WITHOUT ROWID;"

    "CREATE TABLE signing_keys (kid TEXT PRIMARY KEY NOT NULL, algorithm TEXT NOT NULL, epoch INTEGER NOT NULL,"
    " created_at INTEGER NOT NULL, activate_at INTEGER NOT NULL, retire_at INTEGER NOT NULL,"
    " remove_at INTEGER NOT NULL, public_jwk TEXT NOT NULL, sealed_private BLOB,"
    " UNIQUE (algorithm, epoch)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE endings (kind TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX endings_by_at ON endings (at);",

    "ALTER TABLE signing_keys ADD COLUMN wanted_at INTEGER NOT NULL DEFAULT 0;",
};
enum { SCHEMA_VERSION = sizeof migrations / sizeof migrations[0] };

static const char make_list[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT";

/* the first column of the first row, by a statement that is used too seldom to be kept */
static bool read_number(struct database *db, const char *sql, int64_t *number, struct fault *fault)
{
    sqlite3_stmt *statement;
    int status = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    if (status == SQLITE_OK) status = sqlite3_step(statement);
    if (status == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    else
        database_fault(db->where, db->handle, status, fault);
    sqlite3_finalize(statement);
    return status == SQLITE_ROW;
}

static bool read_version(struct database *db, int64_t *version, struct fault *fault)
{
    static const char is_listed[] = "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'";
    int64_t listed;
    *version = 0;
    if (!read_number(db, is_listed, &listed, fault)) return false;
    return listed == 0 || read_number(db, "SELECT coalesce(max(version), 0) FROM schema_migrations", version, fault);
}

enum schema_state schema_find_state(struct database *db, struct fault *fault)
{
    int64_t version;
    db->where = "storage: schema";
    if (!read_version(db, &version, fault)) return SCHEMA_UNREACHABLE;
    if (version < SCHEMA_VERSION) return SCHEMA_BEHIND;
    return version <= SCHEMA_VERSION + 1 ? SCHEMA_CURRENT : SCHEMA_TOO_NEW;
}

static bool apply(struct database *db, int version, struct fault *fault)
{
    char note[96];
    snprintf(note, sizeof note, "INSERT INTO schema_migrations VALUES (%d, %lld)", version, (long long)clock_now_ms());
    if (!database_execute(db, "BEGIN IMMEDIATE", fault)) return false;
    if (database_execute(db, migrations[version - 1], fault) && database_execute(db, note, fault) &&
        database_execute(db, "COMMIT", fault))
        return true;
    database_roll_back(db);
    return false;
}

bool schema_migrate(struct database *db, void (*report)(const char *line), struct fault *fault)
{
    int64_t version;
    char line[64];
    db->where = "storage: migrate";
    if (!database_execute(db, make_list, fault) || !read_version(db, &version, fault)) return false;
    if (version > SCHEMA_VERSION + 1)
        return fault_set(fault, FAULT_INPUT, db->where,
                         "the database's schema is version %lld, this program knows %d: use a newer program",
                         (long long)version, (int)SCHEMA_VERSION);
    for (int next = (int)version + 1; next <= SCHEMA_VERSION; next++) {
        if (!apply(db, next, fault)) return false;
        snprintf(line, sizeof line, "migrated to version %d", next);
        if (report != NULL) report(line);
    }
    return true;
}
