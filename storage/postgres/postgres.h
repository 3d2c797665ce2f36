/* postgres: the Postgres back end (storage/storage.h) over libpq, non-blocking in each worker's loop. */
#ifndef STORAGE_POSTGRES_POSTGRES_H
#define STORAGE_POSTGRES_POSTGRES_H

#include "storage/storage.h"

struct postgres_settings {
    const char *dsn;                 /* postgres://... or postgresql://..., several hosts allowed */
    unsigned connections_per_worker; /* 0: the default, 3 */
    bool unnamed_statements;         /* for a PgBouncer in transaction mode that keeps no prepared statements */
};
/* does not connect yet; false only for a dsn that libpq can't read (whose words never quote the password) */
struct storage *postgres_open(const struct postgres_settings *settings, struct fault *fault) MUST_USE;

#endif
