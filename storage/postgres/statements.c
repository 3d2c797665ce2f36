#include "storage/postgres/statements.h"

#include <assert.h>

#define TEXT_OF(number) #number
#define NUMBER(number) TEXT_OF(number)

/* Every statement names its rows by one index, and must never be planned by another: what else narrows them is
 * written so that no index serves it (IS NOT DISTINCT FROM). A new database has no statistics to show which one is the
 * better. */

/* one moment for the whole statement, read when it runs (now() is the transaction's begin, which may lie before a wait)
 */
#define NOW_MS "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
#define MOMENT "t AS MATERIALIZED (SELECT " NOW_MS " AS now)"

#define LIVE_AT(now) " s.revoked_at = 0 AND s.expires_at > " now " AND s.idle_expires_at > " now
#define LIVE LIVE_AT("t.now")

/* ---- the order of locks ----
 * A transaction locks rows of grant_state in the order of grant_id, and a row of grants only while it holds the one of
 * grant_state: that one has no wait of its own. So whoever waits for a row holds none that comes after it, and no ring
 * of waits can close. SKIP LOCKED alone does not see to that: it leaves out a row that is locked, but waits where it
 * finds one updated and that newer version locked by a third. The rows of a statement are sorted in it, the statements
 * of a transaction, and what comes as arrays, by batch.c. New rows come after all others. */

/* enum grant_column: first how the grant stands, then what stays as it was */
#define STATE(s)                                                                                                       \
    s ".gen, " s ".base_gen, " s ".low_gen, " s ".rotated_at, " s ".skips, " s ".mac_kid, " s ".idle_ttl, " s          \
      ".idle_expires_at, " s ".expires_at, " s ".revoked_at, " s ".session_checked_at, " s ".session_expires_at, " s   \
      ".revoked_because"
#define COLD(g)                                                                                                        \
    g ".subject, " g ".kratos_session_id, " g ".identity_id, " g ".scope, " g ".audience, " g ".claims, " g ".acr, " g \
      ".amr, " g ".auth_time, " g ".created_at"

/* ---- one or many ----
 * b: whose rows, each one's place in the arrays, and one moment for all. To take a parameter out of its array by its
 * place costs a fraction of what unnest does for as many arrays. Rows are taken in the order of b, the outer loop: of
 * this LIMIT the planner knows neither that it leaves nobody out nor how many it lets through, and takes them for few.
 */
/* clang-format off */
#define ONE "(SELECT $1 AS grant_id, 1 AS ord, (SELECT " NOW_MS ") AS now LIMIT 1) b"
#define ITSELF(number) "$" #number
#define MANY                                                                                                           \
    "(SELECT u.grant_id, u.ord::integer, (SELECT " NOW_MS ") AS now"                                                   \
    " FROM unnest($1) WITH ORDINALITY AS u(grant_id, ord) LIMIT cardinality($1)) b"
#define AT_ITS_PLACE(number) "($" #number ")[b.ord]"

/* ---- rotation: the conditions of r1, and of a grant whose tokens never rotate, are those of storage/rotation.c ----
 * What they hold for is written and comes back; the rest is left to be looked at, and with it what anyone has locked,
 * so that nobody waits for it: a version's xmax is who has it locked or is replacing it. It stays when he is done, but
 * who wrote this version is done for sure (SWAP locks before it writes). Between this glance and the update a row may
 * still be locked: then the others wait with it, LOCK_TIMEOUT_MS at most. */
#define UNLOCKED "(s.xmax = '0'::xid OR s.xmax = s.xmin)"

#define WHAT_ROTATES(b, its)                                                                                           \
    "UPDATE grant_state s SET"                                                                                         \
    "    gen = CASE WHEN " its(7) " THEN s.gen ELSE s.gen + 1 END,"                                                    \
    "    base_gen = CASE WHEN " its(7) " THEN s.base_gen ELSE s.gen END,"                                              \
    "    low_gen = CASE WHEN " its(7) " THEN s.low_gen ELSE s.base_gen END,"                                           \
    "    rotated_at = CASE WHEN " its(7) " THEN s.rotated_at ELSE b.now END,"                                          \
    "    skips = CASE WHEN " its(7) " THEN s.skips ELSE 0 END,"                                                        \
    "    mac_kid = CASE WHEN " its(7) " THEN s.mac_kid ELSE " its(5) " END,"                                           \
    "    idle_expires_at = CASE WHEN s.idle_ttl < s.expires_at - b.now THEN b.now + s.idle_ttl ELSE s.expires_at END," \
    "    session_checked_at = CASE WHEN " its(9) " THEN b.now - " its(10) " ELSE s.session_checked_at END,"            \
    "    session_expires_at = CASE WHEN " its(9) " THEN " its(11) " ELSE s.session_expires_at END"                     \
    "  FROM " b " JOIN grants g ON g.grant_id = b.grant_id"                                                            \
    "  WHERE s.grant_id = b.grant_id AND s.secret_hash = " its(2)                                                      \
    "    AND g.client_id IS NOT DISTINCT FROM " its(3) " AND s.gen = " its(4) " AND" LIVE_AT("b.now")                  \
    "    AND (" its(7) " OR s.gen = 0 OR b.now < s.rotated_at OR b.now - s.rotated_at >= " its(6) ")"                  \
    "    AND (" its(9) " OR (b.now - s.session_checked_at <= " its(8)                                                  \
    "      AND (s.session_expires_at = 0 OR s.session_expires_at > b.now))) AND " UNLOCKED                             \
    "  RETURNING b.ord, b.now, " STATE("s") ", " COLD("g")
#define ROTATE_TYPES "uytnnnbnbnn"

/* where a look brought claims */
#define WHAT_ROTATES_AND_ITS_CLAIMS(b, its)                                                                            \
    "WITH u AS (" WHAT_ROTATES(b, its) ", s.grant_id, " its(12) " AS brought), "                                       \
    "c AS (UPDATE grants g SET claims = u.brought FROM u WHERE g.grant_id = u.grant_id"                                \
    "    AND u.brought IS NOT NULL AND g.claims::text IS DISTINCT FROM u.brought::text) "                              \
    "SELECT u.ord, u.now, " STATE("u") ", " COLD("u") " FROM u"
/* clang-format on */

/* compare and swap: $2 to $10 is all that the decision went by, $11 to $21 what it came to, $22 the claims of a look */
#define SWAP                                                                                                           \
    "WITH l AS MATERIALIZED (SELECT grant_id FROM grant_state WHERE grant_id = $1 AND gen = $2 AND base_gen = $3"      \
    "    AND low_gen = $4 AND rotated_at = $5 AND skips = $6 AND idle_expires_at = $7 AND revoked_at = $8"             \
    "    AND session_checked_at = $9 AND session_expires_at = $10 FOR NO KEY UPDATE SKIP LOCKED), "                    \
    "u AS (UPDATE grant_state s SET gen = $11, base_gen = $12, low_gen = $13, rotated_at = $14, skips = $15,"          \
    "    mac_kid = $16, idle_expires_at = $17, revoked_at = $18, revoked_because = $19, session_checked_at = $20,"     \
    "    session_expires_at = $21 FROM l WHERE s.grant_id = l.grant_id RETURNING s.grant_id), "                        \
    "c AS (UPDATE grants g SET claims = coalesce($22, g.claims),"                                                      \
    "    expires_at = CASE WHEN $18 = 0 THEN g.expires_at ELSE least(g.expires_at, $18) END FROM u"                    \
    "  WHERE g.grant_id = u.grant_id AND ($18 <> 0 OR $22 IS NOT NULL AND g.claims::text IS DISTINCT FROM "            \
    "$22::text)) "                                                                                                     \
    "SELECT grant_id FROM u"

/* ---- looking at a grant ---- */

#define FIND_GRANTS(b)                                                                                                 \
    "SELECT b.ord, b.now, " STATE("s") ", " COLD(                                                                      \
        "g") ", s.secret_hash, g.client_id"                                                                            \
             "  FROM " b " JOIN grant_state s ON s.grant_id = b.grant_id JOIN grants g ON g.grant_id = b.grant_id"

/* ---- storing a grant: revoke.c says how it and a revocation at the same time never miss each other ---- */

/* there already: stored by ourselves over a connection that was lost before it could say so */
/* clang-format off */
#define STORE_GRANTS(b, its)                                                                                           \
    "WITH m AS MATERIALIZED (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us), "           \
    "t AS MATERIALIZED (SELECT us / 1000 AS now, us % 1000 AS rest_us FROM m), "                                       \
    "c AS (INSERT INTO grants (grant_id, client_id, subject, kratos_session_id, identity_id, scope, audience, claims," \
    "    acr, amr, auth_time, created_at, created_us, expires_at)"                                                     \
    "  SELECT b.grant_id, " its(2) ", " its(3) ", " its(4) ", " its(5) ", " its(6) ", " its(7) ", " its(8) ", "        \
    its(9) ", " its(10) ", " its(11) ", t.now, t.rest_us, t.now + " its(12) " FROM t CROSS JOIN " b                    \
    "  ON CONFLICT (grant_id) DO NOTHING) "                                                                            \
    "INSERT INTO grant_state (grant_id, secret_hash, gen, base_gen, low_gen, rotated_at, mac_kid, skips,"              \
    "    session_checked_at, session_expires_at, idle_ttl, idle_expires_at, expires_at, revoked_at)"                   \
    "  SELECT b.grant_id, " its(13) ", 0, -1, -1, t.now, " its(14) ", 0, t.now - " its(15) ", " its(16) ", " its(17)   \
    ",   CASE WHEN " its(17) " < " its(12) " THEN t.now + " its(17) " ELSE t.now + " its(12) " END,"                   \
    "    t.now + " its(12) ", 0 FROM t CROSS JOIN " b                                                                  \
    "  ON CONFLICT (grant_id) DO NOTHING"

#define STORE_TYPES "utttttjjtjnnynnnn"

#define LIVE_OF_SESSION(session, client, now)                                                                          \
    " FROM grants g JOIN grant_state s ON s.grant_id = g.grant_id"                                                     \
    " WHERE g.kratos_session_id = " session " AND g.client_id IS NOT DISTINCT FROM " client " AND" LIVE_AT(now)

#define CONFIRM_GRANTS(b, its)                                                                                         \
    "SELECT b.ord, b.now, a.rotated_at, a.secret_hash = " its(2) ", a.idle_expires_at, a.expires_at, greatest("        \
    "    (SELECT at FROM endings WHERE kind = 'session' AND name = " its(3) "),"                                       \
    "    (SELECT at FROM endings WHERE kind = 'subject' AND name = " its(4) "),"                                       \
    "    (SELECT at FROM endings WHERE kind = 'client' AND name = " its(5) ")),"                                       \
    "  (SELECT count(*)" LIVE_OF_SESSION(its(3), its(5), "b.now") ")"                                                  \
    " FROM " b " JOIN grant_state a ON a.grant_id = b.grant_id"
#define CONFIRM_TYPES "uyttt"
/* clang-format on */

/* from h: a part that nothing reads runs last, and grants would be locked first */
#define WITHDRAW_GRANT                                                                                                 \
    "WITH h AS (DELETE FROM grant_state WHERE grant_id = $1 RETURNING grant_id)"                                       \
    " DELETE FROM grants g USING h WHERE g.grant_id = h.grant_id"

/* ---- revoking: rows are locked before any is written ---- */

/* e: what is revoked may be swept a day from now, and needs not wait for its own end */
#define REVOKE_LOCKED(because)                                                                                         \
    "u AS (UPDATE grant_state s SET revoked_at = t.now, revoked_because = " because                                    \
    " FROM l CROSS JOIN t WHERE s.grant_id = l.grant_id RETURNING s.grant_id), "                                       \
    "e AS (UPDATE grants g SET expires_at = least(g.expires_at, t.now) FROM l CROSS JOIN t"                            \
    " WHERE g.grant_id = l.grant_id)"

#define LOCK_WHERE(condition)                                                                                          \
    "l AS MATERIALIZED (SELECT s.grant_id FROM grants g JOIN grant_state s ON s.grant_id = g.grant_id CROSS JOIN t"    \
    "  WHERE " condition " AND" LIVE " ORDER BY g.grant_id LIMIT " NUMBER(1000) " FOR NO KEY UPDATE OF s)"
#define OF_NAME(column) column " = $1 AND g.grant_id > $3"

#define REVOKED_COLUMNS "SELECT (SELECT count(*) FROM u), (SELECT grant_id FROM l ORDER BY grant_id DESC LIMIT 1)"
#define REVOKE_WHERE(condition) "WITH " MOMENT ", " LOCK_WHERE(condition) ", " REVOKE_LOCKED("$2") " " REVOKED_COLUMNS

#define REVOKE_GRANT                                                                                                   \
    REVOKE_WHERE("g.grant_id = $1 AND ($3 IS NULL OR s.secret_hash = $3) AND ($4 IS NULL OR g.client_id = $4)")

/* Never $1 itself, else two that are stored at once could each end the other; where the clock went back it is not the
 * newest, and stays all the same. */
/* clang-format off */
#define TRIM_SESSION                                                                                                   \
    "WITH " MOMENT ", "                                                                                                \
    "old AS MATERIALIZED (SELECT g.grant_id" LIVE_OF_SESSION("$3", "$5", "(SELECT now FROM t)")                        \
    "    ORDER BY g.created_at DESC, g.created_us DESC, g.grant_id OFFSET $4), "                                       \
    "l AS MATERIALIZED (SELECT s.grant_id FROM old JOIN grant_state s ON s.grant_id = old.grant_id"                    \
    "    WHERE s.revoked_at = 0 AND s.grant_id <> $1 ORDER BY s.grant_id FOR NO KEY UPDATE OF s), "                    \
    REVOKE_LOCKED("$2") " SELECT count(*) FROM u"
/* clang-format on */

/* a page of them, in the order of the index that names them */
#define LIST_GRANTS_OF(column)                                                                                         \
    "WITH " MOMENT " SELECT t.now, g.grant_id, g.client_id, g.subject, g.kratos_session_id, g.identity_id, g.scope,"   \
    "  g.audience, g.acr, g.amr, g.auth_time, g.created_at, s.rotated_at, s.session_checked_at, s.session_expires_at," \
    "  s.idle_expires_at, s.expires_at, s.revoked_at, s.revoked_because"                                               \
    " FROM t CROSS JOIN grants g JOIN grant_state s ON s.grant_id = g.grant_id"                                        \
    " WHERE " column " = $1 AND g.grant_id > $2 ORDER BY g.grant_id LIMIT $3"

#define LIST_ENDINGS                                                                                                   \
    "WITH " MOMENT " SELECT kind, name, at FROM endings"                                                               \
    " WHERE at >= (SELECT now FROM t) - $1 AND (at, kind, name) > ($2, $3, $4) ORDER BY at, kind, name LIMIT $5"

#define END                                                                                                            \
    "WITH " MOMENT " INSERT INTO endings (kind, name, at) SELECT $1, $2, t.now FROM t"                                 \
    " ON CONFLICT (kind, name) DO UPDATE SET at = greatest(endings.at, excluded.at)"

/* the client goes with the last of its grants */
#define DELETE_CLIENT                                                                                                  \
    "WITH " MOMENT ", " LOCK_WHERE(OF_NAME("g.client_id")) ", " REVOKE_LOCKED(                                         \
        "$2") ", "                                                                                                     \
              "n AS MATERIALIZED (SELECT count(*) AS count FROM u), "                                                  \
              "o AS (DELETE FROM client_origins USING n WHERE client_id = $1 AND n.count < " NUMBER(                   \
                  1000) "), "                                                                                          \
                        "d AS (DELETE FROM clients USING n WHERE client_id = $1 AND n.count < " NUMBER(                \
                            1000) " RETURNING client_id) " REVOKED_COLUMNS ", (SELECT count(*) FROM d)"

/* ---- clients, keys, the house ---- */

#define CLIENT_COLUMNS "client_id, record, secret_hash, created_at FROM clients"
#define ADD_CLIENT                                                                                                     \
    "WITH " MOMENT ", "                                                                                                \
    "a AS (INSERT INTO clients (client_id, record, secret_hash, created_at)"                                           \
    "  SELECT $1, $2, $3, CASE WHEN $4 = 0 THEN t.now ELSE $4 END FROM t"                                              \
    "  ON CONFLICT (client_id) DO NOTHING RETURNING client_id, created_at), "                                          \
    "o AS (INSERT INTO client_origins (client_id, origin) SELECT DISTINCT a.client_id, each.origin"                    \
    "  FROM a CROSS JOIN LATERAL json_array_elements_text($5) AS each(origin)) "                                       \
    "SELECT created_at FROM a"
#define FIND_ORIGIN "SELECT EXISTS (SELECT 1 FROM client_origins WHERE origin = $1)"

#define KEY_TIMES "activate_at, retire_at, remove_at, wanted_at"
#define KEY_COLUMNS "kid, algorithm, epoch, created_at, " KEY_TIMES ", public_jwk, sealed_private"
#define LIST_KEYS                                                                                                      \
    "WITH " MOMENT " SELECT t.now, " KEY_COLUMNS " FROM t LEFT JOIN signing_keys ON true ORDER BY algorithm, epoch"

/* All or nothing. d: the rows; l: those that are still as they were read, locked; then, where it may be, what each is
 * about. A key of the same epoch that another adds at this very moment is not seen here, but by the unique index, which
 * fails the whole (keys.c). */
#define CHANGE_KEYS                                                                                                    \
    "WITH d AS MATERIALIZED (SELECT * FROM"                                                                            \
    "    unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"                                \
    "    AS d(deed, " KEY_COLUMNS ", was_activate_at, was_retire_at, was_remove_at, was_wanted_at, was_sealed)), "     \
    "l AS MATERIALIZED (SELECT k.kid FROM d JOIN signing_keys k ON k.kid = d.kid WHERE d.deed <> 0"                    \
    "    AND k.activate_at = d.was_activate_at AND k.retire_at = d.was_retire_at AND k.remove_at = d.was_remove_at"    \
    "    AND k.wanted_at = d.was_wanted_at AND k.sealed_private IS NOT DISTINCT FROM d.was_sealed"                     \
    "    ORDER BY k.kid FOR UPDATE OF k), "                                                                            \
    "o AS MATERIALIZED (SELECT (SELECT count(*) FROM l) = (SELECT count(*) FROM d WHERE deed <> 0)"                    \
    "    AND NOT EXISTS (SELECT 1 FROM d JOIN signing_keys k ON k.kid = d.kid WHERE d.deed = 0)"                       \
    "    AND NOT EXISTS (SELECT 1 FROM d JOIN signing_keys k ON k.algorithm = d.algorithm AND k.epoch = d.epoch"       \
    "      WHERE d.deed = 0) AS may), "                                                                                \
    "x AS (DELETE FROM signing_keys k USING d, o WHERE o.may AND d.deed = 2 AND k.kid = d.kid), "                      \
    "u AS (UPDATE signing_keys k SET (" KEY_TIMES ", sealed_private)"                                                  \
    "    = (d.activate_at, d.retire_at, d.remove_at, d.wanted_at, d.sealed_private)"                                   \
    "  FROM d, o WHERE o.may AND d.deed = 1 AND k.kid = d.kid), "                                                      \
    "a AS (INSERT INTO signing_keys (" KEY_COLUMNS ")"                                                                 \
    "  SELECT d.kid, d.algorithm, d.epoch, d.created_at, d.activate_at, d.retire_at, d.remove_at, d.wanted_at,"        \
    "    d.public_jwk, d.sealed_private FROM d, o WHERE o.may AND d.deed = 0) "                                        \
    "SELECT may FROM o"
static_assert(KEY_IS_ADDED == 0 && KEY_IS_UPDATED == 1 && KEY_IS_DELETED == 2, "the statement has the numbers as text");

/* what is locked is in use: next time */
#define SWEEP                                                                                                          \
    "WITH " MOMENT ", "                                                                                                \
    "old AS MATERIALIZED (SELECT g.grant_id FROM grants g WHERE g.expires_at <= (SELECT now FROM t) - $3"              \
    "    ORDER BY g.expires_at LIMIT $1), "                                                                            \
    "l AS MATERIALIZED (SELECT s.grant_id FROM old JOIN grant_state s ON s.grant_id = old.grant_id"                    \
    "    ORDER BY s.grant_id FOR UPDATE OF s SKIP LOCKED), "                                                           \
    "h AS (DELETE FROM grant_state s USING l WHERE s.grant_id = l.grant_id), "                                         \
    "c AS (DELETE FROM grants g USING l WHERE g.grant_id = l.grant_id RETURNING g.grant_id), "                         \
    "past AS MATERIALIZED (SELECT kind, name FROM endings WHERE at < (SELECT now FROM t) - $2"                         \
    "    ORDER BY at, kind, name LIMIT $1 FOR UPDATE OF endings SKIP LOCKED), "                                        \
    "e AS (DELETE FROM endings x USING past WHERE x.kind = past.kind AND x.name = past.name RETURNING x.name) "        \
    "SELECT greatest((SELECT count(*) FROM c), (SELECT count(*) FROM e))"

static_assert(REVOKE_CHUNK == 1000, "the statements above have the number as text");

static const struct statement statements[] = {
    [STATEMENT_ROTATE_ONE] = {"rotate_one", WHAT_ROTATES(ONE, ITSELF), ROTATE_TYPES, false},
    [STATEMENT_ROTATE_MANY] = {"rotate_many", WHAT_ROTATES(MANY, AT_ITS_PLACE), ROTATE_TYPES, true},
    [STATEMENT_ROTATE_ONE_CLAIMS] = {"rotate_one_claims", WHAT_ROTATES_AND_ITS_CLAIMS(ONE, ITSELF), ROTATE_TYPES "j",
                                     false},
    [STATEMENT_ROTATE_MANY_CLAIMS] = {"rotate_many_claims", WHAT_ROTATES_AND_ITS_CLAIMS(MANY, AT_ITS_PLACE),
                                      ROTATE_TYPES "j", true},
    [STATEMENT_SWAP] = {"swap", SWAP, "unnnnnnnnnnnnnnnnntnnj", false},
    [STATEMENT_FIND_GRANT] = {"find_grant", FIND_GRANTS(ONE), "u", false},
    [STATEMENT_FIND_GRANTS] = {"find_grants", FIND_GRANTS(MANY), "u", true},
    [STATEMENT_STORE_GRANT] = {"store_grant", STORE_GRANTS(ONE, ITSELF), STORE_TYPES, false},
    [STATEMENT_STORE_GRANTS] = {"store_grants", STORE_GRANTS(MANY, AT_ITS_PLACE), STORE_TYPES, true},
    [STATEMENT_CONFIRM_GRANT] = {"confirm_grant", CONFIRM_GRANTS(ONE, ITSELF), CONFIRM_TYPES, false},
    [STATEMENT_CONFIRM_GRANTS] = {"confirm_grants", CONFIRM_GRANTS(MANY, AT_ITS_PLACE), CONFIRM_TYPES, true},
    [STATEMENT_WITHDRAW_GRANT] = {"withdraw_grant", WITHDRAW_GRANT, "u", false},
    [STATEMENT_TRIM_SESSION] = {"trim_session", TRIM_SESSION, "uttnt", false},
    [STATEMENT_END] = {"end", END, "tt", false},
    [STATEMENT_REVOKE_GRANT] = {"revoke_grant", REVOKE_GRANT, "utyt", false},
    [STATEMENT_REVOKE_SESSION] = {"revoke_session", REVOKE_WHERE(OF_NAME("g.kratos_session_id")), "ttu", false},
    [STATEMENT_REVOKE_SUBJECT] = {"revoke_subject", REVOKE_WHERE(OF_NAME("g.identity_id")), "ttu", false},
    [STATEMENT_REVOKE_CLIENT] = {"revoke_client", REVOKE_WHERE(OF_NAME("g.client_id")), "ttu", false},
    [STATEMENT_LIST_GRANTS_OF_SESSION] = {"list_grants_of_session", LIST_GRANTS_OF("g.kratos_session_id"), "tun",
                                          false},
    [STATEMENT_LIST_GRANTS_OF_SUBJECT] = {"list_grants_of_subject", LIST_GRANTS_OF("g.identity_id"), "tun", false},
    [STATEMENT_LIST_GRANTS_OF_CLIENT] = {"list_grants_of_client", LIST_GRANTS_OF("g.client_id"), "tun", false},
    [STATEMENT_LIST_ENDINGS] = {"list_endings", LIST_ENDINGS, "nnttn", false},
    [STATEMENT_FIND_CLIENT] = {"find_client", "SELECT " CLIENT_COLUMNS " WHERE client_id = $1", "t", false},
    [STATEMENT_LIST_CLIENTS] = {"list_clients",
                                "SELECT " CLIENT_COLUMNS " WHERE client_id > $1 ORDER BY client_id LIMIT $2", "tn",
                                false},
    [STATEMENT_ADD_CLIENT] = {"add_client", ADD_CLIENT, "tjtnj", false},
    [STATEMENT_DELETE_CLIENT] = {"delete_client", DELETE_CLIENT, "ttu", false},
    [STATEMENT_FIND_ORIGIN] = {"find_origin", FIND_ORIGIN, "t", false},
    [STATEMENT_LIST_KEYS] = {"list_keys", LIST_KEYS, "", false},
    [STATEMENT_CHANGE_KEYS] = {"change_keys", CHANGE_KEYS, "nttnnnnnnjynnnny", true},
    [STATEMENT_PULSE] = {"pulse", "WITH " MOMENT " SELECT now FROM t", "", false},
    [STATEMENT_SWEEP] = {"sweep", SWEEP, "nnn", false},
};

const struct statement *statement_of(enum statement_id id) { return &statements[id]; }

/* idle_in_transaction_session_timeout: a batch whose Sync got lost keeps no row locked for longer */
#define SETTINGS(local)                                                                                                \
    "SELECT set_config('statement_timeout', '3000', " local "), set_config('lock_timeout', '1000', " local "),"        \
    " set_config('idle_in_transaction_session_timeout', '10000', " local "),"                                          \
    " set_config('default_transaction_isolation', 'read committed', " local ")"

static_assert(STATEMENT_TIMEOUT_MS == 3000 && LOCK_TIMEOUT_MS == 1000, "the settings above have the numbers as text");

/* Where nothing stays on a connection each statement is planned for its own parameters. For many of them the planner
 * would rather walk through a small table, and lock rows as they come, not in the order of their ids. */
#define SETTINGS_OF_A_TRANSACTION                                                                                      \
    SETTINGS("true")                                                                                                   \
    ", set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),"                       \
    " set_config('enable_seqscan', 'off', true)"

const char *statement_settings(bool local) { return local ? SETTINGS_OF_A_TRANSACTION : SETTINGS("false"); }
const char *statement_planner_settings(void)
{
    return "SELECT set_config(name, CASE name WHEN 'plan_cache_mode' THEN 'force_generic_plan' ELSE 'off' END, false)"
           " FROM pg_settings WHERE name IN ('plan_cache_mode', 'enable_hashjoin', 'enable_mergejoin',"
           " 'enable_memoize', 'enable_bitmapscan', 'enable_seqscan', 'jit')";
}
