/* Honest callers: some tabs over one store, always presenting what it holds; messages under way, lost, overtaking each
 * other; waits of any length; a failover that loses commits. Everything is relative to gen, so the states are finite,
 * and walked to their end breadth first: the first log-out found is the shortest. */
#include "explorer.h"

#include <stdio.h>
#include <string.h>

enum { TABS_MAX = 3, LOST_MAX = 2, GEN_KEPT = 40 };

/* what is on its way */
struct message {
    int8_t kind, gen, age; /* 'q': a request, 'a': an answer; 0: none */
};

struct world {
    struct server server;
    int8_t store; /* the token that the tabs hold */
    struct message messages[TABS_MAX];
    struct server lost[LOST_MAX]; /* states that a failover could bring back, newest first */
    int8_t lost_count, failed_over;
};

struct node {
    struct world world; /* the key */
    uint32_t parent;
    struct move {
        char kind;
        int8_t gen, answer;
    } move;
};

struct walk {
    struct real *real;
    const struct honest *rules;
    struct table nodes;
    uint32_t at;  /* the node whose moves are made */
    bool looking; /* only to learn which transitions are wanted */
    bool found;   /* a log-out */
    struct move fault;
    size_t moves;
};

/* ---- worlds in one form ---- */

static int message_count(const struct world *w)
{
    int count = 0;
    while (count < TABS_MAX && w->messages[count].kind != 0) count++;
    return count;
}

static void remove_message(struct world *w, int place)
{
    memmove(&w->messages[place], &w->messages[place + 1], (size_t)(TABS_MAX - 1 - place) * sizeof *w->messages);
    memset(&w->messages[TABS_MAX - 1], 0, sizeof *w->messages);
}

static void add_message(struct world *w, char kind, int8_t gen)
{
    struct message added = {(int8_t)kind, gen, 0};
    int place = message_count(w);
    for (; place > 0 && memcmp(&w->messages[place - 1], &added, sizeof added) > 0; place--)
        w->messages[place] = w->messages[place - 1];
    w->messages[place] = added;
}

static int8_t shifted(int8_t gen, int by) { return (int8_t)(gen - by); }

static void shift_server(struct server *s, int by)
{
    s->gen = shifted(s->gen, by);
    s->base_gen = shifted(s->base_gen, by);
    s->low_gen = s->low_gen - by < -1 ? (int8_t)-1 : shifted(s->low_gen, by);
}

static void normalise(struct world *w)
{
    int by = w->server.gen - GEN_KEPT;
    if (by <= 0) return;
    shift_server(&w->server, by);
    w->store = shifted(w->store, by);
    for (int i = 0; i < message_count(w); i++) w->messages[i].gen = shifted(w->messages[i].gen, by);
    for (int i = 0; i < w->lost_count; i++) shift_server(&w->lost[i], by);
}

/* ---- moves ---- */

static void reach(struct walk *walk, struct world *w, struct move move)
{
    walk->moves++;
    normalise(w);
    struct node node = {.world = *w, .parent = walk->at, .move = move};
    table_add(&walk->nodes, &node);
}

static bool all_old(const struct walk *walk, const struct world *w)
{
    bool old = w->server.age > walk->real->scale.grace;
    for (int i = 0; i < w->lost_count; i++) old = old && w->lost[i].age > walk->real->scale.grace;
    return old;
}

static void age_server(const struct walk *walk, struct server *s)
{
    if (s->age <= walk->real->scale.grace) s->age++;
}

static void tick(struct walk *walk, const struct world *from)
{
    struct world w = *from;
    int count = message_count(&w);
    if (count == 0 && all_old(walk, &w)) return; /* nothing would change */
    for (int i = 0; i < count; i++)
        if (w.messages[i].age++ >= walk->rules->leg) return; /* must arrive or be lost first */
    age_server(walk, &w.server);
    for (int i = 0; i < w.lost_count; i++) age_server(walk, &w.lost[i]);
    reach(walk, &w, (struct move){'t', 0, 0});
}

static void send_request(struct walk *walk, const struct world *from)
{
    if (message_count(from) == walk->rules->tabs) return;
    struct world w = *from;
    add_message(&w, 'q', w.store);
    reach(walk, &w, (struct move){'s', w.store, 0});
}

static void lose(struct walk *walk, const struct world *from, int place)
{
    if (!walk->rules->losses) return;
    struct world w = *from;
    struct message lost = w.messages[place];
    remove_message(&w, place);
    reach(walk, &w, (struct move){lost.kind == 'q' ? 'Q' : 'A', lost.gen, 0});
}

static void remember(const struct walk *walk, struct world *w, const struct server *before)
{
    if (!walk->rules->failover || w->failed_over || memcmp(&w->server, before, sizeof *before) == 0) return;
    memmove(&w->lost[1], &w->lost[0], (LOST_MAX - 1) * sizeof *w->lost);
    w->lost[0] = *before;
    if (w->lost_count < LOST_MAX) w->lost_count++;
}

static void arrive_request(struct walk *walk, const struct world *from, int place)
{
    struct world w = *from;
    int8_t gen = w.messages[place].gen;
    const struct transition *t = real_find(walk->real, &w.server, gen);
    if (t == NULL || walk->looking) return;
    struct move move = {'r', gen, t->answer};
    if (t->answer < 0) {
        walk->found = true;
        walk->fault = move;
        return;
    }
    remove_message(&w, place);
    add_message(&w, 'a', t->answer);
    w.server = t->to;
    remember(walk, &w, &from->server);
    reach(walk, &w, move);
}

static void arrive_answer(struct walk *walk, const struct world *from, int place)
{
    struct world w = *from;
    w.store = w.messages[place].gen;
    remove_message(&w, place);
    reach(walk, &w, (struct move){'a', w.store, 0});
}

static void fail_over(struct walk *walk, const struct world *from, int to)
{
    struct world w = *from;
    w.server = w.lost[to];
    memset(w.lost, 0, sizeof w.lost);
    w.lost_count = 0;
    w.failed_over = 1;
    reach(walk, &w, (struct move){'f', w.server.gen, 0});
}

static void make_moves(struct walk *walk, const struct world *w)
{
    for (int i = 0; i < message_count(w) && !walk->found; i++) {
        if (i > 0 && memcmp(&w->messages[i], &w->messages[i - 1], sizeof *w->messages) == 0) continue;
        if (w->messages[i].kind == 'q')
            arrive_request(walk, w, i);
        else if (!walk->looking)
            arrive_answer(walk, w, i);
        if (!walk->looking) lose(walk, w, i);
    }
    if (walk->looking || walk->found) return;
    tick(walk, w);
    send_request(walk, w);
    for (int i = 0; i < w->lost_count; i++) fail_over(walk, w, i);
}

/* ---- the walk ---- */

static void walk_level(struct walk *walk, size_t from, size_t to, bool looking)
{
    walk->looking = looking;
    for (size_t i = from; i < to && !walk->found; i++) {
        struct world w = ((const struct node *)table_at(&walk->nodes, i))->world;
        walk->at = (uint32_t)i;
        make_moves(walk, &w);
    }
}

static void print_move(const struct move *m)
{
    switch (m->kind) {
    case 's': printf("send %d", m->gen); return;
    case 'r':
        if (m->answer < 0)
            printf("%d is REFUSED", m->gen);
        else
            printf("request %d -> %d", m->gen, m->answer);
        return;
    case 'a': printf("answer %d", m->gen); return;
    case 'Q': printf("request %d lost", m->gen); return;
    case 'A': printf("answer %d lost", m->gen); return;
    case 'f': printf("failover to %d", m->gen); return;
    default: printf("wait");
    }
}

static void print_way(const struct walk *walk, uint32_t place)
{
    const struct node *node = table_at(&walk->nodes, place);
    if (place == 0) return;
    print_way(walk, node->parent);
    print_move(&node->move);
    printf(" | ");
}

static void report(const struct walk *walk)
{
    if (!walk->found) {
        printf("  no log-out in all %zu states, %zu moves, %zu real transitions by now\n", walk->nodes.count,
               walk->moves, walk->real->known.count);
        return;
    }
    struct world w = ((const struct node *)table_at(&walk->nodes, walk->at))->world;
    printf("  LOGGED OUT: ");
    print_way(walk, walk->at);
    print_move(&walk->fault);
    printf(" at (gen %d, base %d, low %d, age %d, skips %d)\n", w.server.gen, w.server.base_gen, w.server.low_gen,
           w.server.age, w.server.skips);
}

bool explore_honest(struct real *r, const struct honest *rules)
{
    struct walk walk = {.real = r, .rules = rules};
    int8_t old = (int8_t)(r->scale.grace + 1);
    struct node start = {.world.server = {.base_gen = -1, .low_gen = -1, .age = old}};
    table_init(&walk.nodes, sizeof(struct world), sizeof(struct node));
    table_add(&walk.nodes, &start);
    for (size_t from = 0, to = 1; from < to && !walk.found; from = to, to = walk.nodes.count) {
        walk_level(&walk, from, to, true);
        real_resolve(r);
        walk_level(&walk, from, to, false);
    }
    report(&walk);
    table_release(&walk.nodes);
    return !walk.found;
}
