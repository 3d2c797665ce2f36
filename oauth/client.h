/* client: an OAuth2 client's record: read from JSON with Hydra's names, checked, and written again.
 * Rule: a struct client is immutable and lives in the arena it was parsed into. The same reader serves the admin API, the settings file (whose YAML is handed over as JSON) and the rows of the database. */
#ifndef OAUTH_CLIENT_H
#define OAUTH_CLIENT_H

#include "base/json.h"
#include "oauth/policy.h"

enum { CLIENT_ID_MAX = 255, CLIENT_NAME_MAX = 255, CLIENT_SCOPE_MAX = 4096, CLIENT_RECORD_MAX = 32 * 1024, CLIENT_SECRET_MIN = 32, CLIENT_SECRET_MAX = 256,
    CLIENT_ARENA_MAX = 2 * 1024 * 1024 /* bytes to read a record in: as many as a request has, so that what could be created can be read */ };

enum auth_method { AUTH_NONE, AUTH_BASIC, AUTH_POST };
struct bytes auth_method_name(enum auth_method method); /* "none", "client_secret_basic", "client_secret_post" (RFC 7591 2) */

enum grant_bit { GRANT_REFRESH_TOKEN = 1, GRANT_TOKEN_EXCHANGE = 2 };
#define GRANT_NAME_REFRESH_TOKEN BYTES("refresh_token")
#define GRANT_NAME_TOKEN_EXCHANGE BYTES("urn:ietf:params:oauth:grant-type:token-exchange")

struct client {
    struct bytes client_id, client_name, scope;
    enum auth_method auth_method;
    unsigned grant_types;               /* of enum grant_bit */
    struct bytes_list audience;         /* what it may name; empty: the default of the settings */
    struct bytes_list allowed_cors_origins;
    bool refresh_token_with_cookie;
    struct refresh_policy refresh;      /* the settings', with the record's own values put over them */
    int64_t access_token_ttl_ms;        /* 0: the profile's */
    struct bytes_list default_audience; /* when a request names none; empty: the settings' */
    bool has_algorithm;
    enum key_algorithm algorithm;       /* with has_algorithm */
    struct bytes metadata;              /* JSON, or absent */
    struct bytes secret_hash;           /* see oauth/client_secret.h; absent for a public client */
    struct bytes record;                /* the record as JSON without any secret: what $client is in jq and what the database keeps */
    int64_t created_at;                 /* ms; 0: from the settings */
};

/* What a record may say beside what is kept: a secret that the caller chose, or the hash of one that Hydra kept (slow_hash.h). Absent: none was given; never both. */
struct client_input {
    struct bytes client_secret, client_secret_hash;
};

/* Reads and checks a record. NULL with FAULT_INPUT whose words name the member and what would be right. policy gives the defaults. *input may be NULL when neither may be there. */
const struct client *client_parse(struct arena *arena, const struct json *record, const struct policy *policy, struct client_input *input, struct fault *fault) MUST_USE;
/* From a row of the database. */
struct client_row;
const struct client *client_from_row(struct arena *arena, const struct client_row *row, const struct policy *policy, struct fault *fault) MUST_USE;

bool client_id_well_formed(struct bytes client_id); /* 1 to CLIENT_ID_MAX visible ASCII characters: no other has a record, so none other is looked for */
bool scope_well_formed(struct bytes scope); /* RFC 6749 3.3 */

#endif
