/* schema: the tables, made and changed by numbered migrations that are never edited once released.
 * An older binary goes on beside a schema that is one version newer: a migration may only add what the version before
 * can do without. */
#ifndef STORAGE_SQLITE_SCHEMA_H
#define STORAGE_SQLITE_SCHEMA_H

#include "storage/sqlite/database.h"

enum schema_state schema_find_state(struct database *db, struct fault *fault);
bool schema_migrate(struct database *db, void (*report)(const char *line), struct fault *fault) MUST_USE;

#endif
