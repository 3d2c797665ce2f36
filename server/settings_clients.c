/* settings_clients: the clients that stand in the settings: each is written as JSON and read as the admin API reads it.
 */
#include <stdio.h>

#include "oauth/client_secret.h"
#include "server/settings_reader.h"

struct record {
    struct reader *r;
    const struct node *node;
    char key[32]; /* "clients[2]" */
};

static bool refuse(const struct record *record, const struct node *at, const char *what)
{
    return complain(&record->r->complaints, &at->place, record->key, "%s", what);
}

/* the node of the member that the words begin with: "refresh_token.grace: must be..." */
static const struct node *member_of(const struct node *node, const char *words)
{
    struct bytes path = bytes_of(words), name;
    path.len = bytes_find(path, ':');
    while (bytes_take_word(&path, '.', &name)) {
        const struct node *member = node_find(node, name);
        if (member == NULL) break;
        node = member;
    }
    return node;
}

static bool refuse_member(const struct record *record, const char *words)
{
    const struct node *at = member_of(record->node, words);
    if (at == record->node) return refuse(record, at, words);
    return complain(&record->r->complaints, &at->place, NULL, "%s.%s", record->key, words);
}

static const struct json *write_record(struct record *record, struct fault *fault)
{
    const struct json_limits limits = {.size_max = SETTINGS_FILE_MAX, .unique_names = true};
    struct arena *arena = record->r->arena;
    struct text t;
    text_init(&t, arena, 1024);
    node_write_json(&t, record->node);
    struct bytes json = text_bytes(&t);
    if (bytes_present(json)) return json_parse(arena, json, &limits, fault);
    fault_set(fault, FAULT_FULL, "clients", "no room");
    return NULL;
}

static bool check_secret(const struct record *record, const struct client *client)
{
    const struct node *secret = node_find(record->node, BYTES("client_secret"));
    if (secret == NULL) secret = node_find(record->node, BYTES("client_secret_hash")); /* what people chose can be guessed */
    if (secret != NULL && secret->place.environment == NULL) record->r->file_holds_secret = true;
    if (client->auth_method == AUTH_NONE || bytes_present(client->secret_hash)) return true;
    return refuse(record, record->node,
                  "client_secret or client_secret_hash is required here, unless token_endpoint_auth_method is none; make "
                  "one with: openssl rand -base64 32");
}

static void check_access_token(const struct record *record, const struct client *client)
{
    const struct node *own = node_find(record->node, BYTES("access_token"));
    const struct node *algorithm = node_find(own, BYTES("algorithm")), *audience = node_find(own, BYTES("audience"));
    if (algorithm != NULL) require_algorithm(record->r, &algorithm->place, record->key, client->algorithm);
    if (audience != NULL) require_one_profile(record->r, &audience->place, record->key, &client->default_audience);
}

/* NULL after a complaint, or when the arena is full */
static struct client *read_client(struct record *record)
{
    struct reader *r = record->r;
    struct fault fault;
    struct client_input input = {BYTES_ABSENT, BYTES_ABSENT};
    const struct node *id = node_find(record->node, BYTES("client_id"));
    /* client_parse would make one up, another at each start */
    if (id == NULL || id->kind == NODE_NOTHING)
        return refuse(record, record->node, "a client record needs a client_id"), NULL;
    const struct json *json = write_record(record, &fault);
    const struct client *parsed =
        json == NULL ? NULL : client_parse(r->arena, json, &r->settings->policy, &input, &fault);
    if (parsed == NULL) return refuse_member(record, fault.what), NULL;
    check_access_token(record, parsed);
    struct client *client = arena_take(r->arena, sizeof *client);
    if (client == NULL) return NULL;
    *client = *parsed;
    client->secret_hash = input.client_secret_hash;
    if (bytes_present(input.client_secret)) client->secret_hash = client_secret_hash(r->arena, input.client_secret);
    return check_secret(record, client) ? client : NULL;
}

static bool is_new(const struct record *record, const struct policy *policy, const struct client *client)
{
    for (size_t i = 0; i < policy->static_client_count; i++)
        if (bytes_equal(policy->static_clients[i]->client_id, client->client_id))
            return refuse(record, node_find(record->node, BYTES("client_id")), "client_id is there twice");
    return true;
}

void fill_clients(struct reader *r)
{
    struct policy *policy = &r->settings->policy;
    const struct node *list = r->values[SETTING_CLIENTS].node;
    if (list == NULL) return;
    const struct client **clients = arena_take(r->arena, (list->count + 1) * sizeof *clients);
    if (clients == NULL) return;
    policy->static_clients = clients;
    size_t index = 0;
    for (const struct node *node = list->first; node != NULL; node = node->next, index++) {
        struct record record = {.r = r, .node = node};
        snprintf(record.key, sizeof record.key, "clients[%zu]", index);
        const struct client *client = read_client(&record);
        if (client != NULL && is_new(&record, policy, client)) clients[policy->static_client_count++] = client;
    }
}
