/* rotation: the rules r0 to r5 of a presented refresh token, decided in one place for every back end (docs/refresh.md).
 * Rule: pure: no clock, no database. A back end reads the row, asks here, and writes the change by compare-and-swap against all that it read; who loses the
 * race reads and asks again. Postgres' batch statement holds the conditions of r1 in SQL: the explorer holds the two together. */
#ifndef STORAGE_ROTATION_H
#define STORAGE_ROTATION_H

#include <stdbool.h>
#include <stdint.h>

enum rotate_outcome {
    ROTATE_ROTATED,    /* r1  */
    ROTATE_SAME_AGAIN, /* r1' */
    ROTATE_RETRIED,    /* r2  */
    ROTATE_SKIPPED,    /* r3: a late retry, the generations between are void */
    ROTATE_HELD,       /* r3' */
    ROTATE_AHEAD,      /* r5: the database had lost commits */
    ROTATE_LOOK_DUE,   /* one of the above would hold, but the session must be looked at first; nothing was written */
    ROTATE_UNKNOWN,    /* r0: no such row, wrong secret, other client */
    ROTATE_REVOKED,    /* r0' */
    ROTATE_EXPIRED,    /* r0' */
    ROTATE_REUSED,     /* r4: the family is revoked now */
    ROTATE_FAR_AHEAD,  /* r5 beyond ahead_max; nothing was written */
};
const char *rotate_outcome_name(enum rotate_outcome outcome); /* "rotated", "same_again", ... for logs and metrics */
bool rotate_outcome_succeeds(enum rotate_outcome outcome);    /* is a token answered? */

struct rotation_policy {
    int64_t grace_ms, coalesce_ms;
    uint32_t skip_limit, ahead_max;
    bool never;               /* rotation: never: gen stays, only the idle time is renewed (ROTATE_SAME_AGAIN, at any age) */
    int64_t look_max_age_ms;  /* a look older than this is due; INT64_MAX: never due by age */
};

/* what the hot row says (absent rows don't come here) */
struct rotation_state {
    int64_t gen, base_gen, low_gen;
    int64_t rotated_at;
    uint32_t skips;
    uint8_t mac_kid;
    int64_t idle_ttl_ms, idle_expires_at, expires_at;
    int64_t revoked_at;         /* 0: live */
    int64_t session_checked_at;
    int64_t session_expires_at; /* 0: the grant isn't bound to its session */
};

struct rotation_presented {
    int64_t gen;
    uint8_t mac_kid; /* for a new generation */
    /* what a look brought; looked: no look is due any more */
    bool looked;
    int64_t looked_at, session_expires_at;
};

struct rotation_change {
    bool write;                 /* false: the state stays */
    bool revoke;                /* r4 */
    struct rotation_state next; /* the whole state afterwards; the answer's gen and mac_kid are next.gen and next.mac_kid, written or not */
};

/* now: the database's. Fills *change for every outcome. */
enum rotate_outcome rotation_decide(const struct rotation_policy *policy, const struct rotation_state *state,
    const struct rotation_presented *presented, int64_t now, struct rotation_change *change);

#endif
