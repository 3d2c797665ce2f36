/* client_registry: finds clients: those of the settings, then those of the database, remembered for CLIENT_FRESH_MS.
 *
 * Rule: one for each worker. A step asks with ask_client, the next one calls client_settle; the client is held until client_let_go (in dispose). A client that is deleted is
 * forgotten by each worker of each process with the news of it (client_registry_forget; storage_on_ending), at the latest after CLIENT_FRESH_MS. Its grants are dead at once. */
#ifndef OAUTH_CLIENT_REGISTRY_H
#define OAUTH_CLIENT_REGISTRY_H

#include "oauth/client.h"
#include "storage/storage.h"

enum { CLIENT_FRESH_MS = 5000, CLIENTS_REMEMBERED_MAX = 4096, CLIENTS_BYTES_MAX = 64 * 1024 * 1024 };

struct client_registry;
/* both must outlive it */
struct client_registry *client_registry_create(const struct policy *policy, struct store *store);
void client_registry_destroy(struct client_registry *registry); /* when nothing is held any more */

struct held_client {
    const struct client *client; /* NULL: there is none of that name */
    /* the registry's own */
    struct remembered_client *entry;
    struct found_client found;
    bool asked;
};
/* Suspends only where the database must be asked. client_id must live as long as arena. */
enum step_result ask_client(struct flow *flow, struct client_registry *registry, struct bytes client_id, struct arena *arena, struct held_client *held);
/* In the step after: makes held->client of what the database said. false: a record that can't be read (FAULT_BUG). */
bool client_settle(struct client_registry *registry, struct held_client *held, struct fault *fault) MUST_USE;
void client_let_go(struct held_client *held); /* nothing when nothing is held */
/* What is remembered, however old, or NULL; never suspends. For choosing the CORS headers of a refusal; valid until the step ends. */
const struct client *client_remembered(struct client_registry *registry, struct bytes client_id);
/* Is the grant this client's? One that was deleted and made anew under the same id doesn't inherit: an exchange that was under way while it was deleted may have left a
 * grant behind. */
bool client_owns(const struct client *client, const struct grant *grant);
/* by which rules its refresh tokens are judged */
struct rotation_policy client_rotation_policy(const struct client *client, int64_t look_max_age_ms);
void client_registry_forget(struct client_registry *registry, struct bytes client_id);

#endif
