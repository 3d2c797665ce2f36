#include "companion/session_tokens.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/secret.h"
#include "companion/session_forgets.h"

enum {
    BUCKETS = 512, /* of each shard */
    SHARD_ENTRIES_MAX = SESSION_TOKENS_MAX / SESSION_TOKENS_SHARDS,
    SHARD_BYTES_MAX = SESSION_TOKENS_BYTES_MAX / SESSION_TOKENS_SHARDS,
};

/* One who waits for another's look. On the heap: his loop may still have the post when his request is gone. */
struct waiter {
    struct wait wait;
    struct post post;
    struct flow *flow; /* NULL: he left */
    struct session_find *find;
    struct waiter *next;
    bool posted; /* off the list, and his loop will run the post */
    /* then one of the two: */
    struct session_outcome *outcome; /* held */
    bool looks;
};

/* kept, with an outcome; or looked for, without one: then it belongs to who looks, and only he takes it away */
struct session_entry {
    struct session_key key;
    struct session_entry *next; /* in its bucket */
    struct session_outcome *outcome;
    struct session_entry *newer, *older; /* of those that are kept */
    struct waiter *first, **last;
};

struct shard {
    pthread_mutex_t lock;
    struct session_entry *buckets[BUCKETS];
    struct session_entry *newest, *oldest; /* kept */
    size_t count, bytes;                   /* kept */
};

struct session_tokens {
    struct session_secret secret;
    struct session_forgets forgets;
    struct shard shards[SESSION_TOKENS_SHARDS];
};

struct session_tokens *session_tokens_create(void)
{
    struct session_tokens *tokens = calloc(1, sizeof *tokens);
    if (tokens == NULL) abort();
    random_fill(&tokens->secret, sizeof tokens->secret);
    session_forgets_init(&tokens->forgets);
    for (size_t i = 0; i < SESSION_TOKENS_SHARDS; i++)
        if (pthread_mutex_init(&tokens->shards[i].lock, NULL) != 0) abort();
    return tokens;
}

void session_tokens_key(const struct session_tokens *tokens, uint32_t profile, const struct whoami_ask *credential,
                        struct session_key *key)
{
    session_key_make(&tokens->secret, profile, credential, key);
}

void session_tokens_name(const struct session_tokens *tokens, const struct session_subject *subject,
                         struct session_names *names)
{
    session_names_make(&tokens->secret, subject, names);
}

/* ---- a shard, under its lock ---- */

static struct shard *shard_of(struct session_tokens *tokens, const struct session_key *key)
{
    return &tokens->shards[key->at[0] % SESSION_TOKENS_SHARDS];
}

static struct session_entry **bucket_of(struct shard *shard, const struct session_key *key)
{
    return &shard->buckets[((size_t)key->at[1] << 8 | key->at[2]) % BUCKETS];
}

static struct session_entry *find_entry(struct shard *shard, const struct session_key *key)
{
    struct session_entry *entry = *bucket_of(shard, key);
    while (entry != NULL && memcmp(entry->key.at, key->at, sizeof key->at) != 0) entry = entry->next;
    return entry;
}

static struct session_entry *add_entry(struct shard *shard, const struct session_key *key)
{
    struct session_entry *entry = calloc(1, sizeof *entry), **bucket = bucket_of(shard, key);
    if (entry == NULL) abort();
    entry->key = *key;
    entry->last = &entry->first;
    entry->next = *bucket;
    *bucket = entry;
    return entry;
}

static void remove_entry(struct shard *shard, struct session_entry *entry)
{
    struct session_entry **at = bucket_of(shard, &entry->key);
    while (*at != entry) at = &(*at)->next;
    *at = entry->next;
    free(entry);
}

static size_t bytes_of_entry(const struct session_entry *entry) { return sizeof *entry + entry->outcome->size; }

static void keep(struct shard *shard, struct session_entry *entry, struct session_outcome *outcome)
{
    entry->outcome = session_outcome_hold(outcome);
    entry->newer = NULL;
    entry->older = shard->newest;
    *(shard->newest != NULL ? &shard->newest->newer : &shard->oldest) = entry;
    shard->newest = entry;
    shard->count++;
    shard->bytes += bytes_of_entry(entry);
}

/* what is left is an entry that is looked for */
static void drop_outcome(struct shard *shard, struct session_entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &shard->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &shard->oldest) = entry->newer;
    shard->count--;
    shard->bytes -= bytes_of_entry(entry);
    session_outcome_release(entry->outcome);
    entry->outcome = NULL;
}

static void drop_entry(struct shard *shard, struct session_entry *entry)
{
    drop_outcome(shard, entry);
    remove_entry(shard, entry);
}

/* the oldest, while its time is over or there is no room for so many bytes more */
static void make_room(struct shard *shard, size_t bytes)
{
    int64_t now = clock_steady_ms();
    while (shard->oldest != NULL && (shard->oldest->outcome->until_steady_ms <= now ||
                                     shard->count >= SHARD_ENTRIES_MAX || shard->bytes + bytes > SHARD_BYTES_MAX))
        drop_entry(shard, shard->oldest);
}

/* ---- asking ---- */

static bool may_be_handed_out(const struct session_outcome *outcome, const struct keyring *ring)
{
    return clock_steady_ms() < outcome->until_steady_ms && keyring_publishes(ring, outcome->kid);
}

static void become_looker(struct session_find *find, struct session_entry *entry)
{
    find->looks = true;
    find->entry = entry;
}

/* false: somebody looks, and the entry is in *entry */
static bool find_or_look(struct shard *shard, struct session_find *find, struct session_entry **entry)
{
    *entry = find_entry(shard, &find->key);
    if (*entry == NULL) {
        become_looker(find, add_entry(shard, &find->key));
        return true;
    }
    if ((*entry)->outcome == NULL) return false;
    if (may_be_handed_out((*entry)->outcome, find->ring)) {
        find->outcome = session_outcome_hold((*entry)->outcome);
        return true;
    }
    drop_outcome(shard, *entry);
    become_looker(find, *entry);
    return true;
}

static void push_waiter(struct session_entry *entry, struct waiter *waiter)
{
    waiter->find->entry = entry;
    waiter->next = NULL;
    *entry->last = waiter;
    entry->last = &waiter->next;
}

static void unlink_waiter(struct session_entry *entry, struct waiter *waiter)
{
    struct waiter **at = &entry->first;
    while (*at != waiter) at = &(*at)->next;
    *at = waiter->next;
    if (entry->last == &waiter->next) entry->last = at;
}

/* His loop is there as long as he stands in the list: who leaves takes himself off it under this lock. */
static void post_first(struct session_entry *entry, struct session_outcome *outcome)
{
    struct waiter *waiter = entry->first;
    unlink_waiter(entry, waiter);
    waiter->posted = true;
    waiter->looks = outcome == NULL;
    waiter->outcome = outcome == NULL ? NULL : session_outcome_hold(outcome);
    loop_post(waiter->find->loop, &waiter->post);
}

/* who looked goes without a word: the next one looks */
static void hand_on(struct session_tokens *tokens, struct session_entry *entry)
{
    struct shard *shard = shard_of(tokens, &entry->key);
    pthread_mutex_lock(&shard->lock);
    if (entry->first != NULL)
        post_first(entry, NULL);
    else
        remove_entry(shard, entry);
    pthread_mutex_unlock(&shard->lock);
}

/* ---- waiting ---- */

static void leave(struct wait *wait)
{
    struct waiter *waiter = (struct waiter *)wait; /* its first member */
    struct session_find *find = waiter->find;
    struct shard *shard = shard_of(find->tokens, &find->key);
    pthread_mutex_lock(&shard->lock);
    bool posted = waiter->posted;
    if (!posted) unlink_waiter(find->entry, waiter);
    pthread_mutex_unlock(&shard->lock);
    waiter->flow = NULL;
    if (posted && waiter->looks) hand_on(find->tokens, find->entry);
    if (!posted) free(waiter); /* else the post does it */
}

static void on_post(struct post *post)
{
    struct waiter *waiter = (struct waiter *)((char *)post - offsetof(struct waiter, post));
    struct flow *flow = waiter->flow;
    if (flow == NULL) {
        session_outcome_release(waiter->outcome);
        free(waiter);
        return;
    }
    struct session_find *find = waiter->find;
    find->outcome = waiter->outcome;
    find->looks = waiter->looks;
    free(waiter);
    if (find->outcome != NULL &&
        session_forgets_have(&find->tokens->forgets, find->outcome)) { /* between its settling and now */
        session_outcome_release(find->outcome);
        find->outcome = NULL;
    }
    flow_wake(flow);
}

static void begin_to_wait(struct flow *flow, struct session_find *find, struct session_entry *entry)
{
    struct waiter *waiter = calloc(1, sizeof *waiter);
    if (waiter == NULL) abort();
    waiter->wait = (struct wait){"identity: another's look", leave};
    waiter->post.run = on_post;
    waiter->flow = flow;
    waiter->find = find;
    push_waiter(entry, waiter);
    flow->waiting = &waiter->wait;
}

enum step_result ask_session_token(struct flow *flow, struct session_tokens *tokens, struct session_find *find)
{
    struct shard *shard = shard_of(tokens, &find->key);
    struct session_entry *entry;
    find->tokens = tokens;
    pthread_mutex_lock(&shard->lock);
    bool done = find_or_look(shard, find, &entry);
    if (!done) begin_to_wait(flow, find, entry);
    pthread_mutex_unlock(&shard->lock);
    return done ? STEP_NEXT : STEP_WAIT;
}

/* ---- settling ---- */

static void settle(struct shard *shard, struct session_find *find, struct session_outcome *outcome)
{
    struct session_entry *entry = find->entry;
    size_t bytes = sizeof *entry + outcome->size;
    while (entry->first != NULL) post_first(entry, outcome);
    make_room(shard, bytes);
    if (bytes_present(outcome->authorization) && clock_steady_ms() < outcome->until_steady_ms &&
        bytes <= SHARD_BYTES_MAX)
        keep(shard, entry, outcome);
    else
        remove_entry(shard, entry);
    find->looks = false;
    find->entry = NULL;
    find->outcome = outcome;
}

bool session_tokens_settle(struct session_find *find, struct session_outcome *outcome)
{
    struct shard *shard = shard_of(find->tokens, &find->key);
    assert(find->looks && find->outcome == NULL);
    pthread_mutex_lock(&shard->lock);
    /* under the shard's lock: a forget that isn't seen here finds what is kept when it comes to this shard */
    bool forgotten = session_forgets_have(&find->tokens->forgets, outcome);
    if (!forgotten) settle(shard, find, outcome);
    pthread_mutex_unlock(&shard->lock);
    if (forgotten) session_outcome_release(outcome);
    return !forgotten;
}

void session_find_release(struct session_find *find)
{
    session_outcome_release(find->outcome);
    find->outcome = NULL;
    if (find->looks) hand_on(find->tokens, find->entry);
    find->looks = false;
}

/* ---- forgetting ---- */

static void forget_in(struct shard *shard, const unsigned char name[SESSION_NAME_LEN])
{
    pthread_mutex_lock(&shard->lock);
    for (struct session_entry *entry = shard->newest, *older; entry != NULL; entry = older) {
        older = entry->older;
        if (session_names_have(&entry->outcome->names, name)) drop_entry(shard, entry);
    }
    pthread_mutex_unlock(&shard->lock);
}

void session_tokens_forget(struct session_tokens *tokens, enum revoke_by by, struct bytes name)
{
    unsigned char digest[SESSION_NAME_LEN];
    if (!session_name_of(&tokens->secret, by, name, digest)) return;
    session_forgets_add(&tokens->forgets, digest);
    for (size_t i = 0; i < SESSION_TOKENS_SHARDS; i++) forget_in(&tokens->shards[i], digest);
}

void session_tokens_destroy(struct session_tokens *tokens)
{
    if (tokens == NULL) return;
    for (size_t i = 0; i < SESSION_TOKENS_SHARDS; i++) {
        struct shard *shard = &tokens->shards[i];
        while (shard->oldest != NULL) drop_entry(shard, shard->oldest);
        for (size_t b = 0; b < BUCKETS; b++) assert(shard->buckets[b] == NULL); /* nobody looks any more */
        pthread_mutex_destroy(&shard->lock);
    }
    session_forgets_release(&tokens->forgets);
    secret_wipe(&tokens->secret, sizeof tokens->secret);
    free(tokens);
}
