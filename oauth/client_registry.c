#include "oauth/client_registry.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/digest.h"

enum { BUCKETS = 1024 };

struct remembered_client {
    struct remembered_client *next_in_bucket, *newer, *older;
    struct arena arena;
    const struct client *client;
    int64_t read_at_ms; /* steady */
    unsigned holders;
    bool forgotten; /* out of the table: freed with its last holder */
};

struct client_registry {
    const struct policy *policy;
    struct store *store;
    struct remembered_client *buckets[BUCKETS];
    struct remembered_client *newest, *oldest;
    size_t count, bytes; /* bytes: of the entries' arenas */
};

struct client_registry *client_registry_create(const struct policy *policy, struct store *store)
{
    struct client_registry *registry = calloc(1, sizeof *registry);
    if (registry == NULL) abort();
    registry->policy = policy;
    registry->store = store;
    return registry;
}

static void free_entry(struct remembered_client *entry)
{
    arena_release(&entry->arena);
    free(entry);
}

/* an attacker chooses names, so the bucket comes from a digest: collisions can't be made cheaply */
static size_t bucket_of(struct bytes client_id)
{
    unsigned char digest[DIGEST_LEN];
    digest_sha256(client_id, digest);
    return ((size_t)digest[0] << 8 | digest[1]) % BUCKETS;
}

static struct remembered_client *find_entry(const struct client_registry *registry, struct bytes client_id)
{
    struct remembered_client *entry = registry->buckets[bucket_of(client_id)];
    while (entry != NULL && !bytes_equal(entry->client->client_id, client_id)) entry = entry->next_in_bucket;
    return entry;
}

static void unlink_age(struct client_registry *registry, struct remembered_client *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &registry->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &registry->oldest) = entry->newer;
}

static void forget_entry(struct client_registry *registry, struct remembered_client *entry)
{
    struct remembered_client **at = &registry->buckets[bucket_of(entry->client->client_id)];
    while (*at != entry) at = &(*at)->next_in_bucket;
    *at = entry->next_in_bucket;
    unlink_age(registry, entry);
    registry->count--;
    registry->bytes -= entry->arena.used;
    entry->forgotten = true;
    if (entry->holders == 0) free_entry(entry);
}

void client_registry_forget(struct client_registry *registry, struct bytes client_id)
{
    struct remembered_client *entry = find_entry(registry, client_id);
    if (entry != NULL) forget_entry(registry, entry);
}

void client_registry_destroy(struct client_registry *registry)
{
    if (registry == NULL) return;
    while (registry->oldest != NULL) {
        assert(registry->oldest->holders == 0);
        forget_entry(registry, registry->oldest);
    }
    free(registry);
}

static const struct client *find_static(const struct client_registry *registry, struct bytes client_id)
{
    for (size_t i = 0; i < registry->policy->static_client_count; i++)
        if (bytes_equal(registry->policy->static_clients[i]->client_id, client_id)) return registry->policy->static_clients[i];
    return NULL;
}

static void hold(struct held_client *held, struct remembered_client *entry)
{
    entry->holders++;
    held->entry = entry;
    held->client = entry->client;
}

enum step_result ask_client(struct flow *flow, struct client_registry *registry, struct bytes client_id, struct arena *arena, struct held_client *held)
{
    *held = (struct held_client){.client = find_static(registry, client_id)};
    if (held->client != NULL) return STEP_NEXT;
    struct remembered_client *entry = find_entry(registry, client_id);
    if (entry != NULL && clock_steady_ms() - entry->read_at_ms < CLIENT_FRESH_MS) {
        hold(held, entry);
        return STEP_NEXT;
    }
    held->asked = true;
    return ask_find_client(flow, registry->store, client_id, arena, &held->found);
}

static bool has_room(const struct client_registry *registry, const struct remembered_client *entry)
{
    return registry->count < CLIENTS_REMEMBERED_MAX && registry->bytes + entry->arena.used <= CLIENTS_BYTES_MAX;
}

static void remember(struct client_registry *registry, struct remembered_client *entry)
{
    client_registry_forget(registry, entry->client->client_id);
    while (registry->count > 0 && !has_room(registry, entry)) forget_entry(registry, registry->oldest);
    struct remembered_client **bucket = &registry->buckets[bucket_of(entry->client->client_id)];
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    entry->older = registry->newest;
    *(registry->newest != NULL ? &registry->newest->newer : &registry->oldest) = entry;
    registry->newest = entry;
    registry->count++;
    registry->bytes += entry->arena.used;
}

bool client_settle(struct client_registry *registry, struct held_client *held, struct fault *fault)
{
    if (!held->asked) return true;
    held->asked = false;
    if (!held->found.found) return true;
    struct remembered_client *entry = calloc(1, sizeof *entry);
    if (entry == NULL) abort();
    arena_init(&entry->arena, CLIENT_ARENA_MAX);
    struct fault unreadable;
    entry->client = client_from_row(&entry->arena, &held->found.row, registry->policy, &unreadable);
    if (entry->client == NULL) {
        free_entry(entry);
        return fault_set(fault, FAULT_BUG, "client registry", "%.400s", unreadable.what);
    }
    entry->read_at_ms = clock_steady_ms();
    remember(registry, entry);
    hold(held, entry);
    return true;
}

void client_let_go(struct held_client *held)
{
    struct remembered_client *entry = held->entry;
    held->entry = NULL;
    if (entry == NULL || --entry->holders > 0) return;
    if (entry->forgotten) free_entry(entry);
}

const struct client *client_remembered(struct client_registry *registry, struct bytes client_id)
{
    const struct client *fixed = find_static(registry, client_id);
    if (fixed != NULL) return fixed;
    struct remembered_client *entry = find_entry(registry, client_id);
    return entry == NULL ? NULL : entry->client;
}

bool client_owns(const struct client *client, const struct grant *grant) { return bytes_equal(client->client_id, grant->client_id) && grant->created_at >= client->created_at; }

struct rotation_policy client_rotation_policy(const struct client *client, int64_t look_max_age_ms)
{
    const struct refresh_policy *p = &client->refresh;
    return (struct rotation_policy){.grace_ms = p->grace_ms,
        .coalesce_ms = p->coalesce_ms,
        .skip_limit = p->skip_limit,
        .ahead_max = p->ahead_max,
        .never = p->never,
        .look_max_age_ms = look_max_age_ms};
}
