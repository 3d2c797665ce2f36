/* janitor: removes what is over from the storage, in small pieces, in the background.
 * Every SWEEP_EVERY_MS the first worker sweeps at most SWEEP_LIMIT rows, and goes on after SWEEP_PAUSE_MS while there are more. Two replicas may sweep at once: they pass over each other's rows. */
#ifndef SERVER_JANITOR_H
#define SERVER_JANITOR_H

#include "storage/storage.h"

enum { SWEEP_EVERY_MS = 60 * 1000, SWEEP_PAUSE_MS = 200, SWEEP_LIMIT = 500 };

struct janitor;
struct janitor *janitor_create(struct loop *loop, struct store *store);
void janitor_destroy(struct janitor *janitor); /* NULL is nothing */

#endif
