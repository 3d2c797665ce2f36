/* person_looks: looks at Kratos for those who can't wait as long as Kratos may take: they go on when nobody waits any
 * more, and what they find is kept for the next time.
 *
 * Rule: one for each loop. All who ask for the same at once wait for one look. What Kratos says for sure goes into the
 * memory before anybody is woken; trouble on the way leaves there what was there. */
#ifndef COMPANION_PERSON_LOOKS_H
#define COMPANION_PERSON_LOOKS_H

#include "companion/person_memory.h"
#include "identity/identity.h"

struct person_looks;

struct person_looks_settings {
    struct loop *loop;
    struct identity *identity;
    struct person_memory *memory;
    bool with_metadata_admin; /* of a session too, where Kratos doesn't give it (before 26.3): one more call */
};
/* what the settings name must outlive it; they are copied */
struct person_looks *person_looks_create(const struct person_looks_settings *settings);
/* ends all that is under way; nobody waits any more. NULL is nothing. */
void person_looks_destroy(struct person_looks *looks);

struct person_ask {
    struct person_key key;
    bool knows_identity; /* of a session: is it known whose it should be? */
    unsigned char identity[UUID_LEN];
    int64_t wait_max_ms;
};
struct person_answer {
    enum look_outcome outcome; /* LOOK_LIVE and LOOK_ENDED: the memory has it; else LOOK_AWAY */
    char reason[96];           /* for the log */
    /* person_looks' own */
    struct wait wait;
    struct timer timer;
    struct flow *flow;
    struct person_look *look;
    struct person_answer *next;
};
/* Suspends for wait_max_ms at most; *answer must live until then. */
enum step_result ask_person_look(struct flow *flow, struct person_looks *looks, const struct person_ask *ask,
                                 struct person_answer *answer);

/* Something ended just now. What is kept of it goes, and looks that began before are made anew before they count. */
void person_looks_forget_session(struct person_looks *looks, const unsigned char session[UUID_LEN]);
void person_looks_forget_identity(struct person_looks *looks, const unsigned char identity[UUID_LEN]);

#endif
