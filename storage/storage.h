/* storage: what the grants need to keep, in their own words: each verb is one transaction, each outcome an enum.
 *
 * Rule: one struct storage for the process, one struct store for each loop. An ask_ function suspends the flow; it copies its input, so
 * that nothing of the caller's must stay; *out is filled from the arena named, before the flow goes on, and untouched when the flow fails.
 * The flow fails with FAULT_AWAY, FAULT_LATE or FAULT_FULL when the database can't be reached in time or has too much to do:
 * then whether the verb happened is unknown. Every answer comes after its commit is durable. All times are milliseconds since the
 * epoch by the database's own clock; 0 stands for "none". Cancelling a flow detaches it: what was sent may still happen. */
#ifndef STORAGE_STORAGE_H
#define STORAGE_STORAGE_H

#include "base/arena.h"
#include "base/flow.h"
#include "net/loop.h"
#include "storage/rotation.h"

enum {
    STORAGE_DEADLINE_MS = 4000,  /* a verb that has not ended by then fails with FAULT_LATE */
    STORAGE_QUEUE_MAX = 4096,    /* verbs that wait in one store; more are FAULT_FULL */
    GRANT_ID_LEN = 16,
    SECRET_HASH_LEN = 32,
    CLIENT_PAGE_MAX = 500,
    GRANT_PAGE_MAX = 500,
    ENDING_PAGE_MAX = 500,
};

struct storage;
struct store;

/* ---- opening; called from the main thread, may block ---- */

/* dsn: "memory", "sqlite:///path", "postgres://..." (what libpq takes). server/ calls the back end's own storage_open_*; these serve every kind. */
void storage_close(struct storage *storage); /* after every store was detached; NULL is nothing */
/* brings the schema to this binary's version, one migration a transaction, guarded against two at once; says each on report (may be NULL) */
bool storage_migrate(struct storage *storage, void (*report)(const char *line), struct fault *fault) MUST_USE;
/* SCHEMA_UNREACHABLE, FAULT_AWAY: away, starting or full: later may do; SCHEMA_REFUSED, FAULT_INPUT: it won't let us in, or not at its tables, until someone changes that */
enum schema_state { SCHEMA_CURRENT, SCHEMA_BEHIND, SCHEMA_TOO_NEW, SCHEMA_UNREACHABLE, SCHEMA_REFUSED };
enum schema_state storage_schema(struct storage *storage, struct fault *fault);
struct store *storage_attach(struct storage *storage, struct loop *loop); /* on the loop's thread */
void storage_detach(struct store *store);                                /* verbs under way fail; their flows are not woken */

/* ---- clients ---- */

struct client_row {
    struct bytes client_id;
    struct bytes record;      /* the whole record as JSON without its secret (oauth/client.h reads it) */
    struct bytes secret_hash; /* "$sha256$<base64url>", or another kind that oauth/client_secret.h knows; absent: none */
    int64_t created_at;
};
struct found_client { bool found; struct client_row row; };
enum step_result ask_find_client(struct flow *flow, struct store *store, struct bytes client_id, struct arena *arena, struct found_client *out);

struct client_page { struct client_row *rows; size_t count; bool more; };
/* in the order of client_id, after the one named (absent: from the first); limit at most CLIENT_PAGE_MAX */
struct client_page_ask { struct bytes after; size_t limit; };
enum step_result ask_list_clients(struct flow *flow, struct store *store, const struct client_page_ask *ask, struct arena *arena, struct client_page *out);

enum add_client_outcome { CLIENT_ADDED, CLIENT_EXISTS };
struct added_client { enum add_client_outcome outcome; int64_t created_at; /* CLIENT_ADDED: by the database's clock */ };
enum step_result ask_add_client(struct flow *flow, struct store *store, const struct client_row *row, struct added_client *out);

enum delete_client_outcome { CLIENT_DELETED, CLIENT_ABSENT };
/* its grants are revoked in the same transaction */
enum step_result ask_delete_client(struct flow *flow, struct store *store, struct bytes client_id, enum delete_client_outcome *out);

/* Is this origin in the allowed_cors_origins of any client's record? For the preflights of browsers, which don't name the client. */
enum step_result ask_find_origin(struct flow *flow, struct store *store, struct bytes origin, bool *out);

/* ---- grants ---- */

/* what stays as it was when the grant was made (but claims, which a look may change); the cold row */
struct grant {
    unsigned char id[GRANT_ID_LEN];
    struct bytes client_id, subject;
    struct bytes kratos_session_id; /* as text */
    struct bytes identity_id;       /* Kratos' identity; the same as subject unless access_token.subject says otherwise */
    struct bytes scope;             /* space-separated */
    struct bytes audience;          /* JSON array of strings */
    struct bytes claims;            /* mapped claims, JSON object */
    struct bytes acr, amr;          /* "aal1"; JSON array */
    int64_t auth_time;
    int64_t created_at;             /* as read: by the database's clock */
};

struct new_grant {
    struct grant grant;
    unsigned char secret_hash[SECRET_HASH_LEN];
    uint8_t mac_kid;
    int64_t idle_ttl_ms, absolute_ttl_ms;
    int64_t session_expires_at; /* 0: the grant outlives its session (offline_access) */
    int64_t look_began_steady_ms; /* clock_steady_ms() before Kratos was asked: a revocation of its session, subject or client since then ends it */
    uint32_t session_grants_max; /* live grants of one session and client: the oldest are revoked beyond it */
};
enum store_grant_outcome { GRANT_STORED, GRANT_ENDED_MEANWHILE };
struct stored_grant { enum store_grant_outcome outcome; int64_t now, idle_expires_at, expires_at; };
enum step_result ask_store_grant(struct flow *flow, struct store *store, const struct new_grant *grant, struct stored_grant *out);

/* one presentation of a refresh token; what happens is decided by storage/rotation.h */
struct rotation {
    unsigned char grant_id[GRANT_ID_LEN];
    unsigned char secret_hash[SECRET_HASH_LEN];
    struct bytes client_id;
    uint32_t gen;
    uint8_t mac_kid; /* of the secret that makes new tokens now */
    struct rotation_policy policy;
    /* What a look at Kratos found, when there was one for this presentation */
    bool looked;
    int64_t look_began_steady_ms; /* written as session_checked_at, turned into the database's time */
    int64_t session_expires_at;   /* 0 where the grant outlives its session */
    struct bytes claims;          /* absent: unchanged */
};
struct rotated {
    enum rotate_outcome outcome;
    /* below: for every outcome but ROTATE_UNKNOWN */
    uint32_t gen;       /* the generation to answer with */
    uint8_t mac_kid;    /* the secret that made it */
    struct grant grant; /* claims: the new ones where a look brought any */
    int64_t now, idle_expires_at, expires_at, session_checked_at, session_expires_at, revoked_at;
    struct bytes revoked_because;
};
enum step_result ask_rotate(struct flow *flow, struct store *store, const struct rotation *rotation, struct arena *arena, struct rotated *out);

/* How a grant stands, for who only wants to know: nothing is written. */
enum grant_standing {
    GRANT_UNKNOWN, /* never was, or ended so long ago that it was swept */
    GRANT_LIVE,
    GRANT_REVOKED,
    GRANT_ENDED, /* past one of its two ends */
};
struct found_grant {
    enum grant_standing standing;
    /* below: for every standing but GRANT_UNKNOWN */
    struct grant grant;
    unsigned char secret_hash[SECRET_HASH_LEN];
    struct rotation_state state; /* what rotation_decide goes by */
    int64_t now;
};
enum step_result ask_find_grant(struct flow *flow, struct store *store, const unsigned char grant_id[GRANT_ID_LEN], struct arena *arena, struct found_grant *out);

enum revoke_by { REVOKE_GRANT, REVOKE_SESSION, REVOKE_SUBJECT, REVOKE_CLIENT };
const char *revoke_by_name(enum revoke_by by); /* "grant", "session", "subject", "client" */
/* For REVOKE_SESSION, REVOKE_SUBJECT and REVOKE_CLIENT the instant is kept as well: see look_began_steady_ms. */
struct revocation {
    enum revoke_by by;
    unsigned char grant_id[GRANT_ID_LEN];         /* REVOKE_GRANT */
    unsigned char secret_hash[SECRET_HASH_LEN];   /* REVOKE_GRANT with check_secret: only where it is the grant's */
    bool check_secret;
    struct bytes client_id;                       /* REVOKE_GRANT: only where it is the grant's client (absent: any); REVOKE_CLIENT: which */
    struct bytes name;                            /* REVOKE_SESSION: kratos_session_id; REVOKE_SUBJECT: identity_id */
    struct bytes because;                         /* "revoked_by_client", "session_ended", ... a fixed word */
};
struct revoked { uint64_t count; }; /* grants that were live before */
enum step_result ask_revoke(struct flow *flow, struct store *store, const struct revocation *revocation, struct revoked *out);

/* a grant for whoever looks after them: neither its secret, nor what a person's claims are */
struct listed_grant {
    struct grant grant; /* claims: absent */
    int64_t rotated_at, session_checked_at, session_expires_at, idle_expires_at, expires_at, revoked_at;
    struct bytes revoked_because;
};
/* a place in a list: zeros are before the first. Made by the back end, meant for it alone */
struct grant_place { unsigned char at[16]; };
struct grant_page { struct listed_grant *rows; size_t count; bool more; struct grant_place next; int64_t now; /* 0 without rows */ };
/* by: not REVOKE_GRANT; name as in struct revocation (for REVOKE_CLIENT too); limit at most GRANT_PAGE_MAX. In an order that stays, of no meaning */
struct grant_page_ask { enum revoke_by by; struct bytes name; struct grant_place after; size_t limit; };
enum step_result ask_list_grants(struct flow *flow, struct store *store, const struct grant_page_ask *ask, struct arena *arena, struct grant_page *out);

/* ---- news of endings: for who keeps in memory what hangs on a session, a subject or a client ---- */

/* run: on the loop, soon after a session, subject or client was ended as a whole (ask_revoke, ask_delete_client), through whichever store of whichever process on this
 * database. It may come more than once, also for an ending that failed halfway; and up to ENDING_NEWS_LATE_MS late, or more while the database is away. To be called right
 * after storage_attach; run NULL: no more news. */
enum { ENDING_NEWS_LATE_MS = 2000 };
void storage_on_ending(struct store *store, void (*run)(void *data, enum revoke_by by, struct bytes name), void *data);

/* The instants behind them (see look_began_steady_ms), those of the last age_ms, oldest first; after: the last one of the page before, or zeroes. */
struct ending { enum revoke_by by; /* never REVOKE_GRANT */ struct bytes name; int64_t at; };
struct ending_page_ask { int64_t age_ms; struct ending after; size_t limit; /* at most ENDING_PAGE_MAX */ };
struct ending_page { struct ending *rows; size_t count; bool more; };
enum step_result ask_list_endings(struct flow *flow, struct store *store, const struct ending_page_ask *ask, struct arena *arena, struct ending_page *out);

/* ---- signing keys (keys/keys.h reads and makes the rows) ---- */

struct key_row {
    struct bytes kid, algorithm;
    int64_t epoch; /* 0, 1, 2, ...: unique with the algorithm */
    int64_t created_at, activate_at, retire_at, remove_at; /* 0: not set yet */
    int64_t wanted_at;           /* when a server that has the algorithm in its settings last said so */
    struct bytes public_jwk;     /* JSON */
    struct bytes sealed_private; /* absent once destroyed */
};
struct key_list { struct key_row *rows; size_t count; int64_t now; }; /* by algorithm, epoch */
enum step_result ask_list_keys(struct flow *flow, struct store *store, struct arena *arena, struct key_list *out);

/* was: as it was read. Of becomes the four times but created_at, and sealed_private, are written; the rest of a row never changes. */
struct key_update { struct key_row was, becomes; };
/* Added: kid and (algorithm, epoch) must be free. Updated and deleted: a row must still have the times and the sealed_private that were read. */
struct key_change {
    const struct key_row *added;
    size_t added_count;
    const struct key_update *updated;
    size_t updated_count;
    const struct key_row *deleted;
    size_t deleted_count;
};
/* KEYS_CHANGED_MEANWHILE: nothing was changed, or this very change was made already and its answer got lost: read them again, look, think again */
enum key_change_outcome { KEYS_CHANGED, KEYS_CHANGED_MEANWHILE };
enum step_result ask_change_keys(struct flow *flow, struct store *store, const struct key_change *change, enum key_change_outcome *out);
/* run: on the loop, when another process may have changed the keys; it may come late, twice or never, so nothing may hang on it.
 * To be called right after storage_attach. */
void storage_on_key_hint(struct store *store, void (*run)(void *data), void *data);

/* ---- the house ---- */

/* does it answer, and what time is it there? */
struct storage_pulse { int64_t now; };
enum step_result ask_pulse(struct flow *flow, struct store *store, struct storage_pulse *out);
/* removes at most limit grants (and instants) whose time is over; call again while count == limit */
struct swept { uint64_t count; };
enum step_result ask_sweep(struct flow *flow, struct store *store, uint32_t limit, struct swept *out);

#endif
