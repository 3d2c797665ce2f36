#include "oauth/key_view.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "keys/times.h"
#include "oauth/key_events.h"
#include "oauth/key_rows.h"

enum {
    DRIFT_MAX_MS = 1000,  /* between two readings; more, and what the old ring has prepared for times to come is not trusted */
    JUMP_LEAST_MS = 15000, /* far longer than an answer of the database may take */
    SEEN_ARENA_MAX = 16 * 1024 * 1024,
};

struct key_view {
    pthread_mutex_t lock;
    atomic_uint turn; /* one more with each ring */
    /* under lock */
    struct keyring *ring;
    int64_t asked_steady_us; /* the reading that it shows */
    int64_t even_since_us;   /* steady: since then the database's clock has not jumped */
    struct arena arena;      /* that reading's rows */
    struct key_material *rows;
    size_t count;
    struct key_troubles unread;
    struct key_events events;
};

struct key_view *key_view_create(void)
{
    struct key_view *view = calloc(1, sizeof *view);
    if (view == NULL) abort();
    pthread_mutex_init(&view->lock, NULL);
    atomic_init(&view->turn, 0);
    arena_init(&view->arena, SEEN_ARENA_MAX);
    key_events_init(&view->events);
    return view;
}

void key_view_destroy(struct key_view *view)
{
    if (view == NULL) return;
    keyring_release(view->ring);
    arena_release(&view->arena);
    key_events_release(&view->events);
    pthread_mutex_destroy(&view->lock);
    free(view);
}

/* ---- a reading comes ---- */

static bool is_same_row(const struct key_material *a, const struct key_material *b)
{
    return bytes_equal(a->kid, b->kid) && a->algorithm == b->algorithm && a->epoch == b->epoch && a->created_at == b->created_at &&
           a->activate_at == b->activate_at && a->retire_at == b->retire_at && a->remove_at == b->remove_at &&
           bytes_equal(a->public_jwk, b->public_jwk) && bytes_equal(a->sealed_private, b->sealed_private);
}

static bool has_same_unread(const struct key_view *view, const struct key_reading *reading)
{
    if (view->unread.count != reading->unread.count) return false;
    for (size_t i = 0; i < view->unread.count; i++)
        if (!bytes_equal(view->unread.at[i].words, reading->unread.at[i].words)) return false;
    return true;
}

static bool is_same(const struct key_view *view, const struct key_reading *reading)
{
    if (view->count != reading->count || !has_same_unread(view, reading)) return false;
    for (size_t i = 0; i < view->count; i++)
        if (!is_same_row(&view->rows[i], &reading->rows[i])) return false;
    return true;
}

static struct key_troubles copy_troubles(struct key_troubles troubles, struct arena *arena)
{
    struct key_trouble *copies = arena_take(arena, (troubles.count + 1) * sizeof *copies);
    for (size_t i = 0; copies != NULL && i < troubles.count; i++)
        copies[i] = (struct key_trouble){arena_copy(arena, troubles.at[i].kid), arena_copy(arena, troubles.at[i].words)};
    return (struct key_troubles){copies, copies == NULL ? 0 : troubles.count};
}

static void keep_rows(struct key_view *view, const struct key_reading *reading)
{
    arena_release(&view->arena);
    view->count = 0;
    view->unread = copy_troubles(reading->unread, &view->arena);
    view->rows = arena_take(&view->arena, (reading->count + 1) * sizeof *view->rows);
    for (size_t i = 0; view->rows != NULL && i < reading->count; i++) {
        struct key_material *row = &view->rows[view->count++];
        *row = key_rows_keep_row(&reading->rows[i], &view->arena);
    }
}

static int64_t drift_of(const struct key_view *view, const struct key_reading *reading)
{
    return view->ring == NULL ? 0 : reading->now - keyring_now(view->ring);
}

static bool is_jump(int64_t drift_ms) { return drift_ms < -JUMP_LEAST_MS || drift_ms > JUMP_LEAST_MS; }

int64_t key_view_even_for_ms(struct key_view *view, const struct key_reading *reading)
{
    pthread_mutex_lock(&view->lock);
    if (view->ring == NULL || is_jump(drift_of(view, reading))) view->even_since_us = reading->asked_steady_us;
    int64_t even_for_us = reading->asked_steady_us - view->even_since_us;
    pthread_mutex_unlock(&view->lock);
    return even_for_us / 1000;
}

/* with the lock held */
static bool confirm(struct key_view *view, const struct key_rules *rules, const struct key_reading *reading)
{
    if (view->ring == NULL) return false;
    if (reading->asked_steady_us <= view->asked_steady_us) return true;
    int64_t drift_ms = drift_of(view, reading);
    if (drift_ms < -DRIFT_MAX_MS || drift_ms > DRIFT_MAX_MS || !is_same(view, reading)) return false;
    keyring_confirm(view->ring, reading->now, reading->asked_steady_us / 1000);
    view->asked_steady_us = reading->asked_steady_us;
    key_events_tell(&view->events, rules, reading, keyring_troubles(view->ring));
    return true;
}

bool key_view_confirm(struct key_view *view, const struct key_rules *rules, const struct key_reading *reading)
{
    pthread_mutex_lock(&view->lock);
    bool confirmed = confirm(view, rules, reading);
    pthread_mutex_unlock(&view->lock);
    return confirmed;
}

static bool is_removed(const struct key_reading *reading, struct bytes kid)
{
    for (size_t i = 0; i < reading->count; i++)
        if (bytes_equal(reading->rows[i].kid, kid)) return times_removed(&reading->rows[i], reading->now);
    return true;
}

bool key_view_shows_removed(struct key_view *view, const struct key_reading *reading)
{
    bool found = false;
    pthread_mutex_lock(&view->lock);
    for (size_t i = 0; i < view->count && !found; i++)
        found = !times_removed(&view->rows[i], reading->now) && is_removed(reading, view->rows[i].kid);
    pthread_mutex_unlock(&view->lock);
    return found;
}

bool key_view_is_empty(struct key_view *view)
{
    pthread_mutex_lock(&view->lock);
    bool empty = view->ring == NULL;
    pthread_mutex_unlock(&view->lock);
    return empty;
}

static struct keyring *hold_ring(struct key_view *view)
{
    pthread_mutex_lock(&view->lock);
    struct keyring *ring = view->ring == NULL ? NULL : keyring_hold(view->ring);
    pthread_mutex_unlock(&view->lock);
    return ring;
}

struct keyring *key_view_open(struct key_view *view, const struct key_rules *rules, const struct key_reading *reading, struct fault *fault)
{
    struct keyring *before = hold_ring(view);
    const struct keyring_source source = {.rows = reading->rows,
                                          .count = reading->count,
                                          .unread = reading->unread,
                                          .before = before,
                                          .algorithms = rules->algorithms,
                                          .algorithm_count = rules->algorithm_count,
                                          .secrets = rules->making.secrets,
                                          .now = reading->now,
                                          .asked_steady_ms = reading->asked_steady_us / 1000};
    struct keyring *ring = keyring_create(&source, fault);
    keyring_release(before);
    return ring;
}

/* with the lock held; takes the ring */
static void replace(struct key_view *view, const struct key_rules *rules, const struct key_reading *reading,
                    struct keyring *ring)
{
    int64_t drift_ms = drift_of(view, reading);
    if (is_jump(drift_ms)) key_events_tell_jump(drift_ms);
    keyring_release(view->ring);
    view->ring = ring;
    view->asked_steady_us = reading->asked_steady_us;
    keep_rows(view, reading);
    key_events_tell(&view->events, rules, reading, keyring_troubles(ring));
    atomic_fetch_add_explicit(&view->turn, 1, memory_order_release);
}

void key_view_replace(struct key_view *view, const struct key_rules *rules, const struct key_reading *reading,
                      struct keyring *ring)
{
    pthread_mutex_lock(&view->lock);
    if (view->ring == NULL || reading->asked_steady_us > view->asked_steady_us)
        replace(view, rules, reading, ring);
    else
        keyring_release(ring); /* a later reading was faster */
    pthread_mutex_unlock(&view->lock);
}

/* ---- looking ---- */

void key_view_each(struct key_view *view, const struct key_rules *rules,
                   void (*each)(void *data, const struct key_material *key, enum key_state state), void *data)
{
    pthread_mutex_lock(&view->lock);
    const struct key_situation s = {view->rows, view->count, rules->algorithms, rules->algorithm_count, rules->times,
                                    view->ring == NULL ? 0 : keyring_now(view->ring), 0};
    for (size_t i = 0; i < view->count; i++) each(data, &view->rows[i], key_state_of(&s, i));
    pthread_mutex_unlock(&view->lock);
}

struct key_troubles key_view_troubles(struct key_view *view, struct arena *arena)
{
    struct keyring *ring = hold_ring(view);
    struct key_troubles copies = {NULL, 0};
    if (ring != NULL) copies = copy_troubles(keyring_troubles(ring), arena);
    keyring_release(ring);
    return copies;
}

static void look(struct key_seat *seat)
{
    struct key_view *view = seat->view;
    pthread_mutex_lock(&view->lock);
    assert(view->ring != NULL);
    keyring_release(seat->ring);
    seat->ring = keyring_hold(view->ring);
    seat->turn = atomic_load_explicit(&view->turn, memory_order_relaxed);
    pthread_mutex_unlock(&view->lock);
}

void key_seat_init(struct key_seat *seat, struct key_view *view)
{
    *seat = (struct key_seat){.view = view};
    look(seat);
}

void key_seat_release(struct key_seat *seat)
{
    keyring_release(seat->ring);
    *seat = (struct key_seat){.view = NULL};
}

struct keyring *key_seat_ring(struct key_seat *seat)
{
    if (atomic_load_explicit(&seat->view->turn, memory_order_acquire) != seat->turn) look(seat);
    return seat->ring;
}
