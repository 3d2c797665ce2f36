/* statements: every statement that the verbs run, by name; times are milliseconds, 0 stands for "none" as in
 * storage/storage.h. Rule: parameters are put in the order of their numbers, columns taken in the order of the SELECT
 * (database.h). A grant is live while it is neither revoked nor past one of its two ends. */
#ifndef STORAGE_SQLITE_STATEMENTS_H
#define STORAGE_SQLITE_STATEMENTS_H

#define REVOKE_LIVE(which)                                                                                             \
    "UPDATE grant_state SET revoked_at = ?1, revoked_because = ?2"                                                     \
    " WHERE " which " AND revoked_at = 0 AND idle_expires_at > ?1 AND expires_at > ?1"

/* in the order of rowid, in which an index keeps the rows of one name; a session has few */
#define LIST_GRANTS(which)                                                                                             \
    "SELECT grants.rowid, grant_id, client_id, subject, kratos_session_id, identity_id, scope, audience, acr, amr,"    \
    " auth_time, created_at, rotated_at, session_checked_at, session_expires_at, idle_expires_at, expires_at,"         \
    " revoked_at, revoked_because FROM grants JOIN grant_state USING (grant_id)"                                       \
    " WHERE " which " = ?1 AND grants.rowid > ?2 ORDER BY grants.rowid LIMIT ?3"

#define STATEMENTS(STATEMENT)                                                                                          \
    STATEMENT(BEGIN, "BEGIN IMMEDIATE")                                                                                \
    STATEMENT(COMMIT, "COMMIT")                                                                                        \
    STATEMENT(BEGIN_VERB, "SAVEPOINT verb")                                                                            \
    STATEMENT(END_VERB, "RELEASE verb")                                                                                \
    STATEMENT(UNDO_VERB, "ROLLBACK TO verb")                                                                           \
    STATEMENT(PULSE, "SELECT count(*) FROM schema_migrations")                                                         \
                                                                                                                       \
    STATEMENT(FIND_CLIENT, "SELECT client_id, record, secret_hash, created_at FROM clients WHERE client_id = ?1")      \
    STATEMENT(LIST_CLIENTS, "SELECT client_id, record, secret_hash, created_at FROM clients"                           \
                            " WHERE client_id > ?1 ORDER BY client_id LIMIT ?2")                                       \
    STATEMENT(ADD_CLIENT, "INSERT INTO clients (client_id, record, secret_hash, created_at)"                           \
                          " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")                                           \
    STATEMENT(DELETE_CLIENT, "DELETE FROM clients WHERE client_id = ?1")                                               \
                                                                                                                       \
    STATEMENT(ADD_ORIGINS, "INSERT INTO client_origins (client_id, origin) SELECT DISTINCT ?1, value"                  \
                           " FROM json_each(CASE WHEN json_valid(?2) THEN ?2 ELSE '{}' END, '$.allowed_cors_origins')" \
                           " WHERE type = 'text'")                                                                     \
    STATEMENT(DELETE_ORIGINS, "DELETE FROM client_origins WHERE client_id = ?1")                                       \
    STATEMENT(FIND_ORIGIN, "SELECT EXISTS (SELECT 1 FROM client_origins WHERE origin = ?1)")                           \
                                                                                                                       \
    STATEMENT(FIND_ENDING, "SELECT EXISTS (SELECT 1 FROM endings WHERE kind = 'session' AND name = ?2 AND at >= ?1)"   \
                           " OR EXISTS (SELECT 1 FROM endings WHERE kind = 'subject' AND name = ?3 AND at >= ?1)"      \
                           " OR EXISTS (SELECT 1 FROM endings WHERE kind = 'client' AND name = ?4 AND at >= ?1)")      \
    STATEMENT(ADD_ENDING, "INSERT INTO endings (kind, name, at) VALUES (?1, ?2, ?3)"                                   \
                          " ON CONFLICT (kind, name) DO UPDATE SET at = max(at, excluded.at)")                         \
    STATEMENT(ADD_GRANT, "INSERT INTO grants (grant_id, client_id, subject, kratos_session_id, identity_id, scope,"    \
                         " audience, claims, acr, amr, auth_time, created_at)"                                         \
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")                                \
    STATEMENT(ADD_GRANT_STATE, "INSERT INTO grant_state (grant_id, secret_hash, mac_kid, rotated_at, idle_ttl,"        \
                               " idle_expires_at, expires_at, session_checked_at, session_expires_at)"                 \
                               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")                                         \
    STATEMENT(REVOKE_OLDEST, REVOKE_LIVE("grant_id IN (SELECT grant_id FROM grants JOIN grant_state USING (grant_id)"  \
                                         " WHERE kratos_session_id = ?3 AND client_id = ?4 AND revoked_at = 0"         \
                                         " AND idle_expires_at > ?1 AND expires_at > ?1"                               \
                                         " ORDER BY grants.rowid DESC LIMIT -1 OFFSET ?5)"))                           \
                                                                                                                       \
    STATEMENT(READ_GRANT, "SELECT secret_hash, gen, base_gen, low_gen, rotated_at, skips, mac_kid, idle_ttl,"          \
                          " idle_expires_at, expires_at, revoked_at, session_checked_at, session_expires_at,"          \
                          " revoked_because, client_id, subject, kratos_session_id, identity_id, scope, audience,"     \
                          " claims, acr, amr, auth_time, created_at"                                                   \
                          " FROM grant_state JOIN grants USING (grant_id) WHERE grant_id = ?1")                        \
    STATEMENT(WRITE_STATE, "UPDATE grant_state SET gen = ?2, base_gen = ?3, low_gen = ?4, rotated_at = ?5,"            \
                           " skips = ?6, mac_kid = ?7, idle_expires_at = ?8, revoked_at = ?9,"                         \
                           " session_checked_at = ?10, session_expires_at = ?11, revoked_because = ?12"                \
                           " WHERE grant_id = ?1")                                                                     \
    STATEMENT(WRITE_CLAIMS, "UPDATE grants SET claims = ?2 WHERE grant_id = ?1")                                       \
                                                                                                                       \
    STATEMENT(REVOKE_GRANT, REVOKE_LIVE("grant_id = ?3 AND (?4 IS NULL OR secret_hash = ?4) AND (?5 IS NULL OR EXISTS" \
                                        " (SELECT 1 FROM grants WHERE grant_id = ?3 AND client_id = ?5))"))            \
    STATEMENT(REVOKE_SESSION, REVOKE_LIVE("grant_id IN (SELECT grant_id FROM grants WHERE kratos_session_id = ?3)"))   \
    STATEMENT(REVOKE_SUBJECT, REVOKE_LIVE("grant_id IN (SELECT grant_id FROM grants WHERE identity_id = ?3)"))         \
    STATEMENT(REVOKE_CLIENT, REVOKE_LIVE("grant_id IN (SELECT grant_id FROM grants WHERE client_id = ?3)"))            \
                                                                                                                       \
    STATEMENT(LIST_GRANTS_OF_SESSION, LIST_GRANTS("kratos_session_id"))                                                \
    STATEMENT(LIST_GRANTS_OF_SUBJECT, LIST_GRANTS("identity_id"))                                                      \
    STATEMENT(LIST_GRANTS_OF_CLIENT, LIST_GRANTS("client_id"))                                                         \
    STATEMENT(LIST_ENDINGS, "SELECT kind, name, at FROM endings WHERE at >= ?1 AND (at, kind, name) > (?2, ?3, ?4)"    \
                            " ORDER BY at, kind, name LIMIT ?5")                                                       \
                                                                                                                       \
    STATEMENT(COUNT_KEYS, "SELECT count(*) FROM signing_keys")                                                         \
    STATEMENT(LIST_KEYS, "SELECT kid, algorithm, epoch, created_at, activate_at, retire_at, remove_at, wanted_at,"     \
                         " public_jwk, sealed_private FROM signing_keys ORDER BY algorithm, epoch")                    \
    STATEMENT(FIND_KEY_PLACE, "SELECT EXISTS (SELECT 1 FROM signing_keys"                                              \
                              " WHERE kid = ?1 OR (algorithm = ?2 AND epoch = ?3))")                                   \
    STATEMENT(FIND_KEY_AS_READ, "SELECT EXISTS (SELECT 1 FROM signing_keys WHERE kid = ?1 AND activate_at = ?2"        \
                                " AND retire_at = ?3 AND remove_at = ?4 AND wanted_at = ?5 AND sealed_private IS ?6)") \
    STATEMENT(ADD_KEY, "INSERT INTO signing_keys (kid, algorithm, epoch, created_at, activate_at, retire_at,"          \
                       " remove_at, wanted_at, public_jwk, sealed_private)"                                            \
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")                                            \
    STATEMENT(UPDATE_KEY, "UPDATE signing_keys SET activate_at = ?2, retire_at = ?3, remove_at = ?4, wanted_at = ?5,"  \
                          " sealed_private = ?6 WHERE kid = ?1")                                                       \
    STATEMENT(DELETE_KEY, "DELETE FROM signing_keys WHERE kid = ?1")                                                   \
                                                                                                                       \
    STATEMENT(WALK_GRANTS, "SELECT grant_id, idle_expires_at <= ?1 OR expires_at <= ?1"                                \
                           " OR (revoked_at <> 0 AND revoked_at <= ?1)"                                                \
                           " FROM grant_state WHERE grant_id > ?2 ORDER BY grant_id LIMIT ?3")                         \
    STATEMENT(REMOVE_GRANT, "DELETE FROM grants WHERE grant_id = ?1")                                                  \
    STATEMENT(REMOVE_GRANT_STATE, "DELETE FROM grant_state WHERE grant_id = ?1")                                       \
    STATEMENT(REMOVE_ENDINGS, "DELETE FROM endings WHERE (kind, name) IN"                                              \
                              " (SELECT kind, name FROM endings WHERE at <= ?1 LIMIT ?2)")

#endif
