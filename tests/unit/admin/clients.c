#include "admin/clients.h"

#include "base/clock.h"
#include "oauth/client_secret.h"
#include "torture/outside.h"
#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

static struct answered answered;

static struct route route_of(const struct step *steps, void (*finish)(struct flow *))
{
    return (struct route){.size = sizeof(struct client_admin),
                          .steps = steps,
                          .finish = finish,
                          .dispose = client_admin_release,
                          .name = "clients"};
}

static void send(const struct sent *sent)
{
    struct request *request = request_stand_in_create(sent, &world.worker, &answered);
    database.done = 0;
    flow_drive(&request->flow);
    request_stand_in_dispose(request);
    CHECK(answered.count == 1);
}

static void create(const char *body)
{
    const struct route route = route_of(CREATE_CLIENT_STEPS, create_client_finish);
    send(&(struct sent){.route = &route, .body = body});
}

static void list(const char *query)
{
    const struct route route = route_of(LIST_CLIENTS_STEPS, list_clients_finish);
    send(&(struct sent){.route = &route, .query = query});
}

static void get(const char *client_id)
{
    const struct route route = route_of(GET_CLIENT_STEPS, get_client_finish);
    send(&(struct sent){.route = &route, .segment = client_id});
}

static void delete_client(const char *client_id)
{
    const struct route route = route_of(DELETE_CLIENT_STEPS, delete_client_finish);
    send(&(struct sent){.route = &route, .segment = client_id});
}

static bool says(const char *text) { return answered_says(&answered, text); }
static bool asked(enum storage_verb verb) { return (database.done & 1u << verb) != 0; }

static void check_create(void)
{
    TEST("a client is created with a secret of ours, shown once and never cached")
    {
        database.added.created_at = 1700000000000;
        create("{\"client_id\":\"new\",\"scope\":\"api\"}");
        const char *secret = strstr(answered.body, "\"client_secret\":\"");
        CHECK(answered.status == 201 && secret != NULL && strcspn(secret + 17, "\"") == 43);
        CHECK(says("\"client_id\":\"new\"") && says("\"created_at\":\"2023-11-14T22:13:20.000Z\"") &&
              strcmp(answered_header(&answered, "cache-control"), "no-store") == 0);
    }
    TEST("a public one has none")
    {
        create("{\"token_endpoint_auth_method\":\"none\"}");
        CHECK(answered.status == 201 && !says("client_secret\":"));
    }
    TEST("a record that is wrong is refused in words, before the database is asked")
    {
        create("{\"client_id\":\"a b\"}");
        CHECK(answered.status == 400 && says("\"invalid_client_metadata\"") && says("client_id") &&
              !asked(VERB_ADD_CLIENT));
        create("{");
        CHECK(answered.status == 400 && says("\"invalid_client_metadata\""));
        create(NULL);
        CHECK(answered.status == 400 && says("\"invalid_client_metadata\""));
        create("{\"scope\":\"a\",\"scope\":\"b\"}");
        CHECK(answered.status == 400);
    }
    TEST("a name that is taken, in the database or in the settings, is a conflict")
    {
        database.added.outcome = CLIENT_EXISTS;
        create("{\"client_id\":\"spa\"}");
        CHECK(answered.status == 409 && says("\"conflict\"") && !says("client_secret"));
        database.added.outcome = CLIENT_ADDED;
        create("{\"client_id\":\"fixed\"}");
        CHECK(answered.status == 409 && !asked(VERB_ADD_CLIENT));
    }
}

static void check_list(void)
{
    TEST("all clients are listed, those of the settings first, none with a secret or its hash")
    {
        list(NULL);
        CHECK(answered.status == 200 && strncmp(answered.body, "[{\"client_id\":\"fixed\"", 21) == 0);
        CHECK(says("\"client_id\":\"spa\"") && says("\"client_id\":\"poster\"") && !says("sha256") &&
              !says("client_secret\":"));
        CHECK(answered_header(&answered, "link") == NULL);
    }
    TEST("RFC 8288: a page says where the next one is")
    {
        list("page_size=2");
        CHECK(strcmp(answered_header(&answered, "link"),
                     "</admin/clients?page_size=2&page_token=%70%61%67%65>; rel=\"next\"") == 0);
    }
    TEST("a page's size is from 1 to 500, and its token a client_id")
    {
        static const char *const BAD[] = {"page_size=0", "page_size=501",  "page_size=-1",
                                          "page_size=a", "page_token=%ff", "page_token=a+b"};
        for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
            list(BAD[i]);
            CHECK(answered.status == 400 && says("\"invalid_request\"") && !asked(VERB_LIST_CLIENTS));
        }
    }
    TEST("a record that can't be read is trouble of ours, not a list without it")
    {
        static const struct client_row broken[] = {{.client_id = BYTES("broken"), .record = BYTES("{\"scope\":7}")},
                                                   {.client_id = BYTES_ABSENT}};
        database.clients = broken;
        list(NULL);
        CHECK(answered.status == 500 && says("\"server_error\""));
        database.clients = world_clients();
    }
}

enum { MANY = 100 };

/* as much as a record may hold: a list of numbers takes far more room once it is read */
static void fill_large(struct client_row *rows, struct arena *arena)
{
    struct text text;
    text_init(&text, arena, CLIENT_RECORD_MAX);
    text_put(&text, BYTES("{\"client_id\":\"large\",\"metadata\":[1"));
    while (text.len + 4 < 20 * 1024) text_put(&text, BYTES(",1"));
    text_put(&text, BYTES("]}"));
    struct bytes record = text_bytes(&text);
    for (size_t i = 0; i < MANY; i++) rows[i] = (struct client_row){.client_id = BYTES("large"), .record = record};
    rows[MANY] = (struct client_row){.client_id = BYTES_ABSENT};
}

static void check_large(void)
{
    static struct client_row rows[MANY + 1];
    struct arena arena;
    arena_init(&arena, 1 << 20);
    fill_large(rows, &arena);
    database.clients = rows;
    TEST("a record that can be created can be read again")
    {
        create(rows[0].record.at);
        CHECK(answered.status == 201);
        get("large");
        CHECK(answered.status == 200);
    }
    TEST("and so can a page of them")
    {
        list(NULL);
        CHECK(answered.status == 200 && answered.body_len > MANY * rows[0].record.len);
    }
    database.clients = world_clients();
    arena_release(&arena);
}

static void check_one(void)
{
    TEST("a client is shown without its secret, also one of the settings")
    {
        get("backend");
        CHECK(answered.status == 200 && says("\"client_id\":\"backend\"") && !says("sha256"));
        get("fixed");
        CHECK(answered.status == 200 && says("\"client_id\":\"fixed\"") && !asked(VERB_FIND_CLIENT));
    }
    TEST("it is read anew each time, however fresh what a worker remembers")
    {
        get("backend");
        CHECK(asked(VERB_FIND_CLIENT));
        get("backend");
        CHECK(asked(VERB_FIND_CLIENT));
    }
    TEST("what is not there is 404, and what can't be is so without asking")
    {
        get("nobody");
        CHECK(answered.status == 404 && says("\"not_found\"") && asked(VERB_FIND_CLIENT));
        get("\xff");
        CHECK(answered.status == 404 && !asked(VERB_FIND_CLIENT));
        delete_client("\xff");
        CHECK(answered.status == 404 && !asked(VERB_DELETE_CLIENT));
    }
    TEST("a client is deleted, or not there when another server was faster")
    {
        database.delete_client = CLIENT_DELETED;
        delete_client("spa");
        CHECK(answered.status == 204 && answered.body[0] == 0);
        database.delete_client = CLIENT_ABSENT;
        delete_client("spa");
        CHECK(answered.status == 404);
    }
    TEST("a client of the settings can't be deleted here")
    {
        delete_client("fixed");
        CHECK(answered.status == 409 && says("settings") && !asked(VERB_DELETE_CLIENT));
    }
}

int main(void)
{
    static const struct client fixed = {.client_id = BYTES("fixed"), .record = BYTES("{\"client_id\":\"fixed\"}")};
    static const struct client *const statics[] = {&fixed};
    world_create();
    world.policy.static_clients = statics;
    world.policy.static_client_count = 1;
    world_forget();
    database.clients = world_clients();
    outside_mode = OUTSIDE_ANSWERS;
    check_create();
    check_list();
    check_one();
    check_large();
    world_release_forgetful();
    world_destroy();
    return TEST_END();
}
