/* plan: what the key table should become: functions of its rows, the settings and the database's time, and of nothing
 * else (docs/keys.md).
 *
 * Rule: a plan is a list of rows to be made, changed and deleted, applied by one storage verb (ask_change_keys), which
 * refuses when a row is no longer as it was read. Replicas may have different settings: what one wants for longer or
 * sooner stays, nothing is moved back and forth. A plan applied and made anew at the same moment is empty. */
#ifndef KEYS_PLAN_H
#define KEYS_PLAN_H

#include "keys/keys.h"

enum {
    KEYS_POLL_MS = 30 * 1000,
    KEYS_SKEW_MS = 5 * 60 * 1000,          /* between the clocks of a replica, the database and who verifies */
    KEYS_WANTED_EVERY_MS = 60 * 60 * 1000, /* how often a server says that it has an algorithm in its settings */
    KEYS_WANTED_MAX_MS = 3 * KEYS_WANTED_EVERY_MS, /* an algorithm that none had for so long, by both clocks, goes */
    KEYS_ROW_KEPT_DAYS = 30, /* after its removal a row stays, for people who look and for a clock that went wrong; at
                                most rotate_every */
};

struct key_times {
    int64_t rotate_every_ms;
    int64_t publish_before_ms; /* a key stands in the key set before it signs */
    int64_t token_ttl_max_ms;  /* the longest that a token may live */
    int64_t keep_after_ms;     /* a key stands in the key set after it signed */
};
/* the inequalities of docs/keys.md: the least that each may be */
int64_t keys_publish_before_least_ms(int64_t jwks_max_age_ms);
int64_t keys_keep_after_least_ms(int64_t jwks_max_age_ms, int64_t token_ttl_max_ms);
int64_t keys_rotate_every_least_ms(int64_t publish_before_ms);

enum key_state { KEY_PENDING, KEY_ACTIVE, KEY_RETIRING, KEY_REMOVED };
struct bytes key_state_name(enum key_state state); /* "pending" */

struct key_situation {
    const struct key_material *rows;
    size_t count;
    const enum key_algorithm *algorithms; /* keys.algorithms */
    size_t algorithm_count;
    const struct key_times *times;
    int64_t now; /* the database's */
    /* For how long whoever asks has seen the database's clock go as evenly as his own steady one. After a jump all that
     * others wrote looks old, or new, until each has had the time to write again: nothing of theirs is taken away. */
    int64_t even_for_ms;
};
/* What the row at rows[i] is now. KEY_ACTIVE: it signs: one for each algorithm at most, also past its retire_at where
 * nothing follows. */
enum key_state key_state_of(const struct key_situation *situation, size_t i);

struct planned_key {
    const struct key_material
        *was; /* one of the situation's rows; NULL: a new one, whose key the caller makes (key_make) */
    struct key_material becomes;
    bool deleted;
};
/* is it taken out of the key set now, before its time? */
bool planned_key_goes(const struct planned_key *key, int64_t now);
/* how many planned keys a plan may have: the room that the functions below need */
size_t keys_plan_room(const struct key_situation *situation);

/* What has to be done by itself: missing keys made, one always pending ahead, a private key destroyed once another
 * signs, the time of removal set, rows long removed deleted, an algorithm that nobody wants any more let go. */
size_t keys_plan(const struct key_situation *situation, struct planned_key *plan);

struct key_rotation {
    bool one; /* only this algorithm; else all that are configured */
    enum key_algorithm algorithm;
    bool force; /* also when the pending key is younger than publish_before, or can't be opened */
    bool fresh; /* every key that there is goes at once, of algorithms that are not configured too; new ones take their
                   places. With one: every key of that algorithm */
    const struct system_secrets *secrets; /* what is to open the pending key before it signs; NULL: that is not asked */
};
enum keys_rotate_outcome {
    KEYS_ROTATE_PLANNED,
    KEYS_ROTATE_TOO_YOUNG,
    KEYS_ROTATE_UNOPENABLE, /* whoever asks would have nothing to sign with */
    KEYS_ROTATE_NOT_CONFIGURED
};
struct planned_rotation {
    enum keys_rotate_outcome outcome;
    size_t count;
    enum key_algorithm algorithm; /* KEYS_ROTATE_TOO_YOUNG: whose pending key is */
    int64_t until;                /* KEYS_ROTATE_TOO_YOUNG: from when on it is not */
    struct bytes kid;             /* KEYS_ROTATE_UNOPENABLE: the row's */
};
struct planned_rotation keys_plan_rotate(const struct key_situation *situation, const struct key_rotation *rotation,
                                         struct planned_key *plan);

enum keys_revoke_outcome { KEYS_REVOKE_PLANNED, KEYS_REVOKE_UNKNOWN, KEYS_REVOKE_GONE /* it is removed already */ };
struct planned_revocation {
    enum keys_revoke_outcome outcome;
    size_t count;
    enum key_state state; /* before */
    /* Servers may have signed with it between these, and what they signed dies where it has not expired; both 0: none
     * did. Until: those that can't read the keys sign for KEYS_VIEW_MAX_MS more, also after this. */
    int64_t signed_from, signed_until;
};
/* out of the key set and of signing at once; where it was the active one the pending one takes over, however young */
struct planned_revocation keys_plan_revoke(const struct key_situation *situation, struct bytes kid,
                                           struct planned_key *plan);

/* Every private key sealed under secrets->at[0]. FAULT_INPUT: one can't be opened; its kid is named, and nothing is
 * planned. */
struct resealing {
    const struct system_secrets *secrets;
    struct arena *arena;
};
bool keys_plan_reseal(const struct key_situation *situation, const struct resealing *with, struct planned_key *plan,
                      size_t *count, struct fault *fault) MUST_USE;

#endif
