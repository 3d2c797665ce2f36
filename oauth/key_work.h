/* key_work: the one way in which the keys' table is read and changed: read, think (keys/plan.h), make what is missing, change, read again, show (key_view.h).
 *
 * Rule: a desk for each loop, with its store; it is closed before the store is detached. A change that is under way goes on when the asker leaves. */
#ifndef OAUTH_KEY_WORK_H
#define OAUTH_KEY_WORK_H

#include "oauth/key_view.h"
#include "storage/storage.h"

struct key_work;
struct key_desk {
    struct key_view *view;
    const struct key_rules *rules;
    struct store *store;
    struct loop *loop;      /* the store's */
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
    struct key_reading reading;        /* the table after it, in the arena named */
};
/* Private keys are made and opened on a thread. What another changes meanwhile is read and thought about again. FAULT_INPUT: a key can't be opened: the ring that was
 * there stays, though the order may be done. */
enum step_result ask_keys(struct flow *flow, struct key_desk *desk, const struct key_order *order, struct arena *arena, struct key_report *out);

/* The rows of a reading as keys/ knows them. FAULT_INPUT: an algorithm that this version doesn't know. */
bool key_rows_read(const struct key_list *list, struct arena *arena, struct key_material **rows, struct fault *fault) MUST_USE;

#endif
