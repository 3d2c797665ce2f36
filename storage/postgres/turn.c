#include "storage/postgres/turn.h"

#include <assert.h>
#include <string.h>

static const struct rotation *presentation_of(const struct job *job) { return &job->calls->in.rotation; }

static struct job **bucket_of(struct turns *turns, const struct job *job)
{
    uint64_t hash; /* a grant's id is random, and its token's tag was checked before */
    memcpy(&hash, presentation_of(job)->grant_id, sizeof hash);
    return &turns->buckets[hash % TURN_BUCKETS];
}

static bool is_same_grant(const struct job *a, const struct job *b)
{
    return memcmp(presentation_of(a)->grant_id, presentation_of(b)->grant_id, GRANT_ID_LEN) == 0;
}

static bool is_same_policy(const struct rotation_policy *a, const struct rotation_policy *b)
{
    return a->grace_ms == b->grace_ms && a->coalesce_ms == b->coalesce_ms && a->skip_limit == b->skip_limit &&
           a->ahead_max == b->ahead_max && a->never == b->never && a->look_max_age_ms == b->look_max_age_ms;
}

/* what one look found is given to all who waited for it: they are equal then too */
static bool is_same_look(const struct rotation *a, const struct rotation *b)
{
    if (a->looked != b->looked) return false;
    if (!a->looked) return true;
    return a->look_began_steady_ms == b->look_began_steady_ms && a->session_expires_at == b->session_expires_at &&
           bytes_present(a->claims) == bytes_present(b->claims) && bytes_equal(a->claims, b->claims);
}

static bool is_same(const struct job *job_a, const struct job *job_b)
{
    const struct rotation *a = presentation_of(job_a), *b = presentation_of(job_b);
    return memcmp(a->grant_id, b->grant_id, GRANT_ID_LEN) == 0 && a->gen == b->gen && a->mac_kid == b->mac_kid &&
           memcmp(a->secret_hash, b->secret_hash, SECRET_HASH_LEN) == 0 && bytes_equal(a->client_id, b->client_id) &&
           is_same_policy(&a->policy, &b->policy) && is_same_look(a, b);
}

/* never one that was sent: a revocation may have been answered since */
static struct job *find_equal(struct job *holder, const struct job *job)
{
    if (!holder->sent && is_same(holder, job)) return holder;
    for (struct job *j = holder->behind; j != NULL; j = j->next)
        if (is_same(j, job)) return j;
    return NULL;
}

static void put_behind(struct job *holder, struct job *job)
{
    struct job **last = &holder->behind;
    while (*last != NULL) last = &(*last)->next;
    *last = job;
    job->next = NULL;
}

static void hold(struct turns *turns, struct job *job)
{
    struct job **bucket = bucket_of(turns, job);
    job->hash_next = *bucket;
    *bucket = job;
    job->has_turn = true;
}

enum turn_taken turn_take(struct turns *turns, struct job *job)
{
    struct job *holder = *bucket_of(turns, job);
    while (holder != NULL && !is_same_grant(holder, job)) holder = holder->hash_next;
    if (holder == NULL) {
        hold(turns, job);
        return TURN_NOW;
    }
    struct job *equal = find_equal(holder, job);
    if (equal != NULL) {
        job_join(equal, job);
        return TURN_JOINED;
    }
    put_behind(holder, job);
    return TURN_LATER;
}

struct job *turn_end(struct turns *turns, struct job *job)
{
    struct job **at = bucket_of(turns, job);
    while (*at != job) {
        assert(*at != NULL);
        at = &(*at)->hash_next;
    }
    *at = job->hash_next;
    job->has_turn = false;
    struct job *next = job->behind;
    if (next == NULL) return NULL;
    next->behind = next->next;
    job->behind = next->next = NULL;
    hold(turns, next);
    return next;
}

static struct job *take_late_behind(struct job *holder, int64_t now_ms)
{
    for (struct job **at = &holder->behind; *at != NULL; at = &(*at)->next) {
        struct job *job = *at;
        if (job->deadline_ms > now_ms) continue;
        *at = job->next;
        job->next = NULL;
        return job;
    }
    return NULL;
}

struct job *turn_take_late(struct turns *turns, int64_t now_ms)
{
    for (size_t i = 0; i < TURN_BUCKETS; i++)
        for (struct job *holder = turns->buckets[i]; holder != NULL; holder = holder->hash_next) {
            struct job *late = take_late_behind(holder, now_ms);
            if (late != NULL) return late;
        }
    return NULL;
}
