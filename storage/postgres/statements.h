/* statements: the SQL that is asked while serving, each with its name, and what its parameters are.
 * Rule: every parameter and every column travels in binary; the types are written as letters, one for each parameter:
 * u uuid, y bytea, t text, j json, n bigint, b boolean. The columns of a result are named by the enums below. */
#ifndef STORAGE_POSTGRES_STATEMENTS_H
#define STORAGE_POSTGRES_STATEMENTS_H

#include <stdbool.h>

enum statement_id {
    STATEMENT_ROTATE_ONE,
    STATEMENT_ROTATE_MANY,
    STATEMENT_ROTATE_ONE_CLAIMS,
    STATEMENT_ROTATE_MANY_CLAIMS,
    STATEMENT_SWAP,
    STATEMENT_FIND_GRANT,
    STATEMENT_FIND_GRANTS,
    STATEMENT_STORE_GRANT,
    STATEMENT_STORE_GRANTS,
    STATEMENT_CONFIRM_GRANT,
    STATEMENT_CONFIRM_GRANTS,
    STATEMENT_WITHDRAW_GRANT,
    STATEMENT_TRIM_SESSION,
    STATEMENT_END,
    STATEMENT_REVOKE_GRANT,
    STATEMENT_REVOKE_SESSION,
    STATEMENT_REVOKE_SUBJECT,
    STATEMENT_REVOKE_CLIENT,
    STATEMENT_LIST_GRANTS_OF_SESSION,
    STATEMENT_LIST_GRANTS_OF_SUBJECT,
    STATEMENT_LIST_GRANTS_OF_CLIENT,
    STATEMENT_LIST_ENDINGS,
    STATEMENT_FIND_CLIENT,
    STATEMENT_LIST_CLIENTS,
    STATEMENT_ADD_CLIENT,
    STATEMENT_DELETE_CLIENT,
    STATEMENT_FIND_ORIGIN,
    STATEMENT_LIST_KEYS,
    STATEMENT_CHANGE_KEYS,
    STATEMENT_PULSE,
    STATEMENT_SWEEP,
};
enum { STATEMENT_COUNT = STATEMENT_SWEEP + 1 };

struct statement {
    const char *name; /* what it is prepared as */
    const char *sql;
    const char *types;
    bool arrays; /* each parameter is an array of its type */
};
const struct statement *statement_of(enum statement_id id);

/* The session's settings: one row of set_config. local: for the transaction only, where a pooler keeps no session. */
const char *statement_settings(bool local);
/* Settings of Postgres' planner, for the session: its plans shall not go by statistics that are missing (a new database
 * has none) or old. A refusal is no harm. */
const char *statement_planner_settings(void);

enum {
    REVOKE_CHUNK = 1000,                 /* grants that one transaction of a revocation ends; more take several */
    ENDING_KEPT_MS = 60 * 60 * 1000,     /* far longer than any look and its verb take together */
    GRANT_KEPT_MS = 24 * 60 * 60 * 1000, /* after its end: so long it is expired or revoked, then unknown */
    STATEMENT_TIMEOUT_MS = 3000,         /* below STORAGE_DEADLINE_MS */
    LOCK_TIMEOUT_MS = 1000,
};

/* how a grant stands, in every statement that says so: counted from where these columns begin in it (grant_row.h) */
enum grant_column {
    GRANT_GEN,
    GRANT_BASE_GEN,
    GRANT_LOW_GEN,
    GRANT_ROTATED_AT,
    GRANT_SKIPS,
    GRANT_MAC_KID,
    GRANT_IDLE_TTL,
    GRANT_IDLE_EXPIRES_AT,
    GRANT_EXPIRES_AT,
    GRANT_REVOKED_AT,
    GRANT_SESSION_CHECKED_AT,
    GRANT_SESSION_EXPIRES_AT,
    GRANT_REVOKED_BECAUSE,
    GRANT_SUBJECT,
    GRANT_KRATOS_SESSION_ID,
    GRANT_IDENTITY_ID,
    GRANT_SCOPE,
    GRANT_AUDIENCE,
    GRANT_CLAIMS,
    GRANT_ACR,
    GRANT_AMR,
    GRANT_AUTH_TIME,
    GRANT_CREATED_AT,
};
/* of every statement that may be for many: whose row it is, from 1 */
enum { COLUMN_ORDINAL };

/* STATEMENT_ROTATE_*: the rows that it rotated, as they are now, but for the claims: as they stood before.
 * STATEMENT_FIND_GRANT and STATEMENT_FIND_GRANTS: those that there are. */
enum found_column {
    FOUND_ORDINAL = COLUMN_ORDINAL,
    FOUND_NOW,
    FOUND_GRANT,                                            /* enum grant_column from here on */
    FOUND_SECRET_HASH = FOUND_GRANT + GRANT_CREATED_AT + 1, /* this and what follows of STATEMENT_FIND_* alone */
    FOUND_CLIENT_ID,
};
/* STATEMENT_CONFIRM_*: no row for a grant that isn't there */
enum confirm_column {
    CONFIRM_ORDINAL = COLUMN_ORDINAL,
    CONFIRM_NOW,
    CONFIRM_STORED_AT,
    CONFIRM_OURS,
    CONFIRM_IDLE_EXPIRES_AT,
    CONFIRM_EXPIRES_AT,
    CONFIRM_ENDED_AT,
    CONFIRM_LIVE
};
/* STATEMENT_FIND_CLIENT, STATEMENT_LIST_CLIENTS */
enum client_column { CLIENT_ID, CLIENT_RECORD, CLIENT_SECRET_HASH, CLIENT_CREATED_AT };
/* STATEMENT_REVOKE_*, STATEMENT_DELETE_CLIENT (which alone has the last) */
enum revoke_column { REVOKE_COUNT, REVOKE_LAST_ID, REVOKE_CLIENT_DELETED };
/* STATEMENT_LIST_GRANTS_OF_* */
enum listed_column {
    LISTED_NOW,
    LISTED_ID,
    LISTED_CLIENT_ID,
    LISTED_SUBJECT,
    LISTED_KRATOS_SESSION_ID,
    LISTED_IDENTITY_ID,
    LISTED_SCOPE,
    LISTED_AUDIENCE,
    LISTED_ACR,
    LISTED_AMR,
    LISTED_AUTH_TIME,
    LISTED_CREATED_AT,
    LISTED_ROTATED_AT,
    LISTED_SESSION_CHECKED_AT,
    LISTED_SESSION_EXPIRES_AT,
    LISTED_IDLE_EXPIRES_AT,
    LISTED_EXPIRES_AT,
    LISTED_REVOKED_AT,
    LISTED_REVOKED_BECAUSE,
};
/* STATEMENT_LIST_ENDINGS */
enum ending_column { ENDING_KIND, ENDING_NAME, ENDING_AT };
/* STATEMENT_CHANGE_KEYS: what its rows are about; its one column says whether all was done */
enum key_deed { KEY_IS_ADDED, KEY_IS_UPDATED, KEY_IS_DELETED };
/* STATEMENT_LIST_KEYS: one row with KEY_KID null when there is none */
enum key_column {
    KEY_NOW,
    KEY_KID,
    KEY_ALGORITHM,
    KEY_EPOCH,
    KEY_CREATED_AT,
    KEY_ACTIVATE_AT,
    KEY_RETIRE_AT,
    KEY_REMOVE_AT,
    KEY_WANTED_AT,
    KEY_PUBLIC_JWK,
    KEY_SEALED_PRIVATE,
};

#endif
