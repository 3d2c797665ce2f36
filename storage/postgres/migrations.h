/* migrations: the schema, as the numbered steps that made it; migration n brings version n-1 to version n.
 * Rule: a step that was released is never changed. A binary works with a schema one version newer than its own: so a
 * step adds, and only the step after the next may take away. Every time is a bigint: milliseconds since the epoch, 0
 * for none. */
#ifndef STORAGE_POSTGRES_MIGRATIONS_H
#define STORAGE_POSTGRES_MIGRATIONS_H

struct migration {
    const char *what;
    const char *sql; /* several statements, run in one transaction */
};
extern const struct migration migrations[]; /* the first is version 1 */
extern const int migration_count;

#endif
