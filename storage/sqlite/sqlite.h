/* sqlite: the embedded back end (storage/storage.h): one file, one process, one writer that commits together what
 * waits. */
#ifndef STORAGE_SQLITE_SQLITE_H
#define STORAGE_SQLITE_SQLITE_H

#include "storage/storage.h"

/* path: a file, made when absent (mode 0600), or NULL for memory. A second process on the same file is a fault. The
 * schema is brought up to date by storage_migrate. */
struct storage *sqlite_open(const char *path, struct fault *fault) MUST_USE;

#endif
