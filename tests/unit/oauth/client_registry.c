#include "oauth/client_registry.h"

#include "base/clock.h"
#include "oauth/context.h"
#include "torture/outside.h"
#include "torture/world.h"
#include "unit/test.h"

static struct client_registry *registry;

/* a flow that looks for one client and holds it */
static struct asker {
    struct flow flow; /* first */
    struct arena arena;
    const char *client_id;
    struct held_client held;
    bool finished;
} askers[3];

static enum step_result ask(struct flow *flow)
{
    struct asker *a = (struct asker *)flow;
    return ask_client(flow, registry, bytes_of(a->client_id), &a->arena, &a->held);
}

static enum step_result settle(struct flow *flow)
{
    return client_settle(registry, &((struct asker *)flow)->held, &flow->fault) ? STEP_NEXT : STEP_END;
}

static void finish(struct flow *flow) { ((struct asker *)flow)->finished = true; }

static const struct step STEPS[] = {{"ask", ask}, {"settle", settle}, {"finish", NULL}};

/* true: it had to ask the database */
static bool look_for(struct asker *a, const char *client_id)
{
    *a = (struct asker){.client_id = client_id};
    arena_init(&a->arena, REQUEST_ARENA_MAX);
    flow_init(&a->flow, STEPS, finish);
    database.done = 0;
    flow_drive(&a->flow);
    return (database.done & 1u << VERB_FIND_CLIENT) != 0 || outside_holds() != NULL;
}

static void leave(struct asker *a)
{
    flow_release(&a->flow);
    client_let_go(&a->held);
    arena_release(&a->arena);
}

static bool asks_for(const char *client_id)
{
    bool asked = look_for(&askers[0], client_id);
    leave(&askers[0]);
    return asked;
}

static void check_memory(void)
{
    TEST("a client is read from the database once, then remembered")
    {
        CHECK(look_for(&askers[0], "spa") && askers[0].finished);
        CHECK_BYTES(askers[0].held.client->client_id, BYTES("spa"));
        leave(&askers[0]);
        CHECK(!look_for(&askers[0], "spa"));
        CHECK_BYTES(askers[0].held.client->scope, BYTES("api read"));
        leave(&askers[0]);
    }
    TEST("its secret's hash comes with it")
    {
        CHECK(look_for(&askers[0], "backend") &&
              bytes_start_with(askers[0].held.client->secret_hash, BYTES("$sha256$")));
        leave(&askers[0]);
    }
    TEST("a row whose hash is beyond what is computed here can't be read, and the words say so without it")
    {
        static struct client_row rows[2] = {{.client_id = BYTES("dear"),
                                             .record = BYTES("{\"client_id\":\"dear\"}"),
                                             .secret_hash = BYTES("$2a$31$CsjUDtdOgnf6oUSxY/76reH.CAZu7c5edpPciSaRn3iYC07gNHOMm")}};
        const struct client_row *before = database.clients;
        database.clients = rows;
        CHECK(look_for(&askers[0], "dear") && askers[0].held.client == NULL && askers[0].flow.fault.kind == FAULT_BUG);
        CHECK(strstr(askers[0].flow.fault.what, "cost from 04 to 12") != NULL && strstr(askers[0].flow.fault.what, "CsjU") == NULL);
        leave(&askers[0]);
        database.clients = before;
    }
    TEST("that there is none is not remembered")
    {
        CHECK(look_for(&askers[0], "nobody") && askers[0].held.client == NULL &&
              askers[0].flow.fault.kind == FAULT_NONE);
        leave(&askers[0]);
        CHECK(asks_for("nobody"));
    }
    TEST("who is forgotten is read anew, while those who hold what was go on with it")
    {
        look_for(&askers[0], "spa");
        client_registry_forget(registry, BYTES("spa"));
        CHECK_BYTES(askers[0].held.client->scope, BYTES("api read"));
        CHECK(look_for(&askers[1], "spa") && askers[1].held.client != askers[0].held.client);
        leave(&askers[0]);
        leave(&askers[1]);
        client_registry_forget(registry, BYTES("nobody"));
    }
    TEST("client_remembered never asks")
    {
        database.done = 0;
        CHECK(client_remembered(registry, BYTES("spa")) != NULL && client_remembered(registry, BYTES("page")) == NULL);
        CHECK(database.done == 0);
    }
}

static void check_together(void)
{
    TEST("two who ask at once both get it, and either may leave first")
    {
        client_registry_forget(registry, BYTES("page"));
        outside_mode = OUTSIDE_HOLDS;
        look_for(&askers[0], "page");
        outside_answer();
        look_for(&askers[1], "page");
        CHECK(askers[0].finished && askers[1].finished && askers[0].held.client == askers[1].held.client);
        leave(&askers[0]);
        CHECK_BYTES(askers[1].held.client->client_id, BYTES("page"));
        leave(&askers[1]);
        outside_mode = OUTSIDE_ANSWERS;
    }
    TEST("who leaves while the database is asked holds nothing")
    {
        outside_mode = OUTSIDE_HOLDS;
        client_registry_forget(registry, BYTES("page"));
        look_for(&askers[0], "page");
        leave(&askers[0]);
        outside_answer();
        outside_mode = OUTSIDE_ANSWERS;
        CHECK(asks_for("page"));
    }
}

static void check_settings(void)
{
    static const struct client fixed = {.client_id = BYTES("spa"), .record = BYTES("{}")};
    static const struct client *const statics[] = {&fixed};
    TEST("a client of the settings wins over one of the database, which isn't asked")
    {
        world.policy.static_clients = statics;
        world.policy.static_client_count = 1;
        CHECK(!look_for(&askers[0], "spa") && askers[0].held.client == &fixed);
        leave(&askers[0]);
        CHECK(client_remembered(registry, BYTES("spa")) == &fixed);
        world.policy.static_client_count = 0;
    }
}

static void check_trouble(void)
{
    static const struct client_row broken[] = {
        {.client_id = BYTES("broken"), .record = BYTES("{\"client_id\":\"broken\",\"scope\":7}")},
        {.client_id = BYTES_ABSENT}};
    TEST("a record that can't be read is a fault of ours, and nothing is kept of it")
    {
        database.clients = broken;
        CHECK(look_for(&askers[0], "broken") && askers[0].flow.fault.kind == FAULT_BUG &&
              askers[0].held.client == NULL);
        CHECK(strstr(askers[0].flow.fault.what, "scope") != NULL);
        leave(&askers[0]);
        CHECK(client_remembered(registry, BYTES("broken")) == NULL);
        database.clients = world_clients();
    }
}

/* one row under whatever name is asked for */
static struct client_row renamed[2];
static char record[CLIENT_RECORD_MAX];

static void name_row(const char *client_id, size_t metadata_len)
{
    static char id[32];
    snprintf(id, sizeof id, "%s", client_id);
    int len = snprintf(record, sizeof record, "{\"client_id\":\"%s\",\"metadata\":\"%0*d\"}", id, (int)metadata_len, 0);
    renamed[0] = (struct client_row){.client_id = bytes_of(id), .record = {record, (size_t)len}};
    database.clients = renamed;
}

static void read_numbered(int number, size_t metadata_len)
{
    char client_id[32];
    snprintf(client_id, sizeof client_id, "client-%d", number);
    name_row(client_id, metadata_len);
    asks_for(client_id);
}

static bool remembers(int number)
{
    char client_id[32];
    snprintf(client_id, sizeof client_id, "client-%d", number);
    return client_remembered(registry, bytes_of(client_id)) != NULL;
}

static void check_bounds(void)
{
    TEST("many clients are remembered, and the one that was read first makes room")
    {
        for (int i = 0; i < CLIENTS_REMEMBERED_MAX; i++) read_numbered(i, 1);
        CHECK(remembers(0) && remembers(CLIENTS_REMEMBERED_MAX - 1));
        read_numbered(CLIENTS_REMEMBERED_MAX, 1);
        CHECK(!remembers(0) && remembers(1) && remembers(CLIENTS_REMEMBERED_MAX));
    }
    TEST("large ones are fewer")
    {
        enum { LARGE = 30000, FIT = CLIENTS_BYTES_MAX / LARGE };
        for (int i = 10000; i < 10000 + FIT; i++) read_numbered(i, LARGE);
        CHECK(remembers(10000 + FIT - 1) && !remembers(10000) && !remembers(1));
    }
    database.clients = world_clients();
}

int main(void)
{
    world_create();
    registry = client_registry_create(&world.policy, world.context.store);
    database.clients = world_clients();
    outside_mode = OUTSIDE_ANSWERS;
    check_memory();
    check_together();
    check_settings();
    check_trouble();
    check_bounds();
    client_registry_destroy(registry);
    client_registry_destroy(NULL);
    world_destroy();
    return TEST_END();
}
