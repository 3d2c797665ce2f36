#include "oauth/key_view.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "oauth/key_events.h"

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
    struct arena arena;      /* that reading's rows */
    struct key_material *rows;
    size_t count;
    struct key_events events;
};

struct key_view *key_view_create(void)
{
    struct key_view *view = calloc(1, sizeof *view);
    if (view == NULL) abort();
    pthread_mutex_init(&view->lock, NULL);
    atomic_init(&view->turn, 0);
    arena_init(&view->arena, SEEN_ARENA_MAX);
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

static bool is_same(const struct key_view *view, const struct key_reading *reading)
{
    if (view->count != reading->count) return false;
    for (size_t i = 0; i < view->count; i++)
        if (!is_same_row(&view->rows[i], &reading->rows[i])) return false;
    return true;
}

static void keep_rows(struct key_view *view, const struct key_reading *reading)
{
    arena_release(&view->arena);
    view->count = 0;
    view->rows = arena_take(&view->arena, (reading->count + 1) * sizeof *view->rows);
    for (size_t i = 0; view->rows != NULL && i < reading->count; i++) {
        struct key_material *row = &view->rows[view->count++];
        *row = reading->rows[i];
        row->kid = arena_copy(&view->arena, row->kid);
        row->public_jwk = arena_copy(&view->arena, row->public_jwk);
        row->sealed_private = arena_copy(&view->arena, row->sealed_private);
    }
}

static int64_t drift_of(const struct key_view *view, const struct key_reading *reading)
{
    return view->ring == NULL ? 0 : reading->now - keyring_now(view->ring);
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
    key_events_tell(&view->events, rules, reading);
    return true;
}

bool key_view_confirm(struct key_view *view, const struct key_rules *rules, const struct key_reading *reading)
{
    pthread_mutex_lock(&view->lock);
    bool confirmed = confirm(view, rules, reading);
    pthread_mutex_unlock(&view->lock);
    return confirmed;
}

struct keyring *key_view_open(const struct key_rules *rules, const struct key_reading *reading, struct fault *fault)
{
    const struct keyring_source source = {.rows = reading->rows,
                                          .count = reading->count,
                                          .algorithms = rules->algorithms,
                                          .algorithm_count = rules->algorithm_count,
                                          .secrets = rules->making.secrets,
                                          .now = reading->now,
                                          .asked_steady_ms = reading->asked_steady_us / 1000};
    return keyring_create(&source, fault);
}

/* with the lock held; takes the ring */
static void replace(struct key_view *view, const struct key_rules *rules, const struct key_reading *reading,
                    struct keyring *ring)
{
    int64_t drift_ms = drift_of(view, reading);
    if (drift_ms < -JUMP_LEAST_MS || drift_ms > JUMP_LEAST_MS) key_events_tell_jump(drift_ms);
    keyring_release(view->ring);
    view->ring = ring;
    view->asked_steady_us = reading->asked_steady_us;
    keep_rows(view, reading);
    key_events_tell(&view->events, rules, reading);
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
                                    view->ring == NULL ? 0 : keyring_now(view->ring)};
    for (size_t i = 0; i < view->count; i++) each(data, &view->rows[i], key_state_of(&s, i));
    pthread_mutex_unlock(&view->lock);
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
