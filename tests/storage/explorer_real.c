#include "explorer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/encoding.h"
#include "base/random.h"

#define HOUR ((int64_t)3600 * 1000)
#define DAY (24 * HOUR)

enum { OLD_MAC_KID = 3, NEW_MAC_KID = 200 };

/* ---- lanes: one grant each ---- */

static void make_lane(struct real *r, size_t lane)
{
    struct new_grant ask = {
        .grant = {.client_id = BYTES("explorer"),
                  .subject = BYTES("s"),
                  .kratos_session_id = BYTES("k"),
                  .identity_id = BYTES("s"),
                  .scope = BYTES("openid"),
                  .audience = BYTES("[]"),
                  .claims = BYTES("{}"),
                  .acr = BYTES("aal1"),
                  .amr = BYTES("[]")},
        .mac_kid = OLD_MAC_KID,
        .idle_ttl_ms = 14 * DAY,
        .absolute_ttl_ms = 30 * DAY,
        .session_grants_max = LANES_MAX,
    };
    uuid_make(ask.grant.id);
    random_fill(ask.secret_hash, sizeof ask.secret_hash);
    memcpy(r->lanes[lane].grant_id, ask.grant.id, GRANT_ID_LEN);
    memcpy(r->secret_hash[lane], ask.secret_hash, SECRET_HASH_LEN);
    struct stored_grant stored;
    driver_run(r->driver, VERB_STORE_GRANT, &ask, &stored);
    if (stored.outcome != GRANT_STORED) die("a grant was not stored");
}

static void add_client(struct driver *d)
{
    struct client_row row = {.client_id = BYTES("explorer"), .record = BYTES("{}"), .created_at = 1};
    struct added_client added;
    driver_run(d, VERB_ADD_CLIENT, &row, &added);
}

void real_init(struct real *r, struct driver *driver, const struct scale *scale, size_t lane_count)
{
    if (driver->raw == NULL) die("%s: its rows can't be set from outside", driver->dsn);
    *r = (struct real){.driver = driver, .scale = *scale, .lane_count = lane_count};
    r->policy = (struct rotation_policy){
        .grace_ms = scale->grace * scale->unit_ms,
        .coalesce_ms = scale->coalesce * scale->unit_ms,
        .skip_limit = (uint32_t)scale->skip_limit,
        .ahead_max = (uint32_t)scale->ahead_max,
        .look_max_age_ms = INT64_MAX,
    };
    table_init(&r->known, sizeof(struct presentation), sizeof(struct transition));
    table_init(&r->wanted, sizeof(struct presentation), sizeof(struct presentation));
    add_client(driver);
    for (size_t i = 0; i < lane_count; i++) make_lane(r, i);
}

void real_release(struct real *r)
{
    table_release(&r->known);
    table_release(&r->wanted);
}

/* ---- one batch: rows set, tokens presented, rows read back, compared ---- */

struct batch {
    uint32_t gens[LANES_MAX]; /* presented */
    size_t count;
    struct raw_row before[LANES_MAX], after[LANES_MAX];
    struct rotation asks[LANES_MAX];
    struct rotated answers[LANES_MAX];
    int64_t began_at, ended_at;
};

static void set_row(const struct real *r, struct raw_row *row, const struct server *server, int64_t now)
{
    row->state = (struct rotation_state){
        .gen = server->gen,
        .base_gen = server->base_gen,
        .low_gen = server->low_gen,
        .rotated_at = now - server->age * r->scale.unit_ms,
        .skips = (uint32_t)server->skips,
        .mac_kid = OLD_MAC_KID,
        .idle_ttl_ms = 14 * DAY,
        .idle_expires_at = now + DAY,
        .expires_at = now + (server->gen % 2 == 0 ? 30 * DAY : 10 * DAY), /* so that either end of min() is met */
        .revoked_at = server->revoked ? now - HOUR : 0,
        .session_checked_at = now - HOUR,
    };
    snprintf(row->revoked_because, sizeof row->revoked_because, "%s", server->revoked ? "session_ended" : "");
}

static void set_rows(const struct real *r, struct batch *b, const struct transition *transitions)
{
    b->began_at = raw_now(r->driver->raw);
    for (size_t i = 0; i < b->count; i++) {
        b->before[i] = r->lanes[i];
        set_row(r, &b->before[i], &transitions[i].from.server, b->began_at);
        b->gens[i] = (uint32_t)transitions[i].from.gen;
    }
    raw_write(r->driver->raw, b->before, b->count);
}

static void present(const struct real *r, struct batch *b)
{
    struct errand errands[LANES_MAX];
    struct driver *d = r->driver;
    for (size_t i = 0; i < b->count; i++) {
        b->asks[i] = (struct rotation){
            .client_id = BYTES("explorer"), .gen = b->gens[i], .mac_kid = NEW_MAC_KID, .policy = r->policy};
        memcpy(b->asks[i].grant_id, r->lanes[i].grant_id, GRANT_ID_LEN);
        memcpy(b->asks[i].secret_hash, r->secret_hash[i], SECRET_HASH_LEN);
        errands[i] = (struct errand){.verb = VERB_ROTATE, .in = &b->asks[i], .out = &b->answers[i]};
        errand_start(&errands[i], d->store, &d->arena);
    }
    errands_await(d->loop, errands, b->count);
    for (size_t i = 0; i < b->count; i++)
        if (errands[i].fault.kind != FAULT_NONE) die("rotate: %s", errands[i].fault.what);
    b->ended_at = raw_now(d->raw);
}

static void read_rows(const struct real *r, struct batch *b)
{
    memcpy(b->after, b->before, b->count * sizeof *b->after);
    if (raw_read(r->driver->raw, b->after, b->count) != b->count) die("a row is gone");
}

static void print_state(const char *name, const struct rotation_state *s, int64_t now)
{
    fprintf(stderr,
            "  %-8s gen %" PRId64 " base %" PRId64 " low %" PRId64 " age %" PRId64
            " ms skips %u mac_kid %u idle in %" PRId64 " ms ends in %" PRId64 " ms revoked %" PRId64 " looked %" PRId64
            "\n",
            name, s->gen, s->base_gen, s->low_gen, now - s->rotated_at, s->skips, s->mac_kid, s->idle_expires_at - now,
            s->expires_at - now, s->revoked_at, s->session_checked_at - now);
}

static bool same_state(const struct rotation_state *a, const struct rotation_state *b)
{
    return a->gen == b->gen && a->base_gen == b->base_gen && a->low_gen == b->low_gen &&
           a->rotated_at == b->rotated_at && a->skips == b->skips && a->mac_kid == b->mac_kid &&
           a->idle_ttl_ms == b->idle_ttl_ms && a->idle_expires_at == b->idle_expires_at &&
           a->expires_at == b->expires_at && a->revoked_at == b->revoked_at &&
           a->session_checked_at == b->session_checked_at && a->session_expires_at == b->session_expires_at;
}

static bool same_answer(const struct rotated *got, const struct expectation *want)
{
    const struct rotation_state *s = &want->next;
    return got->outcome == want->outcome && got->gen == s->gen && got->mac_kid == s->mac_kid &&
           got->idle_expires_at == s->idle_expires_at && got->expires_at == s->expires_at &&
           got->revoked_at == s->revoked_at && got->session_checked_at == s->session_checked_at &&
           bytes_equal(got->grant.client_id, BYTES("explorer"));
}

static void compare(const struct real *r, const struct batch *b, size_t i)
{
    const struct rotated *got = &b->answers[i];
    if (got->now < b->began_at || got->now > b->ended_at)
        die("the answer's time is %" PRId64 ", not from %" PRId64 " to %" PRId64, got->now, b->began_at, b->ended_at);
    struct expectation want =
        rules_expect(&r->policy, &b->before[i].state, b->asks[i].gen, b->asks[i].mac_kid, got->now);
    bool revoked = b->after[i].state.revoked_at != 0;
    if (same_state(&b->after[i].state, &want.next) && same_answer(got, &want) &&
        revoked == (b->after[i].revoked_because[0] != '\0'))
        return;
    fprintf(stderr, "the storage and the rules differ: %u presented, of %zu at once: %s answering %u, expected %s\n",
            b->asks[i].gen, b->count, rotate_outcome_name(got->outcome), got->gen, rotate_outcome_name(want.outcome));
    print_state("before", &b->before[i].state, got->now);
    print_state("after", &b->after[i].state, got->now);
    print_state("expected", &want.next, got->now);
    die("  answered: mac_kid %u idle in %" PRId64 " ms ends in %" PRId64 " ms revoked %" PRId64, got->mac_kid,
        got->idle_expires_at - got->now, got->expires_at - got->now, got->revoked_at);
}

static void write_down(const struct batch *b, size_t i, struct transition *t)
{
    const struct rotation_state *s = &b->after[i].state;
    bool aged = s->rotated_at == b->before[i].state.rotated_at;
    t->to = (struct server){(int8_t)s->gen,     (int8_t)s->base_gen,
                            (int8_t)s->low_gen, aged ? t->from.server.age : (int8_t)0,
                            (int8_t)s->skips,   s->revoked_at != 0};
}

static void run_batch(const struct real *r, struct transition *transitions, size_t count)
{
    static struct batch b;
    b.count = count;
    set_rows(r, &b, transitions);
    present(r, &b);
    read_rows(r, &b);
    bool altered = false;
    for (size_t i = 0; i < count; i++) {
        struct transition *t = &transitions[i];
        compare(r, &b, i);
        t->outcome = (int8_t)b.answers[i].outcome;
        t->answer = rotate_outcome_succeeds(b.answers[i].outcome) ? (int8_t)b.answers[i].gen : (int8_t)-1;
        if (r->broken != NULL) altered |= breakage_alter(r->broken, &b.before[i], &b.after[i], t);
    }
    if (altered) raw_write(r->driver->raw, b.after, count);
    if (altered) read_rows(r, &b);
    for (size_t i = 0; i < count; i++) write_down(&b, i, &transitions[i]);
    arena_release(&r->driver->arena);
}

/* ---- what the walks ask ---- */

const struct transition *real_find(struct real *r, const struct server *server, int gen)
{
    struct presentation asked = {*server, (int8_t)gen};
    size_t place = table_find(&r->known, &asked);
    if (place != TABLE_NONE) return table_at(&r->known, place);
    table_add(&r->wanted, &asked);
    return NULL;
}

void real_resolve(struct real *r)
{
    struct transition transitions[LANES_MAX];
    for (size_t at = 0; at < r->wanted.count;) {
        size_t count = 0;
        while (count < r->lane_count && at < r->wanted.count) {
            const struct presentation *from = table_at(&r->wanted, at++);
            transitions[count++] = (struct transition){.from = *from};
        }
        run_batch(r, transitions, count);
        for (size_t i = 0; i < count; i++) table_add(&r->known, &transitions[i]);
    }
    table_release(&r->wanted);
    table_init(&r->wanted, sizeof(struct presentation), sizeof(struct presentation));
}

/* ---- lanes that wander ---- */

static void wait_a_while(const struct real *r, struct raw_row *row)
{
    int64_t waited_ms = random_below((uint32_t)r->scale.grace + 2) * r->scale.unit_ms;
    row->state.rotated_at -= waited_ms;
}

static uint32_t choose_gen(const struct raw_row *row)
{
    int64_t around = row->state.gen - 4 + random_below(6); /* up to one ahead: most often not reuse */
    int64_t gen = random_below(8) == 0 ? around : row->state.gen - random_below(2);
    return gen < 0 ? 0 : (uint32_t)gen;
}

void real_wander(struct real *r, size_t presentations)
{
    static struct batch b;
    const struct server fresh = {.base_gen = -1, .low_gen = -1};
    struct transition transitions[LANES_MAX];
    for (size_t i = 0; i < r->lane_count; i++) transitions[i] = (struct transition){.from.server = fresh};
    b.count = r->lane_count;
    set_rows(r, &b, transitions);
    memcpy(b.after, b.before, sizeof b.after);
    for (size_t turn = 0; turn < presentations; turn++) {
        memcpy(b.before, b.after, sizeof b.before);
        for (size_t i = 0; i < b.count; i++) {
            wait_a_while(r, &b.before[i]);
            if (b.before[i].state.revoked_at != 0) set_row(r, &b.before[i], &fresh, b.began_at);
            b.gens[i] = choose_gen(&b.before[i]);
        }
        raw_write(r->driver->raw, b.before, b.count);
        b.began_at = raw_now(r->driver->raw);
        present(r, &b);
        read_rows(r, &b);
        for (size_t i = 0; i < b.count; i++) compare(r, &b, i);
        arena_release(&r->driver->arena);
    }
}
