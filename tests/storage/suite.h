/* suite: what a test of the conformance suite is given, in few words.
 * Rule: every name that it gives out (client, session, subject) is new, so that tests don't meet in one database. */
#ifndef TESTS_STORAGE_SUITE_H
#define TESTS_STORAGE_SUITE_H

#include "base/clock.h"
#include "driver.h"
#include "raw.h"

#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* sections; each returns EXIT_SUCCESS or EXIT_FAILURE */
int suite_clients(struct driver *d);
int suite_grants(struct driver *d);
int suite_find(struct driver *d);
int suite_rotate(struct driver *d);
int suite_look(struct driver *d);
int suite_together(struct driver *d);
int suite_revoke(struct driver *d);
int suite_listing(struct driver *d);
int suite_endings(struct driver *d);
int suite_keys(struct driver *d);
int suite_house(struct driver *d);
int suite_trouble(struct driver *d);
int suite_dump(struct driver *d);

/* lives until the suite ends */
struct bytes new_name(struct driver *d, const char *kind);
/* a grant that is not stored yet: of a new client, session and subject; its look began now */
struct new_grant new_grant(struct driver *d);
struct stored_grant store(struct driver *d, const struct new_grant *grant);
/* new and stored */
struct new_grant stored_grant(struct driver *d);

struct rotation_policy default_policy(void); /* the defaults of docs/refresh.md; a look is never due */
struct rotation presenting(const struct new_grant *grant, uint32_t gen);
struct rotated rotate(struct driver *d, const struct rotation *rotation);
enum rotate_outcome present(struct driver *d, const struct new_grant *grant, uint32_t gen);
uint64_t revoke_grants(struct driver *d, const struct revocation *revocation);

/* raw: only where d->raw */
struct raw_row row_of(struct driver *d, const struct new_grant *grant);
void set_row(struct driver *d, const struct raw_row *row);
void sleep_ms(int64_t ms);

#endif
