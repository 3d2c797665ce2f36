/* settings_table: every setting, a row each; parser, `hydrant help settings` and docs/settings.md come from it.
 * Rule: whoever adds a setting adds a row, a line where it is filled in (settings_fill.c), and regenerates
 * docs/settings.md. Columns: name, key, type, default ("" is none), least and most (counts; durations in ms), what is
 * right in words, what it does. */
#ifndef SERVER_SETTINGS_TABLE_H
#define SERVER_SETTINGS_TABLE_H

#include "base/bytes.h"
#include "keys/keys.h"

enum setting_type {
    TYPE_TEXT,
    TYPE_SECRET,   /* a text that no message shows */
    TYPE_COUNT,    /* a whole number */
    TYPE_DURATION, /* base/clock.h: 15m */
    TYPE_BOOL,
    TYPE_CHOICE,  /* one of the words of the column `right` */
    TYPE_LIST,    /* of texts; from the environment with commas between */
    TYPE_SECRETS, /* a list that no message shows */
    TYPE_CLAIMS,  /* a table of texts, or one text */
    TYPE_TABLE,   /* whose names the operator chooses */
    TYPE_RECORDS, /* a list of tables */
};

#define SECONDS_MS(n) (INT64_C(1000) * (n))
#define MINUTES_MS(n) (INT64_C(60000) * (n))
#define HOURS_MS(n) (INT64_C(3600000) * (n))
#define DAYS_MS(n) (INT64_C(86400000) * (n))

/* clang-format off */
#define SETTINGS_TABLE(X) \
    X(DSN, "dsn", SECRET, "sqlite:///var/lib/hydrant/hydrant.db", 0, 0, "memory, sqlite:///path, or postgres://user:password@host/database", \
        "Where grants, signing keys and clients are kept.") \
    X(POSTGRES_CONNECTIONS, "postgres.connections_per_worker", COUNT, "3", 1, 64, "", "Connections to Postgres that each worker keeps.") \
    X(POSTGRES_PREPARED, "postgres.prepared_statements", BOOL, "true", 0, 0, "", \
        "false behind a PgBouncer in transaction mode: then nothing is kept on a connection.") \
    X(PUBLIC_HOST, "serve.public.host", TEXT, "0.0.0.0", 0, 0, "an address or a host name", "Where the public endpoints listen.") \
    X(PUBLIC_PORT, "serve.public.port", COUNT, "4477", 1, 65535, "", "Their port.") \
    X(PUBLIC_TLS_CERT, "serve.public.tls.cert", TEXT, "", 0, 0, "a file name", "PEM file with the certificate and its chain; without one the port speaks plain HTTP.") \
    X(PUBLIC_TLS_KEY, "serve.public.tls.key", TEXT, "", 0, 0, "a file name", "PEM file with the certificate's private key.") \
    X(ADMIN_HOST, "serve.admin.host", TEXT, "127.0.0.1", 0, 0, "an address or a host name", "Where the admin API listens.") \
    X(ADMIN_PORT, "serve.admin.port", COUNT, "4478", 1, 65535, "", "Its port.") \
    X(ADMIN_TOKEN, "serve.admin.token", SECRET, "", 0, 0, "at least 32 visible characters, or the word none", \
        "The bearer token that /admin asks for. Required where serve.admin.host is not loopback; none says aloud that there shall be none.") \
    X(WORKERS, "serve.workers", COUNT, "0", 0, 256, "", "Threads that serve; 0: one for each core.") \
    X(TRUSTED_PROXIES, "serve.trusted_proxies", LIST, "", 0, 0, "a list of addresses and blocks such as 10.0.0.0/8", "Who may say in X-Forwarded-* whom a request is from, and ask forward-auth.") \
    X(ISSUER, "urls.self.issuer", TEXT, "http://localhost:4477", 0, 0, "an https URL without query and fragment, or http on localhost, 127.0.0.1 or [::1]", \
        "The iss of every token and the base of every endpoint's URL; its path is served. Taken letter for letter.") \
    X(SYSTEM_SECRETS, "secrets.system", SECRETS, "", 0, 0, "a list of secrets of at least 32 characters", \
        "Required. The first seals signing keys and signs refresh tokens, all open and verify. To change it: add the new one second on every server, then make it first, later take the old one out (docs/keys.md). Make one with: openssl rand -base64 32") \
    X(KRATOS_PUBLIC_URL, "kratos.public_url", TEXT, "http://localhost:4433", 0, 0, "an http or https URL", "Kratos' public API, asked who a session's person is.") \
    X(KRATOS_ADMIN_URL, "kratos.admin_url", TEXT, "http://localhost:4434", 0, 0, "an http or https URL", "Kratos' admin API, asked whether a session still lives.") \
    X(KRATOS_COOKIE_NAME, "kratos.cookie_name", TEXT, "ory_kratos_session", 0, 0, "a cookie name (RFC 6265)", "The name of Kratos' session cookie.") \
    X(KRATOS_TIMEOUT, "kratos.timeout", DURATION, "2s", 100, SECONDS_MS(5), "", "How long one call to Kratos may take.") \
    X(KRATOS_CA_FILE, "kratos.ca_file", TEXT, "", 0, 0, "a file name", "PEM file with the roots that Kratos' certificate must chain to; without one the system's.") \
    X(KRATOS_HOOK_API_KEY, "kratos.hook_api_key", SECRET, "", 0, 0, "the whole value that Kratos sends, with at least 16 visible characters", \
        "What Kratos' web hooks send to /hooks/kratos/revoke of the admin port as Authorization: auth.config.value of theirs (docs/ending.md). Without it there is no such path.") \
    X(REVALIDATE_AFTER, "kratos.session.revalidate_after", DURATION, "60s", 0, HOURS_MS(24), "", "At a refresh the session is looked at again when the last look is older than this, or than the start of the server.") \
    X(STALE_IF_ERROR, "kratos.session.stale_if_error", DURATION, "45m", 0, HOURS_MS(24), "", \
        "How long beyond access_token.ttl after the last good look refreshes go on while Kratos can't be reached.") \
    X(EXTEND, "kratos.session.extend", CHOICE, "never", 0, 0, "never on_refresh", "on_refresh: a refresh whose look finds the session with less than extend_below left has Kratos extend it.") \
    X(EXTEND_BELOW, "kratos.session.extend_below", DURATION, "6h", SECONDS_MS(1), DAYS_MS(3650), "", "See kratos.session.extend.") \
    X(EXTEND_MAX_AGE, "kratos.session.extend_max_age", DURATION, "", SECONDS_MS(1), DAYS_MS(3650), "", \
        "A session is not extended any more this long after its person signed in; without it for as long as somebody refreshes.") \
    X(TOKEN_TTL, "access_token.ttl", DURATION, "15m", SECONDS_MS(1), HOURS_MS(24), "", "How long an access token is valid.") \
    X(TOKEN_ALGORITHM, "access_token.algorithm", CHOICE, "ES256", 0, 0, KEY_ALGORITHM_NAMES, "What it is signed with; must be in keys.algorithms.") \
    X(TOKEN_AUDIENCE, "access_token.audience", LIST, "", 0, 0, "a list of audiences", \
        "The aud of a token when neither the request nor its client names one; without it they must.") \
    X(TOKEN_SUBJECT, "access_token.subject", CHOICE, "identity_id", 0, 0, "identity_id external_id", "What sub is: the identity's id in Kratos, or its external_id.") \
    X(TOKEN_TYP, "access_token.typ", CHOICE, "at+jwt", 0, 0, "at+jwt JWT", "The typ of its header (RFC 9068 2.1); JWT for verifiers that refuse at+jwt.") \
    X(TOKEN_CLAIMS, "access_token.claims", CLAIMS, "", 0, 0, "a table of claim names to jq expressions, or one jq program that returns an object", \
        "Claims from the Kratos session. A name that ends in ? is optional: where its expression fails the claim is left out.") \
    X(TOKEN_ADMIN_METADATA, "access_token.claims_use_admin_metadata", BOOL, "false", 0, 0, "", "Binds $identity_admin, the identity's metadata_admin, in the claims.") \
    X(TOKEN_RESOURCES, "access_token.resources", TABLE, "", 0, 0, "a table of audiences to tables", \
        "How tokens for one audience differ: audience -> {ttl, algorithm, typ, scopes, claims, min_acr}; what is left out is as in access_token.") \
    X(REFRESH_IDLE_TTL, "refresh_token.idle_ttl", DURATION, "14d", SECONDS_MS(1), DAYS_MS(3650), "", "A refresh token not used for this long is dead; at most refresh_token.absolute_ttl, which it follows when only that is set lower.") \
    X(REFRESH_ABSOLUTE_TTL, "refresh_token.absolute_ttl", DURATION, "30d", SECONDS_MS(1), DAYS_MS(3650), "", "A grant ends this long after its exchange, used or not.") \
    X(REFRESH_GRACE, "refresh_token.grace", DURATION, "60s", 0, HOURS_MS(1), "", "How long the token before the newest may be presented again: for answers that were lost.") \
    X(REFRESH_COALESCE, "refresh_token.coalesce", DURATION, "60s", 0, HOURS_MS(1), "", \
        "Within this time of a rotation the newest token is answered with itself; at most refresh_token.grace, which it follows when only that is set lower; 0 turns it off.") \
    X(REFRESH_SKIP_LIMIT, "refresh_token.skip_limit", COUNT, "5", 0, 1000, "", "How many lost answers in a row, seen only after the grace time, may skip a generation.") \
    X(REFRESH_AHEAD_MAX, "refresh_token.ahead_max", COUNT, "16", 0, 1000, "", "How far ahead of the database a token may be after the database lost commits.") \
    X(REFRESH_ROTATION, "refresh_token.rotation", CHOICE, "always", 0, 0, "always never", "never: a confidential client's refresh token stays the same until it ends; a public client's always rotates.") \
    X(REFRESH_GRANTS_MAX, "refresh_token.max_grants_per_session", COUNT, "20", 1, 1000, "", "Live grants of one session and client; past it the oldest ends.") \
    X(KEYS_ALGORITHMS, "keys.algorithms", LIST, "ES256,RS256", 0, 0, "a list of ES256, ES384, RS256, PS256 and EdDSA (with Ed25519)", "What signing keys are made for.") \
    X(KEYS_RSA_BITS, "keys.rsa_bits", COUNT, "2048", RSA_BITS_MIN, RSA_BITS_MAX, "", "The size of new RSA keys, for RS256 and PS256; a multiple of 8. 4096 sign about seven times as slowly as 2048.") \
    X(KEYS_ROTATE_EVERY, "keys.rotate_every", DURATION, "30d", MINUTES_MS(1), DAYS_MS(3650), "", "How long a key signs; at least twice keys.publish_before.") \
    X(KEYS_PUBLISH_BEFORE, "keys.publish_before", DURATION, "24h", MINUTES_MS(1), DAYS_MS(365), "", \
        "How long a key stands in the JWKS before it signs; at least twice keys.jwks_max_age and 6 minutes.") \
    X(KEYS_JWKS_MAX_AGE, "keys.jwks_max_age", DURATION, "15m", SECONDS_MS(1), HOURS_MS(24), "", "How long others may keep the JWKS: max-age, and stale-if-error, of its Cache-Control.") \
    X(HOOK_ENABLED, "hydra.hook.enabled", BOOL, "false", 0, 0, "", "Answers Hydra's token hook at /hooks/hydra/token of the admin port (docs/hydra-hook.md).") \
    X(HOOK_API_KEY, "hydra.hook.api_key", SECRET, "", 0, 0, "the whole value that Hydra sends, with at least 16 visible characters", \
        "Required with the hook: what stands in oauth2.token_hook.auth.config.value of Hydra's configuration.") \
    X(HOOK_API_KEY_IN, "hydra.hook.api_key_in", TEXT, "header:Authorization", 0, 0, "header:<name> or cookie:<name>", "Where Hydra puts it: in and name of the same configuration.") \
    X(HOOK_ACCESS_CLAIMS, "hydra.hook.access_token.claims", CLAIMS, "", 0, 0, "a table of claim names to jq expressions, or one jq program that returns an object", \
        "Claims for Hydra's access tokens, from the Kratos session, or {identity: ...} where none is known; $hydra is what Hydra sent.") \
    X(HOOK_ID_CLAIMS, "hydra.hook.id_token.claims", CLAIMS, "", 0, 0, "a table of claim names to jq expressions, or one jq program that returns an object", "The same for its ID tokens.") \
    X(HOOK_KRATOS_SESSION, "hydra.hook.kratos_session", TEXT, "", 0, 0, "a jq expression over what Hydra sent", \
        "Gives the id of the Kratos session that Hydra's tokens shall end with, or null: .session.extra.kratos_session_id, where the consent app has put it.") \
    X(HOOK_ON_KRATOS_DOWN, "hydra.hook.on_kratos_down", CHOICE, "keep", 0, 0, "keep refuse", \
        "When Kratos is away for longer than kratos.session.stale_if_error allows: Hydra keeps the claims it has, or refuses to issue. So too when a mapping fails.") \
    X(CLIENTS, "clients", RECORDS, "", 0, 0, "a list of client records", \
        "OAuth2 clients that stand here and not in the database: records as under /admin/clients, with client_id, and with client_secret or client_secret_hash where they are confidential.") \
    X(FORWARD_KEEP, "forward_auth.keep", DURATION, "30s", 0, MINUTES_MS(15), "", \
        "How long a session's token serves without Kratos being asked again: so long may it outlive the session where no hook says that it ended. 0 asks each time.") \
    X(FORWARD_PROFILES, "forward_auth.profiles", TABLE, "", 0, 0, "a table of names to tables", \
        "Forward-auth at /session/token/NAME: name -> {client, audience, scope, login_url, return_to}. Needs serve.trusted_proxies.") \
    X(LOG_LEVEL, "log.level", CHOICE, "info", 0, 0, "debug info warn error", "The least level that is logged, to standard error.") \
    X(LOG_FORMAT, "log.format", CHOICE, "json", 0, 0, "json text", "A JSON object or a plain text for each line.")

/* what stands under one audience of access_token.resources; a default of "" is access_token's */
#define RESOURCE_TABLE(X) \
    X(TTL, "ttl", DURATION, "", SECONDS_MS(1), HOURS_MS(24), "", "How long its access tokens are valid.") \
    X(ALGORITHM, "algorithm", CHOICE, "", 0, 0, KEY_ALGORITHM_NAMES, "What they are signed with.") \
    X(TYP, "typ", CHOICE, "", 0, 0, "at+jwt JWT", "The typ of their header.") \
    X(SCOPES, "scopes", LIST, "", 0, 0, "a list of scopes", "What this resource understands: others are left out of its tokens. Without it all are.") \
    X(CLAIMS, "claims", CLAIMS, "", 0, 0, "a table of claim names to jq expressions, or one jq program that returns an object", "In place of access_token.claims.") \
    X(MIN_ACR, "min_acr", CHOICE, "", 0, 0, "aal1 aal2", "The least assurance level that a session needs.")

/* what stands under one name of forward_auth.profiles; a default of "" is none */
#define FORWARD_TABLE(X) \
    X(CLIENT, "client", TEXT, "", 0, 0, "a client_id", "Required. The client that the tokens are for; it needs the token exchange among its grant_types.") \
    X(AUDIENCE, "audience", LIST, "", 0, 0, "a list of audiences that the client may name", "The aud of the tokens; without it what an exchange of the client's gets that names none.") \
    X(SCOPE, "scope", TEXT, "", 0, 0, "scopes of the client's, with spaces between", "Their scope; without it all that the client may have but offline_access.") \
    X(LOGIN_URL, "login_url", TEXT, "", 0, 0, "an https URL without fragment, or http on localhost, 127.0.0.1 or [::1]", "Where a browser is sent that has no live session; without it it gets a 401.") \
    X(RETURN_TO, "return_to", LIST, "", 0, 0, "a list of origins: https://app.example.com", "To which of them a browser may come back from the login: then return_to is put behind login_url.")
/* clang-format on */

#define SETTING_NAME(name, ...) SETTING_##name,
#define RESOURCE_NAME(name, ...) RESOURCE_##name,
#define FORWARD_NAME(name, ...) FORWARD_##name,
enum setting_index { SETTINGS_TABLE(SETTING_NAME) SETTINGS_LEN };
enum resource_index { RESOURCE_TABLE(RESOURCE_NAME) RESOURCE_LEN };
enum forward_index { FORWARD_TABLE(FORWARD_NAME) FORWARD_LEN };
#undef SETTING_NAME
#undef RESOURCE_NAME
#undef FORWARD_NAME

struct setting {
    const char *key;
    enum setting_type type;
    const char *preset;
    int64_t least, most;
    const char *right, *sentence;
};
extern const struct setting SETTINGS[SETTINGS_LEN], RESOURCE_SETTINGS[RESOURCE_LEN], FORWARD_SETTINGS[FORWARD_LEN];

enum { SETTING_KEY_MAX = 64, SETTING_WORDS_MAX = 160 };
/* the row of that key, or NULL */
const struct setting *setting_find(struct bytes key);
/* Is there a key beneath this one? "serve.public" */
bool setting_is_section(struct bytes key);
/* the key or section that it may have been meant to be; absent when none is near */
struct bytes setting_nearest(struct bytes key);
/* "SERVE_PUBLIC_PORT" */
void setting_environment(const char *key, char name[SETTING_KEY_MAX]);
/* "a number from 1 to 65535": what is right for a row */
void setting_right(const struct setting *row, char words[SETTING_WORDS_MAX]);
/* "15m"; in the largest unit that leaves no fraction */
void setting_write_duration(int64_t ms, char text[32]);

#endif
