/* draft: a plan while it is thought out: every row as it was and as it is to be, and those that are to be made; for
 * keys/ alone.
 *
 * Rule: draft_begin, change draft->at[..].becomes, draft_end: what changed is left. A pointer into the draft stays
 * valid until draft_end. */
#ifndef KEYS_DRAFT_H
#define KEYS_DRAFT_H

#include "keys/plan.h"

struct draft {
    const struct key_situation *s;
    struct planned_key *at; /* the caller's; keys_plan_room */
    size_t count;
};

void draft_begin(struct draft *draft, const struct key_situation *situation, struct planned_key *plan);
size_t draft_end(struct draft *draft);

/* what there is of one algorithm; a key without its private part is none */
struct draft_view {
    struct planned_key *signing, *waiting; /* NULL: none. waiting: the one that is to sign first */
    int64_t next_epoch;
};
struct draft_view draft_look(struct draft *draft, enum key_algorithm algorithm);

bool draft_is_gone(const struct draft *draft, const struct planned_key *key);
/* it signs from now on */
void draft_promote(struct draft *draft, struct planned_key *key);
/* it has signed until now, and stays published for its tokens */
void draft_retire(struct draft *draft, struct planned_key *key);
/* out of everything now */
void draft_remove(struct draft *draft, struct planned_key *key);
/* everything that is due by itself */
void draft_tend(struct draft *draft);

#endif
