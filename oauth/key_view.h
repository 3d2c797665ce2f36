/* key_view: the keys as this process sees them now, and the one way in which it reads and changes their table.
 *
 * Rule: one view for the process; a worker looks through its own key_seat, which takes the newest ring whenever it is asked (no lock while nothing changed).
 * A ring that was asked for earlier never takes the place of one asked for later: what was revoked doesn't come back by a slow answer. */
#ifndef OAUTH_KEY_VIEW_H
#define OAUTH_KEY_VIEW_H

#include "keys/plan.h"
#include "storage/storage.h"

struct key_view;
struct key_view *key_view_create(void);
void key_view_destroy(struct key_view *view); /* after the last seat; NULL is nothing */

struct key_seat {
    struct key_view *view;
    struct keyring *ring; /* held */
    unsigned turn;
};
void key_seat_init(struct key_seat *seat, struct key_view *view); /* on the worker's thread; the view has a ring */
void key_seat_release(struct key_seat *seat);
/* the newest ring; stays until the next call for this seat: who needs it for longer holds it */
struct keyring *key_seat_ring(struct key_seat *seat);

/* ---- reading and changing ---- */

enum key_task { KEYS_TEND, KEYS_ROTATE, KEYS_REVOKE, KEYS_RESEAL };
enum key_work_outcome {
    KEY_WORK_DONE,
    KEY_WORK_TOO_YOUNG,      /* KEYS_ROTATE; algorithm, until */
    KEY_WORK_NOT_CONFIGURED, /* KEYS_ROTATE: the algorithm named is not in keys.algorithms */
    KEY_WORK_UNKNOWN,        /* KEYS_REVOKE: no such key */
    KEY_WORK_GONE,           /* KEYS_REVOKE: it is removed already */
};
struct key_rules {
    const enum key_algorithm *algorithms;
    size_t algorithm_count;
    const struct key_times *times;
    const struct system_secrets *secrets;
};
struct key_order {
    enum key_task task;
    struct key_rotation rotation; /* KEYS_ROTATE */
    struct bytes kid;             /* KEYS_REVOKE */
};
struct key_report {
    enum key_work_outcome outcome;
    size_t changed;                    /* rows that were made, changed or deleted */
    struct planned_rotation rotation;  /* KEYS_ROTATE */
    struct planned_revocation revoked; /* KEYS_REVOKE */
    /* the table after it */
    struct key_material *rows; /* in the arena named */
    size_t count;
    int64_t now;
};
/* Reads the table, changes it as ordered and as the settings ask for, reads it again and puts the ring in its place. Private keys are made on a thread. What
 * another changes meanwhile is read and thought about again. The flow fails with FAULT_INPUT, and the old ring stays, when a key can't be opened. */
struct key_desk {
    struct key_view *view;
    const struct key_rules *rules;
    struct store *store;
};
enum step_result ask_keys(struct flow *flow, const struct key_desk *desk, const struct key_order *order, struct arena *arena, struct key_report *out);

#endif
