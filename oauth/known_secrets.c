#include "oauth/known_secrets.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/secret.h"

enum { WAYS = 8, SETS = KNOWN_SECRETS_MAX / WAYS };

struct known {
    struct secret_name name;
    int64_t until_ms; /* steady; 0: free */
};

struct known_secrets {
    unsigned char key[DIGEST_LEN];
    pthread_mutex_t lock;
    struct known sets[SETS][WAYS];
};

struct known_secrets *known_secrets_create(void)
{
    struct known_secrets *known = calloc(1, sizeof *known);
    if (known == NULL || pthread_mutex_init(&known->lock, NULL) != 0) abort();
    random_fill(known->key, sizeof known->key);
    return known;
}

void known_secrets_destroy(struct known_secrets *known)
{
    if (known == NULL) return;
    pthread_mutex_destroy(&known->lock);
    secret_wipe(known, sizeof *known);
    free(known);
}

/* of digests, each as long as the other, so that no two triples read the same */
struct secret_name known_secrets_name(const struct known_secrets *known, const struct secret_ask *ask)
{
    unsigned char parts[3][DIGEST_LEN];
    struct secret_name name;
    digest_sha256(ask->client_id, parts[0]);
    digest_sha256(ask->hash, parts[1]);
    digest_sha256(ask->secret, parts[2]);
    const struct bytes key = {(const char *)known->key, sizeof known->key};
    digest_hmac(key, (struct bytes){(const char *)parts, sizeof parts}, name.at);
    digest_hmac(key, (struct bytes){(const char *)parts, 2 * DIGEST_LEN}, name.whose);
    secret_wipe(parts, sizeof parts);
    return name;
}

static struct known *set_of(struct known_secrets *known, const struct secret_name *name)
{
    return known->sets[((size_t)name->whose[30] << 8 | name->whose[31]) % SETS];
}

static struct known *find(struct known *set, const struct secret_name *name, int64_t now)
{
    for (int i = 0; i < WAYS; i++)
        if (set[i].until_ms > now && secret_same(set[i].name.whose, name->whose, sizeof name->whose)) return &set[i];
    return NULL;
}

enum secret_finding known_secrets_find(struct known_secrets *known, const struct secret_name *name)
{
    int64_t now = clock_steady_ms();
    pthread_mutex_lock(&known->lock);
    struct known *at = find(set_of(known, name), name, now);
    enum secret_finding finding = at == NULL                                            ? FOUND_NONE
                                  : secret_same(at->name.at, name->at, sizeof name->at) ? FOUND_RIGHT
                                                                                        : FOUND_WRONG;
    if (finding == FOUND_RIGHT) at->until_ms = now + KNOWN_SECRET_MS;
    pthread_mutex_unlock(&known->lock);
    return finding;
}

static struct known *find_oldest(struct known *set)
{
    struct known *oldest = set;
    for (int i = 1; i < WAYS; i++)
        if (set[i].until_ms < oldest->until_ms) oldest = &set[i];
    return oldest;
}

void known_secrets_add(struct known_secrets *known, const struct secret_name *name)
{
    int64_t now = clock_steady_ms();
    pthread_mutex_lock(&known->lock);
    struct known *set = set_of(known, name), *at = find(set, name, now);
    if (at == NULL) at = find_oldest(set);
    *at = (struct known){*name, now + KNOWN_SECRET_MS};
    pthread_mutex_unlock(&known->lock);
}
