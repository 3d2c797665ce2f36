/* call: one verb on its way through a back end; for the back ends only.
 *
 * Rule: storage.c makes a call (input copied into its own arena) and gives it to ops->submit on the loop's thread. The back end owns it until it says
 * storage_call_done or storage_call_fail, exactly once, on the loop's thread; never from inside submit's caller's stack when it may be
 * avoided, but flow.h allows it. Results are written into call->result with bytes in call->arena; storage.c copies them for the waiter, if there is still one.
 * Detached from its loop, a back end says storage_call_drop instead. At the deadline storage.c tells the waiter by itself: the call still has to be ended. */
#ifndef STORAGE_CALL_H
#define STORAGE_CALL_H

#include "storage/storage.h"

enum storage_verb {
    VERB_FIND_CLIENT,
    VERB_LIST_CLIENTS,
    VERB_ADD_CLIENT,
    VERB_DELETE_CLIENT,
    VERB_FIND_ORIGIN,
    VERB_STORE_GRANT,
    VERB_ROTATE,
    VERB_FIND_GRANT,
    VERB_REVOKE,
    VERB_LIST_GRANTS,
    VERB_LIST_ENDINGS,
    VERB_LIST_KEYS,
    VERB_CHANGE_KEYS,
    VERB_PULSE,
    VERB_SWEEP,
};
const char *storage_verb_name(enum storage_verb verb); /* "storage: rotate" */

struct storage_call {
    enum storage_verb verb;
    struct store *store; /* where it was submitted */
    int64_t asked_us;    /* steady */
    int64_t deadline_ms; /* steady */
    struct arena arena;
    union {
        struct bytes client_id; /* VERB_FIND_CLIENT, VERB_DELETE_CLIENT */
        struct bytes origin; /* VERB_FIND_ORIGIN */
        struct client_page_ask page;
        struct client_row client;
        struct new_grant grant;
        struct rotation rotation;
        unsigned char grant_id[GRANT_ID_LEN]; /* VERB_FIND_GRANT */
        struct revocation revocation;
        struct grant_page_ask grants;
        struct ending_page_ask endings;
        struct key_change keys;
        uint32_t sweep_limit;
    } in;
    union {
        struct found_client client;
        struct client_page page;
        struct added_client added;
        enum delete_client_outcome delete_client;
        bool origin; /* VERB_FIND_ORIGIN: is it registered? */
        struct stored_grant grant;
        struct rotated rotated;
        struct found_grant found;
        struct revoked revoked;
        struct grant_page grants;
        struct ending_page endings;
        struct key_list keys;
        enum key_change_outcome key_change;
        struct storage_pulse pulse;
        struct swept swept;
    } result;
    struct storage_call *next; /* for the back end's queues */
    struct fault fault;        /* for a back end that finds out on another thread why the call failed */
    /* storage.c's own */
    struct wait wait;
    struct flow *waiter; /* NULL: cancelled, or told that it is late */
    struct timer deadline;
    struct arena *out_arena;
    void *out;
};
/* for the ask_ functions: input is copied into call->arena between the two */
struct storage_call *storage_call_create(struct flow *flow, struct store *store, enum storage_verb verb);
enum step_result storage_call_submit(struct storage_call *call, struct arena *out_arena, void *out); /* out_arena NULL: no bytes come back */
/* for the back ends */
void storage_call_done(struct storage_call *call);
void storage_call_fail(struct storage_call *call, const struct fault *fault);
void storage_call_drop(struct storage_call *call); /* in detach only: the waiter waits for nothing any more and is not woken */

/* for VERB_FIND_GRANT: what a row that is there comes to */
enum grant_standing storage_standing(const struct rotation_state *state, int64_t now);

/* revoked_because, where the storage itself revokes */
#define BECAUSE_REUSED "reused"                     /* r4 */
#define BECAUSE_CLIENT_DELETED "client_deleted"
#define BECAUSE_SESSION_GRANTS "session_grants_max" /* the oldest beyond it */

/* what the table endings calls by revoke_by_name */
enum revoke_by ending_by_kind(struct bytes kind);

/* A back end is a struct that begins with struct storage; a store one that begins with struct store. */
struct storage_ops {
    const char *name; /* "postgres", "sqlite" */
    bool shared;      /* may other processes use the same database? */
    void (*close)(struct storage *storage);
    bool (*migrate)(struct storage *storage, void (*report)(const char *line), struct fault *fault);
    enum schema_state (*schema)(struct storage *storage, struct fault *fault);
    struct store *(*attach)(struct storage *storage, struct loop *loop);
    void (*detach)(struct store *store);
    void (*submit)(struct store *store, struct storage_call *call);
};
struct storage {
    const struct storage_ops *ops;
    struct ending_seat *ending_seats;     /* ending_news.c's, under its lock: the stores that want to know */
    struct ending_reader *ending_reader; /* the same: the one of this process */
};
struct store {
    struct storage *storage;
    struct loop *loop;
    void (*on_key_hint)(void *data); /* NULL: nobody wants to know */
    void *key_hint_data;
    void (*on_ending_hint)(void *data); /* another process may have ended something; NULL: nobody wants to know */
    void *ending_hint_data;
};

#endif
