/* key_work: the one way in which the keys' table is read and changed: read, think (keys/plan.h), make what is missing, change, read again, show (key_view.h).
 *
 * Rule: a desk for each loop, with its store; it is closed before the store is detached. A change that is under way goes on when the asker leaves. */
#ifndef OAUTH_KEY_WORK_H
#define OAUTH_KEY_WORK_H

#include "oauth/aside.h"
#include "oauth/key_view.h"
#include "storage/storage.h"

struct key_work;
struct key_desk {
    struct key_view *view;
    const struct key_rules *rules;
    struct store *store;
    struct loop *loop;      /* the store's */
    struct aside_crew *crew;
    struct key_work *works; /* under way */
};
void key_desk_close(struct key_desk *desk); /* ends what is under way, wherever it stands */

enum key_task { KEYS_TEND, KEYS_ROTATE, KEYS_REVOKE, KEYS_RESEAL };
struct key_order {
    enum key_task task;           /* KEYS_TEND, what has to be done anyway, comes before each of the others */
    struct key_rotation rotation; /* KEYS_ROTATE */
    struct bytes kid;             /* KEYS_REVOKE */
};
struct key_report {
    size_t resealed;                   /* KEYS_RESEAL */
    struct planned_rotation rotation;  /* KEYS_ROTATE: what came of it */
    struct planned_revocation revoked; /* KEYS_REVOKE: what came of it */
    const struct bytes *removed;       /* the kids that it took out of the key set */
    size_t removed_count;
    struct key_reading reading; /* the table after it, in the arena named, as all that is pointed to here */
    struct key_troubles troubles; /* of the keys that are there now */
};
/* Private keys are made and opened on a thread. What another changes meanwhile is read and thought about again; a change whose answer got lost is known
 * again. FAULT_INPUT: at a start, while the view is empty: a key can't be opened, and nothing was changed; KEYS_RESEAL: a key can't be sealed anew, none was. */
enum step_result ask_keys(struct flow *flow, struct key_desk *desk, const struct key_order *order, struct arena *arena, struct key_report *out);

#endif
