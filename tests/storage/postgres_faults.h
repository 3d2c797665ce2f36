/* postgres_faults: what the parts of this program share.
 * Rule: only the program's own functions are named here; each test prints what it finds and counts in TEST_END of its
 * file. */
#ifndef TESTS_STORAGE_POSTGRES_FAULTS_H
#define TESTS_STORAGE_POSTGRES_FAULTS_H

#include "suite.h"

enum { CHAINS = 64 };

/* Chains: each presents the newest token it was given, again and again, and keeps it when nothing was answered. */
struct chain {
    struct new_grant grant;
    uint32_t gen;
    struct rotation rotation;
    struct rotated rotated;
    struct errand errand;
    struct arena arena;
    bool under_way;
    int64_t began_ms;
};
struct chains {
    struct driver *d;
    struct chain all[CHAINS];
    size_t rotated, unanswered, wrong;
    int64_t slowest_ms; /* of those that were answered */
};
void chains_open(struct chains *c, struct driver *d);
void chains_run(struct chains *c, int64_t for_ms);
/* ends what is under way: is every row at its chain's generation, or one ahead of it where the answer was lost? */
bool chains_close(struct chains *c);

/* pg_ctl: "stop" (at once, as a crash would), "start" or "reload" */
void control_server(const char *command);
bool pulse(struct driver *d, struct fault *fault);
/* for SQL: which connections are the storage's */
#define OUR_CONNECTIONS                                                                                                \
    " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"                            \
    " AND application_name = 'hydrant'"

/* another storage on the same database, not opened yet */
struct driver driver_beside(const struct driver *d);
void driver_close_beside(struct driver *other);

/* the parts; each returns EXIT_SUCCESS or EXIT_FAILURE */
int faults_of_connections(struct driver *d);
int faults_of_values(struct driver *d);
int faults_of_places(struct driver *d);
int faults_of_refusals(struct driver *d);

#endif
