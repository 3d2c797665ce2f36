#include "keys/times.h"

/* what there is of one algorithm */
struct view {
    const struct key_material *signing, *waiting; /* NULL: none */
    int64_t next_epoch;
};

static struct view look(const struct key_material *present, size_t count, enum key_algorithm algorithm, int64_t now)
{
    struct view view = {NULL, NULL, 0};
    for (size_t i = 0; i < count; i++) {
        const struct key_material *key = &present[i];
        if (key->algorithm != algorithm) continue;
        if (key->epoch >= view.next_epoch) view.next_epoch = key->epoch + 1;
        if (times_may_sign(key, now) && times_better(key, view.signing, now)) view.signing = key;
        if (times_waiting(key, now) && view.waiting == NULL) view.waiting = key;
    }
    return view;
}

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

/* When the key that is to follow this one begins: as this one ends, but published for long enough before; yet not so
 * late that this one's last tokens outlive it in the key set. */
static int64_t succession(const struct key_material *signing, const struct key_times *times, int64_t now)
{
    int64_t end = signing->retire_at != 0 ? signing->retire_at : signing->activate_at + times->rotate_every_ms;
    int64_t at = later(end, now + times->publish_before_ms);
    int64_t latest = signing->remove_at - times->keep_after_ms;
    return signing->remove_at == 0 || at <= latest ? at : later(latest, now);
}

static size_t plan_algorithm(const struct view *view, const struct key_times *times, int64_t now,
                             struct key_material *rows)
{
    size_t count = 0;
    int64_t follows_at;
    if (view->signing == NULL) {
        bool is_followed = view->waiting != NULL && view->waiting->activate_at != 0;
        follows_at = is_followed ? view->waiting->activate_at : now + times->rotate_every_ms;
        rows[count++] = (struct key_material){
            .activate_at = now, .retire_at = follows_at, .remove_at = follows_at + times->keep_after_ms};
    } else {
        follows_at = succession(view->signing, times, now);
    }
    /* nothing follows this one yet, so nothing takes it out of the key set */
    if (view->waiting == NULL)
        rows[count++] =
            (struct key_material){.activate_at = follows_at, .retire_at = follows_at + times->rotate_every_ms};
    for (size_t i = 0; i < count; i++) rows[i].epoch = view->next_epoch + (int64_t)i;
    return count;
}

size_t keys_plan(const struct key_plan_ask *ask, struct key_material *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < ask->algorithm_count; i++) {
        struct view view = look(ask->present, ask->present_count, ask->algorithms[i], ask->now);
        size_t added = plan_algorithm(&view, ask->times, ask->now, rows + count);
        for (size_t k = count; k < count + added; k++) {
            rows[k].algorithm = ask->algorithms[i];
            rows[k].created_at = ask->now;
        }
        count += added;
    }
    return count;
}
