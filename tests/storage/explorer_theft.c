/* Theft: owner and thief hold one token, from any past that honest use can leave; each presents what he holds, their
 * uses lie more than the grace apart, every answer arrives. After few changes of turn one of them must be refused, and
 * the family revoked with it. */
#include "explorer.h"

#include <stdio.h>

enum { GEN_KEPT = 40, WAY_LEN = 32 };

struct theft {
    struct server server;
    int8_t held[2]; /* by the owner, by the thief */
    int8_t last;    /* who had the last turn; -1: nobody */
    int8_t turns;   /* changes of turn */
};
struct theft_node {
    struct theft theft; /* the key */
    char way[WAY_LEN];
};
struct theft_walk {
    struct real *real;
    int turns_max, worst;
    struct table nodes;
    bool found;
};

static void report(struct theft_walk *walk, const struct theft_node *node, char who, const char *what)
{
    walk->found = true;
    printf("  NOT CAUGHT: %s (way %s, then %c) at gen %d, base %d, skips %d\n", what, node->way, who,
           node->theft.server.gen, node->theft.server.base_gen, node->theft.server.skips);
}

static void normalise(struct theft *t)
{
    int by = t->server.gen - GEN_KEPT;
    if (by <= 0) return;
    t->server.gen = (int8_t)(t->server.gen - by);
    t->server.base_gen = (int8_t)(t->server.base_gen - by);
    t->server.low_gen = t->server.low_gen - by < -1 ? (int8_t)-1 : (int8_t)(t->server.low_gen - by);
    for (int i = 0; i < 2; i++) t->held[i] = t->held[i] < by ? (int8_t)0 : (int8_t)(t->held[i] - by);
}

static void use(struct theft_walk *walk, const struct theft_node *from, int who, bool looking)
{
    const char name = "OT"[who];
    const struct transition *made = real_find(walk->real, &from->theft.server, from->theft.held[who]);
    if (made == NULL || looking) return;
    if (made->answer < 0) {
        if (!made->to.revoked) report(walk, from, name, "refused, but the family lives on");
        return;
    }
    struct theft_node next = *from;
    next.theft.server = made->to;
    next.theft.server.age = (int8_t)(walk->real->scale.grace + 1);
    next.theft.held[who] = made->answer;
    if (from->theft.last >= 0 && from->theft.last != who) next.theft.turns++;
    next.theft.last = (int8_t)who;
    size_t len = 0;
    while (next.way[len] != '\0') len++;
    if (len < WAY_LEN - 1) next.way[len] = name;
    if (next.theft.turns > walk->worst) walk->worst = next.theft.turns;
    if (next.theft.turns > walk->turns_max) report(walk, from, name, "too many turns");
    normalise(&next.theft);
    table_add(&walk->nodes, &next);
}

static void walk_level(struct theft_walk *walk, size_t from, size_t to, bool looking)
{
    for (size_t i = from; i < to && !walk->found; i++) {
        struct theft_node node = *(const struct theft_node *)table_at(&walk->nodes, i);
        use(walk, &node, 0, looking);
        if (!walk->found) use(walk, &node, 1, looking);
    }
}

static void add_starts(struct theft_walk *walk)
{
    int8_t old = (int8_t)(walk->real->scale.grace + 1);
    for (int8_t skips = 0; skips <= walk->real->scale.skip_limit; skips++) {
        struct server server = {
            .gen = (int8_t)(10 + skips), .base_gen = 9, .low_gen = skips == 0 ? 8 : 9, .age = old, .skips = skips};
        struct theft_node newest = {.theft = {server, {server.gen, server.gen}, -1, 0}};
        struct theft_node base = {.theft = {server, {server.base_gen, server.base_gen}, -1, 0}};
        table_add(&walk->nodes, &newest);
        table_add(&walk->nodes, &base);
    }
}

bool explore_theft(struct real *r, int turns_max)
{
    struct theft_walk walk = {.real = r, .turns_max = turns_max};
    table_init(&walk.nodes, sizeof(struct theft), sizeof(struct theft_node));
    add_starts(&walk);
    for (size_t from = 0, to = walk.nodes.count; from < to && !walk.found; from = to, to = walk.nodes.count) {
        walk_level(&walk, from, to, true);
        real_resolve(r);
        walk_level(&walk, from, to, false);
    }
    if (!walk.found)
        printf("  caught after at most %d turns in all %zu states, %zu real transitions by now\n", walk.worst,
               walk.nodes.count, r->known.count);
    table_release(&walk.nodes);
    return !walk.found;
}
