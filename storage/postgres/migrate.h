/* migrate: brings the schema to this binary's version, and tells which one is there. On a blocking connection of its
 * own; not for a loop's thread. */
#ifndef STORAGE_POSTGRES_MIGRATE_H
#define STORAGE_POSTGRES_MIGRATE_H

#include "storage/storage.h"

/* storage/call.h's ops */
bool migrate_run(struct storage *storage, void (*report)(const char *line), struct fault *fault);
enum schema_state migrate_schema(struct storage *storage, struct fault *fault);

#endif
