/* Chains from a new grant: every sequence of presentations of any generation, known or not, with waits of any length
 * between; as they are, no state made equal to another. What each does is compared with the rules where it is made. */
#include "explorer.h"

#include <stdio.h>

static void reach(struct real *r, const struct server *server, struct table *next)
{
    for (int gen = 0; gen <= server->gen + r->scale.ahead_max + 1; gen++) {
        const struct transition *t = real_find(r, server, gen);
        if (t != NULL && next != NULL) table_add(next, &t->to);
    }
}

static void present_after_waits(struct real *r, const struct table *level, struct table *next)
{
    for (size_t i = 0; i < level->count; i++) {
        struct server server = *(const struct server *)table_at(level, i);
        for (; server.age <= r->scale.grace + 1; server.age++) reach(r, &server, next);
    }
}

static void print_outcomes(const struct real *r)
{
    size_t counts[ROTATE_FAR_AHEAD + 1] = {0};
    for (size_t i = 0; i < r->known.count; i++) counts[((const struct transition *)table_at(&r->known, i))->outcome]++;
    for (int i = 0; i <= ROTATE_FAR_AHEAD; i++)
        if (counts[i] > 0) printf(" %s %zu", rotate_outcome_name((enum rotate_outcome)i), counts[i]);
    printf("\n");
}

void explore_chains(struct real *r, int depth)
{
    const struct server start = {.base_gen = -1, .low_gen = -1};
    struct table level, next;
    size_t states = 1;
    table_init(&level, sizeof start, sizeof start);
    table_add(&level, &start);
    for (int i = 0; i < depth; i++) {
        present_after_waits(r, &level, NULL);
        real_resolve(r);
        table_init(&next, sizeof start, sizeof start);
        present_after_waits(r, &level, &next);
        table_release(&level);
        level = next;
        states += level.count;
    }
    table_release(&level);
    printf("  %d presentations deep: %zu states, %zu real transitions by now, as the rules say:", depth, states,
           r->known.count);
    print_outcomes(r);
}
