/* key_view: the keys as this process sees them now: the newest ring, and what changed since the one before, which is told in the log.
 *
 * Rule: one view for the process; a worker looks through its own key_seat, which takes the newest ring whenever it is asked (no lock while nothing changed).
 * A ring that was asked for earlier never takes the place of one asked for later: what was revoked doesn't come back by a slow answer. */
#ifndef OAUTH_KEY_VIEW_H
#define OAUTH_KEY_VIEW_H

#include "keys/plan.h"

struct key_view;
struct key_view *key_view_create(void);
void key_view_destroy(struct key_view *view); /* after the last seat; NULL is nothing */

/* the settings' part */
struct key_rules {
    const enum key_algorithm *algorithms;
    size_t algorithm_count;
    const struct key_times *times;
    struct key_making making;
};

/* The table as it was read. */
struct key_reading {
    const struct key_material *rows;
    size_t count;
    int64_t now;             /* the database's */
    int64_t asked_steady_us; /* clock_steady_us() before it was asked for */
    struct key_troubles unread; /* rows that this version can't read */
};
/* For how long the database's clock has gone as evenly as ours, as this process saw it, up to this reading; 0 before the first. */
int64_t key_view_even_for_ms(struct key_view *view, const struct key_reading *reading);
/* From any thread, one after the other: does the ring that is there do, since the reading shows nothing else? (Or since it shows what was asked for later.) */
bool key_view_confirm(struct key_view *view, const struct key_rules *rules, const struct key_reading *reading) MUST_USE;
/* Does the reading say of a key that is shown that somebody took it out? (And not only that its time is over.) */
bool key_view_shows_removed(struct key_view *view, const struct key_reading *reading);
/* If not, the reading's own, which takes its time; NULL with *fault (keyring_create). While the view has no ring this is a start. */
struct keyring *key_view_open(struct key_view *view, const struct key_rules *rules, const struct key_reading *reading, struct fault *fault) MUST_USE;
bool key_view_is_empty(struct key_view *view); /* no ring yet */
/* and here it is; taken */
void key_view_replace(struct key_view *view, const struct key_rules *rules, const struct key_reading *reading, struct keyring *ring);
/* what the newest ring could not open, copied into arena */
struct key_troubles key_view_troubles(struct key_view *view, struct arena *arena);

/* Tells each row of the reading that is shown, and what it is now; each must not ask the view for anything. */
void key_view_each(struct key_view *view, const struct key_rules *rules,
                   void (*each)(void *data, const struct key_material *key, enum key_state state), void *data);

struct key_seat {
    struct key_view *view;
    struct keyring *ring; /* held */
    unsigned turn;
};
void key_seat_init(struct key_seat *seat, struct key_view *view); /* the view has a ring already */
void key_seat_release(struct key_seat *seat);                     /* may be one that is all zero */
/* The newest ring; stays until the next call for this seat: who needs it for longer holds it. The one before is let go, and what nobody else holds
 * of its private keys is wiped: so a worker without requests asks from time to time. */
struct keyring *key_seat_ring(struct key_seat *seat);

#endif
