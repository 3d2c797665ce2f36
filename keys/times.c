#include "keys/times.h"

bool times_removed(const struct key_material *key, int64_t now) { return key->remove_at != 0 && key->remove_at <= now; }

bool times_published(const struct key_material *key, int64_t now) { return !times_removed(key, now); }

static bool started(const struct key_material *key, int64_t now)
{
    return key->activate_at != 0 && key->activate_at <= now;
}

bool times_may_sign(const struct key_material *key, int64_t now)
{
    return times_published(key, now) && started(key, now);
}

bool times_waiting(const struct key_material *key, int64_t now)
{
    return times_published(key, now) && !started(key, now);
}

bool times_better(const struct key_material *a, const struct key_material *b, int64_t now)
{
    if (b == NULL) return true;
    bool a_within = a->retire_at == 0 || now < a->retire_at, b_within = b->retire_at == 0 || now < b->retire_at;
    if (a_within != b_within) return a_within;
    if (a->activate_at != b->activate_at) return a->activate_at > b->activate_at;
    return a->epoch > b->epoch;
}
