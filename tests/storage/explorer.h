/* explorer: walks every state that the callers of a refresh token can bring about, on the real storage
 * (docs/refresh.md). Rule: a transition of the server is made once, by ask_rotate on a real row that was set to the
 * state, compared with the rules said a second time (explorer_rules.c), and remembered. The walks ask for what they
 * need level by level, so it is made in batches. Every struct that is a key in a table is bytes without gaps. */
#ifndef TESTS_STORAGE_EXPLORER_H
#define TESTS_STORAGE_EXPLORER_H

#include "driver.h"
#include "raw.h"

/* the hot row, its age in units of time; absolute generations up to 127 */
struct server {
    int8_t gen, base_gen, low_gen, age, skips, revoked;
};
struct presentation {
    struct server server;
    int8_t gen;
};
struct transition {
    struct presentation from; /* the key */
    struct server to;
    int8_t outcome; /* enum rotate_outcome */
    int8_t answer;  /* the generation answered; -1: none */
};

/* ---- tables of records that begin with their key ---- */

struct table {
    size_t key_size, record_size, count, capacity, slot_count;
    unsigned char *records;
    uint32_t *slots;
};
#define TABLE_NONE SIZE_MAX
void table_init(struct table *t, size_t key_size, size_t record_size);
void table_release(struct table *t);
/* places are 0, 1, 2, ... in the order of adding */
size_t table_find(const struct table *t, const void *key);
/* false where the key was there already */
bool table_add(struct table *t, const void *record);
void *table_at(const struct table *t, size_t place); /* until the next table_add */

/* ---- the rules, said a second time ---- */

struct expectation {
    enum rotate_outcome outcome;
    struct rotation_state next;
};
struct expectation rules_expect(const struct rotation_policy *policy, const struct rotation_state *state, int64_t gen,
                                uint8_t mac_kid, int64_t now);

/* ---- the real thing ---- */

struct breakage; /* a rule that is broken behind the storage's back: see explorer_break.c */
const struct breakage *breakage_find(const char *name); /* NULL: none such */
void breakages_print(void);
/* what a server without the rule would have left in the row and answered; false where it does the same */
bool breakage_alter(const struct breakage *b, const struct raw_row *before, struct raw_row *after,
                    struct transition *t);

struct scale {
    int grace, coalesce; /* units of time */
    int64_t unit_ms;
    int skip_limit, ahead_max;
};
enum { LANES_MAX = 64 };
struct real {
    struct driver *driver;
    struct scale scale;
    struct rotation_policy policy;
    const struct breakage *broken; /* NULL: none */
    size_t lane_count;             /* how many presentations go to the storage at once */
    struct table known, wanted;    /* struct transition, struct presentation */
    struct raw_row lanes[LANES_MAX];
    unsigned char secret_hash[LANES_MAX][SECRET_HASH_LEN];
};
void real_init(struct real *r, struct driver *driver, const struct scale *scale, size_t lane_count);
void real_release(struct real *r);
/* one that is known, or NULL and wanted from now on */
const struct transition *real_find(struct real *r, const struct server *server, int gen);
/* makes all that are wanted */
void real_resolve(struct real *r);
/* lanes that go on from where they are, with waits between, their rows never set anew; all compared */
void real_wander(struct real *r, size_t presentations);

/* ---- the walks: false when a fault was found, and said ---- */

struct honest {
    int tabs, leg; /* units that a message is at most under way */
    bool losses, failover;
};
bool explore_honest(struct real *r, const struct honest *rules);
bool explore_theft(struct real *r, int turns_max);
void explore_chains(struct real *r, int depth);

#endif
