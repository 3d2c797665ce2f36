#include "keys/draft.h"

#include <assert.h>

#include "keys/times.h"

enum { NEW_KEYS_MAX = 4 }; /* for one algorithm: a pair that was missing, and a fresh one in its place */
static const int64_t ROW_KEPT_MAX_MS = (int64_t)KEYS_ROW_KEPT_DAYS * 24 * 60 * 60 * 1000;

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t sooner(int64_t a, int64_t b) { return a < b ? a : b; }

size_t keys_plan_room(const struct key_situation *situation)
{
    return situation->count + NEW_KEYS_MAX * (size_t)KEY_ALGORITHM_COUNT;
}

void draft_begin(struct draft *draft, const struct key_situation *situation, struct planned_key *plan)
{
    *draft = (struct draft){situation, plan, situation->count};
    for (size_t i = 0; i < situation->count; i++)
        plan[i] = (struct planned_key){.was = &situation->rows[i], .becomes = situation->rows[i]};
}

static bool has_changed(const struct planned_key *key)
{
    if (key->was == NULL || key->deleted) return true;
    const struct key_material *a = key->was, *b = &key->becomes;
    return a->activate_at != b->activate_at || a->retire_at != b->retire_at || a->remove_at != b->remove_at ||
           a->wanted_at != b->wanted_at || !bytes_equal(a->sealed_private, b->sealed_private);
}

size_t draft_end(struct draft *draft)
{
    size_t kept = 0;
    for (size_t i = 0; i < draft->count; i++)
        if (has_changed(&draft->at[i])) draft->at[kept++] = draft->at[i];
    return kept;
}

/* ---- looking ---- */

bool draft_is_gone(const struct draft *draft, const struct planned_key *key)
{
    return key->deleted || times_removed(&key->becomes, draft->s->now);
}

static bool can_sign(const struct planned_key *key)
{
    return key->was == NULL || bytes_present(key->becomes.sealed_private);
}

/* one that has no time yet comes last */
static bool is_before(const struct key_material *a, const struct key_material *b)
{
    if ((a->activate_at == 0) != (b->activate_at == 0)) return b->activate_at == 0;
    return a->activate_at != b->activate_at ? a->activate_at < b->activate_at : a->epoch < b->epoch;
}

struct draft_view draft_look(struct draft *draft, enum key_algorithm algorithm)
{
    struct draft_view view = {NULL, NULL, 0};
    int64_t now = draft->s->now;
    for (size_t i = 0; i < draft->count; i++) {
        struct planned_key *key = &draft->at[i];
        const struct key_material *row = &key->becomes;
        if (row->algorithm != algorithm) continue;
        view.next_epoch = later(view.next_epoch, row->epoch + 1);
        if (draft_is_gone(draft, key) || !can_sign(key)) continue;
        const struct key_material *best = view.signing == NULL ? NULL : &view.signing->becomes;
        if (times_may_sign(row, now) && times_better(row, best, now)) view.signing = key;
        if (times_waiting(row, now) && (view.waiting == NULL || is_before(row, &view.waiting->becomes)))
            view.waiting = key;
    }
    return view;
}

static bool is_configured(const struct draft *draft, enum key_algorithm algorithm)
{
    for (size_t i = 0; i < draft->s->algorithm_count; i++)
        if (draft->s->algorithms[i] == algorithm) return true;
    return false;
}

/* ---- one key ---- */

void draft_promote(struct draft *draft, struct planned_key *key)
{
    key->becomes.activate_at = draft->s->now;
    key->becomes.retire_at = draft->s->now + draft->s->times->rotate_every_ms;
    key->becomes.remove_at = 0;
}

void draft_retire(struct draft *draft, struct planned_key *key)
{
    key->becomes.retire_at = draft->s->now;
    key->becomes.remove_at = draft->s->now + draft->s->times->keep_after_ms;
    key->becomes.sealed_private = BYTES_ABSENT;
}

void draft_remove(struct draft *draft, struct planned_key *key)
{
    int64_t now = draft->s->now, retire_at = key->becomes.retire_at;
    key->becomes.retire_at = retire_at == 0 ? now : sooner(retire_at, now);
    key->becomes.remove_at = now;
    key->becomes.sealed_private = BYTES_ABSENT;
}

static struct planned_key *add(struct draft *draft, enum key_algorithm algorithm, int64_t epoch)
{
    assert(draft->count < keys_plan_room(draft->s));
    struct planned_key *key = &draft->at[draft->count++];
    int64_t now = draft->s->now;
    *key =
        (struct planned_key){.becomes = {.algorithm = algorithm, .epoch = epoch, .created_at = now, .wanted_at = now}};
    return key;
}

/* ---- an algorithm that is configured ---- */

static struct planned_key *find_or_make_signing(struct draft *draft, enum key_algorithm algorithm)
{
    struct draft_view view = draft_look(draft, algorithm);
    if (view.signing != NULL) return view.signing;
    /* one that is published is better than one that nobody has seen, even before its time */
    struct planned_key *next = view.waiting != NULL ? view.waiting : add(draft, algorithm, view.next_epoch);
    draft_promote(draft, next);
    return next;
}

static void begin_waiting(struct draft *draft, struct planned_key *waiting, int64_t at)
{
    waiting->becomes.activate_at = at;
    waiting->becomes.retire_at = at + draft->s->times->rotate_every_ms;
}

/* As the one that signs ends, the next begins, and was published for long enough before. A beginning that stands
 * already is only ever moved to be sooner: replicas with other settings must not pull it to and fro. */
static void chain(struct draft *draft, struct planned_key *signing, struct planned_key *waiting)
{
    const struct key_times *times = draft->s->times;
    struct key_material *row = &signing->becomes;
    int64_t end = row->activate_at + times->rotate_every_ms;
    if (row->retire_at != 0) end = sooner(end, row->retire_at);
    end = later(end, waiting->becomes.created_at + times->publish_before_ms);
    bool has_time = waiting->becomes.activate_at != 0;
    if (!has_time || later(end, draft->s->now) < waiting->becomes.activate_at)
        begin_waiting(draft, waiting, later(end, draft->s->now));
    if (waiting->becomes.retire_at <= waiting->becomes.activate_at)
        begin_waiting(draft, waiting, waiting->becomes.activate_at);
    bool moved = row->retire_at != waiting->becomes.activate_at;
    row->retire_at = waiting->becomes.activate_at;
    int64_t removed_at = row->retire_at + times->keep_after_ms;
    row->remove_at = moved ? removed_at : later(row->remove_at, removed_at);
}

/* Where nobody has seen yet that a key's time is over, it may have signed until now: the clock jumped, or all slept.
 * Then it is not gone either, though its remove_at has passed. (Whoever removes a key destroys its private part.) */
static bool ended_unseen(const struct planned_key *key) { return bytes_present(key->becomes.sealed_private); }

static bool is_over(const struct draft *draft, const struct planned_key *key)
{
    return draft_is_gone(draft, key) && !ended_unseen(key);
}

/* a key that has signed stays published for its last token, and its private part is destroyed */
static void let_pass(struct draft *draft, struct planned_key *key)
{
    struct key_material *row = &key->becomes;
    int64_t now = draft->s->now;
    if (row->retire_at == 0 || row->retire_at > now) {
        draft_retire(draft, key);
        return;
    }
    int64_t signed_until = ended_unseen(key) ? now : row->retire_at;
    row->remove_at = later(row->remove_at, signed_until + draft->s->times->keep_after_ms);
    row->sealed_private = BYTES_ABSENT;
}

static void say_wanted(struct draft *draft, enum key_algorithm algorithm, struct planned_key *waiting)
{
    int64_t now = draft->s->now;
    for (size_t i = 0; i < draft->count; i++) {
        const struct key_material *row = &draft->at[i].becomes;
        bool recent = row->wanted_at <= now && row->wanted_at > now - KEYS_WANTED_EVERY_MS;
        if (row->algorithm == algorithm && recent) return;
    }
    waiting->becomes.wanted_at = now;
}

struct chained {
    struct planned_key *signing, *waiting;
};

static struct chained chain_algorithm(struct draft *draft, enum key_algorithm algorithm)
{
    for (;;) {
        struct planned_key *signing = find_or_make_signing(draft, algorithm);
        struct draft_view view = draft_look(draft, algorithm);
        struct planned_key *waiting = view.waiting != NULL ? view.waiting : add(draft, algorithm, view.next_epoch);
        chain(draft, signing, waiting);
        /* one that begins at this very moment has to be followed in turn */
        if (waiting->becomes.activate_at > draft->s->now) return (struct chained){signing, waiting};
    }
}

static void tend_algorithm(struct draft *draft, enum key_algorithm algorithm)
{
    struct chained chained = chain_algorithm(draft, algorithm);
    say_wanted(draft, algorithm, chained.waiting);
    for (size_t i = 0; i < draft->count; i++) {
        struct planned_key *key = &draft->at[i];
        if (key->becomes.algorithm != algorithm || key == chained.signing || is_over(draft, key)) continue;
        if (!times_waiting(&key->becomes, draft->s->now)) let_pass(draft, key);
    }
}

/* ---- an algorithm that is not ---- */

/* Taking away what is not ours, or for good, has time. */
static bool clock_is_trusted(const struct draft *draft) { return draft->s->even_for_ms >= KEYS_WANTED_MAX_MS; }

static bool is_wanted(const struct draft *draft, enum key_algorithm algorithm)
{
    int64_t last = 0;
    for (size_t i = 0; i < draft->count; i++) {
        const struct key_material *row = &draft->at[i].becomes;
        if (row->algorithm == algorithm) last = later(last, later(row->wanted_at, row->created_at));
    }
    bool silent = last <= draft->s->now - KEYS_WANTED_MAX_MS;
    return !silent || !clock_is_trusted(draft);
}

static void let_go(struct draft *draft, enum key_algorithm algorithm)
{
    if (is_wanted(draft, algorithm)) return;
    for (size_t i = 0; i < draft->count; i++) {
        struct planned_key *key = &draft->at[i];
        if (key->becomes.algorithm != algorithm || is_over(draft, key)) continue;
        if (times_waiting(&key->becomes, draft->s->now))
            draft_remove(draft, key);
        else
            let_pass(draft, key);
    }
}

/* ---- all of them ---- */

static void clear_away(struct draft *draft, struct planned_key *key)
{
    enum key_algorithm algorithm = key->becomes.algorithm;
    if (!is_configured(draft, algorithm) && is_wanted(draft, algorithm)) return; /* others see to it */
    if (!draft_is_gone(draft, key)) return;
    key->becomes.sealed_private = BYTES_ABSENT;
    bool is_last = key->becomes.epoch + 1 == draft_look(draft, algorithm).next_epoch; /* others count on */
    int64_t until = key->becomes.remove_at + sooner(ROW_KEPT_MAX_MS, draft->s->times->rotate_every_ms);
    key->deleted = key->was != NULL && !is_last && until <= draft->s->now && clock_is_trusted(draft);
}

void draft_tend(struct draft *draft)
{
    for (int i = 0; i < KEY_ALGORITHM_COUNT; i++) {
        enum key_algorithm algorithm = (enum key_algorithm)i;
        if (is_configured(draft, algorithm))
            tend_algorithm(draft, algorithm);
        else
            let_go(draft, algorithm);
    }
    for (size_t i = 0; i < draft->count; i++) clear_away(draft, &draft->at[i]);
}
