/* settings: what the operator says: one table of keys, read from YAML and the environment.
 *
 * Rule: the table (server/settings_table.h) names each key, its environment name, type, default, range and a sentence; parser, `hydrant help settings` and docs/settings.md come from it, and a
 * test compares. Each setting also from the environment, as Ory does it: the path in capitals with underscores (SERVE_PUBLIC_PORT, DSN, SECRETS_SYSTEM with commas between),
 * and NAME_FILE for what is kept in a file; the environment wins over the file. Unknown keys, wrong types, values out of range, a key twice, a second document: errors that name
 * file, line, column, key and what would be right; all of them are told, not only the first. Secrets never appear in a message. Everything lives in the settings' own arena. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "base/log.h"
#include "companion/forward_auth_profile.h"
#include "companion/hydra_hook.h"
#include "keys/plan.h"
#include "oauth/client.h"

struct listener_settings {
    const char *host;
    uint16_t port;
    const char *tls_cert_file, *tls_key_file; /* NULL: plaintext */
};

struct settings {
    struct arena arena;
    const char *file;               /* as given, for messages */
    const char *dsn;                /* holds a password: never in a message */
    unsigned postgres_connections;  /* of each worker */
    bool postgres_prepared;         /* are statements prepared by name? */
    struct listener_settings public_, admin;
    struct bytes admin_token;       /* absent: none, which only loopback may have; see admin_open */
    bool admin_open;                /* serve.admin.token: none, said aloud */
    unsigned workers;
    const char *const *trusted_proxies; /* NULL at the end */
    struct bytes kratos_public_url, kratos_admin_url;
    int64_t kratos_timeout_ms;
    const char *kratos_ca_file;     /* NULL: the system's roots */
    struct bytes kratos_hook_key;   /* a secret: never in a message; absent: no hook */
    struct key_times key_times;
    unsigned rsa_bits;              /* of keys that are yet to be made */
    struct forward_auth_settings forward_auth;
    enum log_level log_level;
    enum log_format log_format;
    struct hydra_hook_settings hydra_hook; /* its api_key is a secret: never in a message */
    struct policy policy;           /* issuer, secrets, profiles with claims, audience, refresh, clients, ... */
};

struct settings_source {
    const char *file;               /* NULL: environment and defaults only */
    bool dev;                       /* serve --dev: a plain-http issuer that isn't loopback is allowed */
    bool may_lack_secrets;          /* migrate needs the dsn alone: secrets that `serve` requires may be absent */
};
/* NULL after each complaint has gone to complain, a line each ("hydrant.yml:12:3: serve.public.prot: unknown key; did you mean serve.public.port?"). Compiles every jq expression once, to find mistakes. */
struct settings *settings_read(const struct settings_source *source, void (*complain)(const char *line)) MUST_USE;
void settings_free(struct settings *settings); /* wipes */

/* the table, for `hydrant help settings` and the documentation: one line a key: key, environment name, type, default, sentence */
void settings_describe(void (*line)(const char *text), bool as_markdown);

#endif
