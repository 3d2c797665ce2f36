/* person_memory: what Kratos last said of sessions and people, kept by their ids.
 *
 * Rule: for one thread. Bounded in number (PERSONS_KEPT_MAX) and bytes (PERSONS_BYTES_MAX): what was asked for longest
 * ago goes first. How old is too old is its user's to say. What goes is wiped: it is personal data. */
#ifndef COMPANION_PERSON_MEMORY_H
#define COMPANION_PERSON_MEMORY_H

#include "base/bytes.h"

enum { PERSONS_KEPT_MAX = 10 * 1000, PERSONS_BYTES_MAX = 32 * 1024 * 1024, UUID_LEN = 16 };

enum person_kind { PERSON_SESSION, PERSON_IDENTITY }; /* a Kratos session, with whose it is; a person alone */
struct person_key {
    enum person_kind kind;
    unsigned char id[UUID_LEN];
};

struct kept_person {
    bool ended;                       /* Kratos said so for sure; then nothing below but began_steady_ms counts */
    int64_t began_steady_ms;          /* of the look */
    int64_t expires_at_ms;            /* of a session, by Kratos' clock; 0: a person */
    unsigned char identity[UUID_LEN]; /* whose it is */
    struct bytes json;                /* session.json of identity/identity.h, as text */
    struct bytes metadata_admin;      /* JSON, or absent */
};

struct person_memory;
struct person_memory *person_memory_create(void);
void person_memory_destroy(struct person_memory *memory); /* NULL is nothing */

/* NULL: nothing is kept. Valid until something else is kept or forgotten. */
const struct kept_person *person_memory_find(struct person_memory *memory, const struct person_key *key);
/* a copy, in place of what was kept before */
void person_memory_keep(struct person_memory *memory, const struct person_key *key, const struct kept_person *person);
void person_memory_forget(struct person_memory *memory, const struct person_key *key);
/* the person, and all sessions of his */
void person_memory_forget_identity(struct person_memory *memory, const unsigned char identity[UUID_LEN]);

size_t person_memory_count(const struct person_memory *memory);

#endif
