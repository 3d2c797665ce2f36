/* The admin's clients. */
#include "admin/clients.h"
#include "torture/outside.h"
#include "torture/torture.h"
#include "torture/world.h"

static const struct route CREATE = {.size = sizeof(struct client_admin),
                                    .steps = CREATE_CLIENT_STEPS,
                                    .finish = create_client_finish,
                                    .dispose = client_admin_release,
                                    .name = "create"};
static const struct route LIST = {.size = sizeof(struct client_admin),
                                  .steps = LIST_CLIENTS_STEPS,
                                  .finish = list_clients_finish,
                                  .dispose = client_admin_release,
                                  .name = "list"};
static const struct route GET = {.size = sizeof(struct client_admin),
                                 .steps = GET_CLIENT_STEPS,
                                 .finish = get_client_finish,
                                 .dispose = client_admin_release,
                                 .name = "get"};
static const struct route DELETE = {.size = sizeof(struct client_admin),
                                    .steps = DELETE_CLIENT_STEPS,
                                    .finish = delete_client_finish,
                                    .dispose = client_admin_release,
                                    .name = "delete"};

static void exists(struct sent *sent)
{
    (void)sent;
    database.added.outcome = CLIENT_EXISTS;
}

static void absent(struct sent *sent)
{
    (void)sent;
    database.delete_client = CLIENT_ABSENT;
}

const struct scene CREATE_CLIENT_SCENES[] = {
    {.name = "create a client",
     .sent = {&CREATE, .body = "{\"client_id\":\"new\",\"scope\":\"api\"}"},
     .waits = "add client",
     .status = 201,
     .says = "\"client_secret\":\"",
     .done = VERB_ADD_CLIENT},
    {.name = "create a client with a secret of its own",
     .sent = {&CREATE, .body = "{\"client_id\":\"new\",\"client_secret\":\"" WORLD_SECRET "\"}"},
     .waits = "add client",
     .status = 201,
     .says = WORLD_SECRET,
     .done = VERB_ADD_CLIENT},
    {.name = "create a client that is there",
     .sent = {&CREATE, .body = "{\"client_id\":\"spa\"}"},
     .set_up = exists,
     .waits = "add client",
     .status = 409,
     .says = "\"conflict\"",
     .done = VERB_ADD_CLIENT},
    {.name = NULL},
};

const struct scene LIST_CLIENTS_SCENES[] = {
    {.name = "list clients",
     .sent = {&LIST},
     .waits = "list clients",
     .status = 200,
     .says = "\"client_id\":\"poster\"",
     .done = VERB_LIST_CLIENTS},
    {.name = "list a page of clients",
     .sent = {&LIST, .query = "page_size=2"},
     .waits = "list clients",
     .status = 200,
     .says = "rel=\"next\"",
     .done = VERB_LIST_CLIENTS},
    {.name = NULL},
};

const struct scene GET_CLIENT_SCENES[] = {
    {.name = "get a client",
     .sent = {&GET, .segment = "spa"},
     .waits = "find client",
     .status = 200,
     .says = "\"client_id\":\"spa\"",
     .done = VERB_FIND_CLIENT},
    {.name = "get a client that is not there",
     .sent = {&GET, .segment = "nobody"},
     .waits = "find client",
     .status = 404,
     .says = "\"not_found\"",
     .done = VERB_FIND_CLIENT},
    {.name = NULL},
};

const struct scene DELETE_CLIENT_SCENES[] = {
    {.name = "delete a client",
     .sent = {&DELETE, .segment = "spa"},
     .waits = "delete client",
     .status = 204,
     .says = "",
     .done = VERB_DELETE_CLIENT},
    {.name = "delete a client that is not there",
     .sent = {&DELETE, .segment = "nobody"},
     .set_up = absent,
     .waits = "delete client",
     .status = 404,
     .says = "\"not_found\"",
     .done = VERB_DELETE_CLIENT},
    {.name = NULL},
};
