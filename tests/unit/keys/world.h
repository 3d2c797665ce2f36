/* world: a key table in memory and a clock, for the tests of plans: what a plan says is done to the table, as storage
 * would. */
#ifndef TESTS_UNIT_KEYS_WORLD_H
#define TESTS_UNIT_KEYS_WORLD_H

#include <stdio.h>
#include <string.h>

#include "keys/plan.h"
#include "keys/times.h"
#include "unit/test.h"

enum { WORLD_ROWS_MAX = 256 };
#define HOURS(n) ((int64_t)(n)*3600 * 1000)
#define DAYS(n) HOURS(24 * (n))
#define MINUTES(n) ((int64_t)(n)*60 * 1000)

struct world {
    struct key_material rows[WORLD_ROWS_MAX];
    size_t count;
    char kids[WORLD_ROWS_MAX][24];
    size_t made;
    struct key_times times;
    const enum key_algorithm *algorithms;
    size_t algorithm_count;
    int64_t now, even_for_ms;
};

static const enum key_algorithm world_one[] = {KEY_ES256};
static const enum key_algorithm world_two[] = {KEY_ES256, KEY_RS256};

/* the settings' defaults, and one algorithm */
static inline void world_begin(struct world *w)
{
    *w = (struct world){.now = DAYS(20000), .even_for_ms = DAYS(100), .algorithms = world_one, .algorithm_count = 1};
    w->times =
        (struct key_times){.rotate_every_ms = DAYS(30), .publish_before_ms = HOURS(24), .token_ttl_max_ms = HOURS(24)};
    w->times.keep_after_ms = keys_keep_after_least_ms(MINUTES(15), HOURS(24));
}

static inline struct key_situation world_situation(const struct world *w)
{
    return (struct key_situation){w->rows, w->count, w->algorithms, w->algorithm_count, &w->times, w->now, w->even_for_ms};
}

static inline struct key_material *world_find(struct world *w, struct bytes kid)
{
    for (size_t i = 0; i < w->count; i++)
        if (bytes_equal(w->rows[i].kid, kid)) return &w->rows[i];
    return NULL;
}

/* as a private key is made: "ES256-3" is the fourth key of all */
static inline void world_make(struct world *w, struct key_material *row)
{
    char *kid = w->kids[w->made % WORLD_ROWS_MAX];
    int len = snprintf(kid, sizeof w->kids[0], "%s-%zu", key_algorithm_name(row->algorithm).at, w->made++);
    row->kid = (struct bytes){kid, (size_t)len};
    row->sealed_private = BYTES("sealed");
    row->public_jwk = BYTES("{}");
}

static inline void world_apply_one(struct world *w, const struct planned_key *planned)
{
    struct key_material becomes = planned->becomes;
    if (planned->was == NULL) {
        for (size_t i = 0; i < w->count; i++)
            CHECK(w->rows[i].algorithm != becomes.algorithm || w->rows[i].epoch != becomes.epoch);
        world_make(w, &becomes);
        CHECK(w->count < WORLD_ROWS_MAX);
        w->rows[w->count++] = becomes;
        return;
    }
    struct key_material *row = world_find(w, becomes.kid);
    if (planned->deleted)
        *row = w->rows[--w->count];
    else
        *row = becomes;
}

/* all that it names is a copy: the rows move */
static inline void world_apply(struct world *w, const struct planned_key *plan, size_t count)
{
    for (size_t i = 0; i < count; i++) world_apply_one(w, &plan[i]);
}

/* how much had to be done; when it is done nothing more has to be */
static inline size_t world_tend(struct world *w)
{
    static struct planned_key plan[WORLD_ROWS_MAX + 64];
    struct key_situation situation = world_situation(w);
    size_t count = keys_plan(&situation, plan);
    world_apply(w, plan, count);
    struct key_situation after = world_situation(w);
    CHECK(keys_plan(&after, plan) == 0);
    return count;
}

static inline size_t world_count(const struct world *w, enum key_algorithm algorithm, enum key_state state)
{
    struct key_situation situation = world_situation(w);
    size_t count = 0;
    for (size_t i = 0; i < w->count; i++)
        count += w->rows[i].algorithm == algorithm && key_state_of(&situation, i) == state;
    return count;
}

/* the only one in that state; NULL: there is none */
static inline struct key_material *world_the(struct world *w, enum key_algorithm algorithm, enum key_state state)
{
    struct key_situation situation = world_situation(w);
    struct key_material *found = NULL;
    for (size_t i = 0; i < w->count; i++) {
        if (w->rows[i].algorithm != algorithm || key_state_of(&situation, i) != state) continue;
        CHECK(found == NULL);
        found = &w->rows[i];
    }
    return found;
}

#endif
