#include "storage/postgres/migrations.h"

/* grant_state: what a rotation writes, narrow, and no column that it writes has an index: so the update stays in its
 * page (HOT). grants: what stays. endings: when a session, subject or client was last ended. COLLATE "C": ids are
 * bytes, and an order by them must be the same everywhere. json, not jsonb: the texts come back as they were given. */
static const char first[] =
    "CREATE TABLE grant_state ("
    " grant_id uuid PRIMARY KEY,"
    " secret_hash bytea NOT NULL,"
    " gen bigint NOT NULL,"
    " base_gen bigint NOT NULL,"
    " low_gen bigint NOT NULL,"
    " rotated_at bigint NOT NULL,"
    " mac_kid smallint NOT NULL,"
    " skips integer NOT NULL DEFAULT 0,"
    " retry_hash bytea,"
    " low_retry_hash bytea,"
    " session_checked_at bigint NOT NULL,"
    " session_expires_at bigint NOT NULL DEFAULT 0,"
    " idle_ttl bigint NOT NULL,"
    " idle_expires_at bigint NOT NULL,"
    " expires_at bigint NOT NULL,"
    " revoked_at bigint NOT NULL DEFAULT 0,"
    " revoked_because text"
    ") WITH (fillfactor = 80);"
    "CREATE TABLE grants ("
    " grant_id uuid PRIMARY KEY,"
    " client_id text COLLATE \"C\" NOT NULL,"
    " subject text COLLATE \"C\" NOT NULL,"
    " identity_id text COLLATE \"C\","
    " kratos_session_id text COLLATE \"C\","
    " scope text,"
    " audience json,"
    " resource json,"
    " claims json,"
    " auth_time bigint NOT NULL,"
    " acr text,"
    " amr json,"
    " cnf json,"
    " act json,"
    " created_at bigint NOT NULL,"
    " created_us smallint NOT NULL DEFAULT 0," /* the microseconds within created_at: which of two is the older */
    " expires_at bigint NOT NULL" /* the grant's end, or its revocation: then, or a little later, the sweep takes it */
    ");"
    /* with grant_id: revocations walk in that order, part by part */
    "CREATE INDEX grants_kratos_session_id ON grants (kratos_session_id, grant_id);"
    "CREATE INDEX grants_identity_id ON grants (identity_id, grant_id);"
    "CREATE INDEX grants_client_id ON grants (client_id, grant_id);"
    "CREATE INDEX grants_expires_at ON grants (expires_at);"
    "CREATE TABLE clients ("
    " client_id text COLLATE \"C\" PRIMARY KEY,"
    " record json NOT NULL,"
    " secret_hash text,"
    " created_at bigint NOT NULL"
    ");"
    "CREATE TABLE client_origins (" /* allowed_cors_origins of the records: preflights don't name the client */
    " client_id text COLLATE \"C\" NOT NULL,"
    " origin text COLLATE \"C\" NOT NULL,"
    " PRIMARY KEY (client_id, origin)"
    ");"
    "CREATE INDEX client_origins_origin ON client_origins (origin);"
    "CREATE TABLE signing_keys ("
    " kid text COLLATE \"C\" PRIMARY KEY,"
    " algorithm text COLLATE \"C\" NOT NULL,"
    " epoch bigint NOT NULL,"
    " created_at bigint NOT NULL,"
    " activate_at bigint NOT NULL DEFAULT 0,"
    " retire_at bigint NOT NULL DEFAULT 0,"
    " remove_at bigint NOT NULL DEFAULT 0,"
    " public_jwk json NOT NULL,"
    " sealed_private bytea,"
    " UNIQUE (algorithm, epoch)"
    ");"
    "CREATE TABLE endings ("
    " kind text COLLATE \"C\" NOT NULL,"
    " name text COLLATE \"C\" NOT NULL,"
    " at bigint NOT NULL,"
    " PRIMARY KEY (kind, name)"
    ");"
    "CREATE INDEX endings_at ON endings (at);";

static const char key_wanted[] = "ALTER TABLE signing_keys ADD COLUMN wanted_at bigint NOT NULL DEFAULT 0;";

const struct migration migrations[] = {
    {"grants, clients, signing keys", first},
    {"when a server last had a signing key's algorithm in its settings", key_wanted},
};
const int migration_count = sizeof migrations / sizeof *migrations;
