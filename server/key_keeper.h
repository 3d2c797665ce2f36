/* key_keeper: keeps the keys as the settings ask for, on the first worker's loop: reads the table every KEYS_POLL_MS, at a hint, and when this machine's clock
 * jumped; makes, promotes and removes what is due (oauth/key_work.h). What goes wrong is a line in the log, and the keys stay as they were. */
#ifndef SERVER_KEY_KEEPER_H
#define SERVER_KEY_KEEPER_H

#include "oauth/key_work.h"

struct key_keeper;
struct key_keeper *key_keeper_create(struct loop *loop, struct key_desk *desk); /* right after storage_attach; the desk outlives it */
void key_keeper_destroy(struct key_keeper *keeper);                             /* NULL is nothing */

/* At a start: reads the keys and makes those that are missing, so that the view has a ring; runs a loop of its own. */
bool key_keeper_start(struct key_view *view, const struct key_rules *rules, struct storage *storage, struct aside_crew *crew, struct fault *fault) MUST_USE;

#endif
