#include "oauth/lockout.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"

enum { WAYS = 8, SETS = LOCKOUT_PAIRS_MAX / WAYS };

struct pair {
    unsigned char name[16]; /* of the client and the network, a digest: not what an attacker chose */
    int64_t began_ms;       /* steady; 0: free */
    unsigned failures;
};

struct lockout {
    pthread_mutex_t lock;
    struct pair sets[SETS][WAYS];
};

struct lockout *lockout_create(void)
{
    struct lockout *lockout = calloc(1, sizeof *lockout);
    if (lockout == NULL || pthread_mutex_init(&lockout->lock, NULL) != 0) abort();
    return lockout;
}

void lockout_destroy(struct lockout *lockout)
{
    if (lockout == NULL) return;
    pthread_mutex_destroy(&lockout->lock);
    free(lockout);
}

/* /24 of an IPv4 address (also one that is mapped into IPv6), /64 of an IPv6 address */
static size_t write_network(struct bytes peer_ip, unsigned char out[16])
{
    static const unsigned char MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char text[64];
    if (peer_ip.len >= sizeof text) return 0;
    memcpy(text, peer_ip.at, peer_ip.len);
    text[peer_ip.len] = 0;
    if (inet_pton(AF_INET, text, out) == 1) return 3;
    if (inet_pton(AF_INET6, text, out) != 1) return 0;
    if (memcmp(out, MAPPED, sizeof MAPPED) != 0) return 8;
    memmove(out, out + 12, 3);
    return 3;
}

static void name_pair(struct bytes client_id, struct bytes peer_ip, unsigned char name[DIGEST_LEN])
{
    unsigned char network[16];
    size_t len = write_network(peer_ip, network);
    digest_hmac((struct bytes){(const char *)network, len}, client_id, name);
}

static struct pair *set_of(struct lockout *lockout, const unsigned char *name)
{
    return lockout->sets[((size_t)name[30] << 8 | name[31]) % SETS];
}

static bool is_open_window(const struct pair *pair, int64_t now) { return pair->began_ms != 0 && now - pair->began_ms < LOCKOUT_WINDOW_MS; }

static struct pair *find_pair(struct lockout *lockout, const unsigned char *name, int64_t now)
{
    struct pair *set = set_of(lockout, name);
    for (int i = 0; i < WAYS; i++)
        if (is_open_window(&set[i], now) && memcmp(set[i].name, name, sizeof set[i].name) == 0) return &set[i];
    return NULL;
}

static struct pair *take_oldest(struct lockout *lockout, const unsigned char *name, int64_t now)
{
    struct pair *set = set_of(lockout, name), *oldest = set;
    for (int i = 1; i < WAYS; i++)
        if (set[i].began_ms < oldest->began_ms) oldest = &set[i];
    *oldest = (struct pair){.began_ms = now};
    memcpy(oldest->name, name, sizeof oldest->name);
    return oldest;
}

int lockout_wait_s(struct lockout *lockout, struct bytes client_id, struct bytes peer_ip)
{
    unsigned char name[DIGEST_LEN];
    int64_t now = clock_steady_ms();
    int wait_s = 0;
    name_pair(client_id, peer_ip, name);
    pthread_mutex_lock(&lockout->lock);
    const struct pair *pair = find_pair(lockout, name, now);
    if (pair != NULL && pair->failures >= LOCKOUT_FAILURES_MAX) wait_s = (int)((pair->began_ms + LOCKOUT_WINDOW_MS - now + 999) / 1000);
    pthread_mutex_unlock(&lockout->lock);
    return wait_s;
}

bool lockout_count(struct lockout *lockout, struct bytes client_id, struct bytes peer_ip)
{
    unsigned char name[DIGEST_LEN];
    int64_t now = clock_steady_ms();
    name_pair(client_id, peer_ip, name);
    pthread_mutex_lock(&lockout->lock);
    struct pair *pair = find_pair(lockout, name, now);
    if (pair == NULL) pair = take_oldest(lockout, name, now);
    bool closed = ++pair->failures == LOCKOUT_FAILURES_MAX;
    pthread_mutex_unlock(&lockout->lock);
    return closed;
}
