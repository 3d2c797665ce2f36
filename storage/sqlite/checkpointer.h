/* checkpointer: carries the write-ahead log into the database file, on a connection and a thread of its own, so that
 * the writer isn't held up. Rule: one for a file; stopped after the writer, before the writer's connection is closed.
 */
#ifndef STORAGE_SQLITE_CHECKPOINTER_H
#define STORAGE_SQLITE_CHECKPOINTER_H

#include "storage/sqlite/database.h"

struct checkpointer;

/* follows the commits of db from now on; NULL when the file can't be opened once more */
struct checkpointer *checkpointer_create(const char *path, struct database *db, struct fault *fault) MUST_USE;
void checkpointer_destroy(struct checkpointer *c); /* NULL is nothing */

#endif
