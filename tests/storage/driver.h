/* driver: a fresh storage for a test, and its verbs run to their ends.
 * Rule: what goes wrong with the machinery ends the program with words; outcomes are the test's to judge. Times are the
 * storage's. */
#ifndef TESTS_STORAGE_DRIVER_H
#define TESTS_STORAGE_DRIVER_H

#include "storage/call.h"

struct driver {
    struct storage *storage;
    struct loop *loop;
    struct store *store;
    struct arena arena;    /* of what the verbs answered */
    struct raw *raw;       /* see raw.h; NULL for memory */
    char dsn[1024];        /* of this run's own database */
    char folder[64];       /* of the SQLite file; "": none */
    char server_dsn[1024]; /* Postgres: of the database that the fresh one was made beside */
};

/* dsn: "memory"; "sqlite" (a file that goes away) or sqlite:///path; "postgres" (what with_postgres says) or
 * postgres://..., where a fresh database is made beside the one named, and dropped by driver_close. Migrated. */
void driver_open(struct driver *d, const char *dsn);
void driver_close(struct driver *d);
/* a fresh Postgres database as it is made, without a schema: only dsn and raw are there */
void driver_open_empty(struct driver *d, const char *dsn);
/* a storage on a database that driver_open made; for a second one in another process */
struct storage *driver_open_storage(const char *dsn);

/* One verb under way. Its flow has one step, which asks. */
struct errand {
    struct flow flow; /* first */
    struct store *store;
    struct arena *arena;
    enum storage_verb verb;
    const void *in;
    void *out;
    bool ended;
    struct fault fault; /* FAULT_NONE: it has its outcome */
};
/* in and out: what the verb takes, by pointer (a struct bytes for a client's id or an origin, a grant's id itself, a
 * uint32_t for the sweep's limit) */
void errand_start(struct errand *errand, struct store *store, struct arena *arena);
/* runs the loop until all have ended; the program ends when that takes longer than any deadline */
void errands_await(struct loop *loop, const struct errand *errands, size_t count);

/* from start to end; false with *fault when the verb failed */
bool driver_try(struct driver *d, enum storage_verb verb, const void *in, void *out, struct fault *fault) MUST_USE;
/* the same, a fault being the end of the program */
void driver_run(struct driver *d, enum storage_verb verb, const void *in, void *out);

/* ends the program */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
