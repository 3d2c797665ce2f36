#include "admin/clients.h"

#include "admin/answer.h"
#include "admin/query.h"
#include "base/clock.h"
#include "base/secret.h"
#include "oauth/client_secret.h"

enum { PAGE_DEFAULT = 100, PAGE_ARENA_MAX = 64 * 1024 * 1024 /* the rows of the largest page, and its text as it grows */ };

static struct client_admin *admin_of(struct flow *flow) { return (struct client_admin *)flow; }
static struct context *admin_context(struct flow *flow) { return context_of((struct request *)flow); }

static enum step_result refuse_admin(struct flow *flow, int status, struct bytes error, struct bytes words)
{
    struct client_admin *a = admin_of(flow);
    a->status = status;
    a->error = error;
    a->words = words;
    a->request.log.reason = words;
    fault_set(&flow->fault, FAULT_REFUSED, "admin: clients", "refused");
    return STEP_END;
}

static enum step_result refuse_unknown(struct flow *flow)
{
    return refuse_admin(flow, 404, BYTES("not_found"), BYTES("There is no client with this client_id."));
}

/* what every finish begins with: false when the answer is an error, and given */
static bool went_well(struct flow *flow)
{
    struct client_admin *a = admin_of(flow);
    if (flow->fault.kind == FAULT_NONE) return true;
    if (flow->fault.kind == FAULT_REFUSED) admin_error(&a->request, a->status, a->error, a->words);
    else admin_fault(&a->request);
    return false;
}

static struct bytes complaint(struct flow *flow, const struct fault *fault)
{
    return arena_copy(&admin_of(flow)->request.arena, bytes_of(fault->what));
}

/* Hydra's members beside the record's */
static void put_client(struct text *t, const struct client *client, struct bytes secret)
{
    char created_at[25];
    text_put(t, (struct bytes){client->record.at, client->record.len - 1});
    if (bytes_present(secret)) {
        text_put(t, BYTES(",\"client_secret\":"));
        text_put_json(t, secret);
    }
    if (client->created_at > 0) {
        clock_write(client->created_at, created_at);
        text_put(t, BYTES(",\"created_at\":"));
        text_put_json(t, bytes_of(created_at));
    }
    text_put_char(t, '}');
}

/* ---- create ---- */

static enum step_result parse_client(struct flow *flow)
{
    struct client_admin *a = admin_of(flow);
    const struct json_limits limits = {.size_max = CLIENT_RECORD_MAX, .unique_names = true};
    struct client_input input = {.client_secret = BYTES_ABSENT, .client_secret_hash = BYTES_ABSENT};
    struct fault unreadable;
    const struct json *record = json_parse(&a->request.arena, a->request.body, &limits, &unreadable);
    if (record == NULL) return refuse_admin(flow, 400, BYTES("invalid_client_metadata"), complaint(flow, &unreadable));
    a->client = client_parse(&a->request.arena, record, admin_context(flow)->policy, &input, &unreadable);
    if (a->client == NULL) return refuse_admin(flow, 400, BYTES("invalid_client_metadata"), complaint(flow, &unreadable)); /* RFC 7591 3.2.2 */
    if (a->client->has_algorithm && !policy_has_algorithm(admin_context(flow)->policy, a->client->algorithm))
        return refuse_admin(flow, 400, BYTES("invalid_client_metadata"), BYTES("access_token.algorithm: is not in keys.algorithms of the settings"));
    a->row.secret_hash = input.client_secret_hash;
    if (a->client->auth_method == AUTH_NONE || bytes_present(input.client_secret_hash)) return STEP_NEXT;
    a->secret = bytes_present(input.client_secret) ? input.client_secret : client_secret_make(&a->request.arena);
    return STEP_NEXT;
}

static bool is_static(const struct policy *policy, struct bytes client_id)
{
    for (size_t i = 0; i < policy->static_client_count; i++)
        if (bytes_equal(policy->static_clients[i]->client_id, client_id)) return true;
    return false;
}

static enum step_result add_client(struct flow *flow)
{
    struct client_admin *a = admin_of(flow);
    if (is_static(admin_context(flow)->policy, a->client->client_id)) {
        a->added.outcome = CLIENT_EXISTS;
        return STEP_NEXT;
    }
    a->row.client_id = a->client->client_id;
    a->row.record = a->client->record; /* created_at: the database's time */
    if (bytes_present(a->secret)) a->row.secret_hash = client_secret_hash(&a->request.arena, a->secret);
    return ask_add_client(flow, admin_context(flow)->store, &a->row, &a->added);
}

static enum step_result check_added(struct flow *flow)
{
    if (admin_of(flow)->added.outcome == CLIENT_EXISTS) return refuse_admin(flow, 409, BYTES("conflict"), BYTES("A client with this client_id exists already."));
    return STEP_NEXT;
}

const struct step CREATE_CLIENT_STEPS[] = {
    {"parse_client", parse_client},
    {"add_client", add_client}, /* waits for storage */
    {"check_added", check_added},
    {"finish", NULL},
};

void create_client_finish(struct flow *flow)
{
    struct client_admin *a = admin_of(flow);
    struct text t;
    if (!went_well(flow)) return;
    struct client created = *a->client;
    created.created_at = a->added.created_at;
    text_init(&t, &a->request.arena, 1024);
    put_client(&t, &created, a->secret);
    a->request.log.client = a->client->client_id;
    a->request.log.outcome = BYTES("created");
    admin_json(&a->request, 201, text_bytes(&t));
}

/* ---- list ---- */

static enum step_result list_clients(struct flow *flow)
{
    struct client_admin *a = admin_of(flow);
    struct bytes size = query_find(&a->request, BYTES("page_size"));
    uint64_t limit = PAGE_DEFAULT;
    if (bytes_present(size) && (!bytes_to_number(size, CLIENT_PAGE_MAX, &limit) || limit == 0))
        return refuse_admin(flow, 400, BYTES("invalid_request"), BYTES("page_size must be from 1 to 500."));
    struct bytes after = query_find(&a->request, BYTES("page_token"));
    if (after.len > 0 && !client_id_well_formed(after)) return refuse_admin(flow, 400, BYTES("invalid_request"), BYTES("page_token must be one that a page's Link had."));
    arena_init(&a->big, PAGE_ARENA_MAX);
    a->ask = (struct client_page_ask){.after = after, .limit = (size_t)limit};
    return ask_list_clients(flow, admin_context(flow)->store, &a->ask, &a->big, &a->page);
}

const struct step LIST_CLIENTS_STEPS[] = {
    {"list_clients", list_clients}, /* waits for storage */
    {"finish", NULL},
};

static void put_escaped(struct text *t, struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) text_put_format(t, "%%%02X", (unsigned char)b.at[i]);
}

/* RFC 8288 */
static struct bytes write_next_link(struct client_admin *a)
{
    struct text t;
    text_init(&t, &a->request.arena, 256);
    text_put(&t, BYTES("</admin/clients?page_size="));
    text_put_number(&t, (int64_t)a->ask.limit);
    text_put(&t, BYTES("&page_token="));
    put_escaped(&t, a->page.rows[a->page.count - 1].client_id);
    text_put(&t, BYTES(">; rel=\"next\""));
    return text_bytes(&t);
}

static bool put_row(struct text *t, struct client_admin *a, const struct client_row *row)
{
    struct arena arena; /* to read a record takes many times its room */
    struct fault unreadable;
    arena_init(&arena, CLIENT_ARENA_MAX);
    const struct client *client = client_from_row(&arena, row, admin_context(&a->request.flow)->policy, &unreadable);
    if (client != NULL) {
        if (t->len > 1) text_put_char(t, ',');
        put_client(t, client, BYTES_ABSENT);
    }
    arena_release(&arena);
    return client != NULL || fault_set(&a->request.flow.fault, FAULT_BUG, "admin: clients", "%.300s", unreadable.what);
}

static bool write_page(struct client_admin *a, struct bytes *page)
{
    const struct policy *policy = admin_context(&a->request.flow)->policy;
    bool first_page = !bytes_present(a->ask.after);
    struct text t;
    text_init(&t, &a->big, 4096);
    text_put_char(&t, '[');
    for (size_t i = 0; first_page && i < policy->static_client_count; i++) {
        if (i > 0) text_put_char(&t, ',');
        put_client(&t, policy->static_clients[i], BYTES_ABSENT);
    }
    for (size_t i = 0; i < a->page.count; i++)
        if (!put_row(&t, a, &a->page.rows[i])) return false;
    text_put_char(&t, ']');
    *page = text_bytes(&t);
    return bytes_present(*page) || fault_set(&a->request.flow.fault, FAULT_BUG, "admin: clients", "the page takes too much room: ask for a smaller one");
}

void list_clients_finish(struct flow *flow)
{
    struct client_admin *a = admin_of(flow);
    struct answer answer = {.status = 200, .content_type = BYTES("application/json")};
    if (!went_well(flow)) return;
    if (!write_page(a, &answer.body)) {
        admin_fault(&a->request);
        return;
    }
    answer_header(&answer, BYTES("cache-control"), BYTES("no-store"));
    if (a->page.more) answer_header(&answer, BYTES("link"), write_next_link(a));
    a->request.log.outcome = BYTES("ok");
    request_answer(&a->request, &answer);
}

/* ---- get ---- */

static enum step_result find_named(struct flow *flow)
{
    struct client_admin *a = admin_of(flow);
    struct context *context = admin_context(flow);
    if (!client_id_well_formed(a->request.segment)) return refuse_unknown(flow);
    client_registry_forget(context->clients, a->request.segment); /* an operator wants to see what is there now */
    return ask_client(flow, context->clients, a->request.segment, &a->request.arena, &a->held);
}

static enum step_result settle_named(struct flow *flow)
{
    struct client_admin *a = admin_of(flow);
    if (!client_settle(admin_context(flow)->clients, &a->held, &flow->fault)) return STEP_END;
    if (a->held.client == NULL) return refuse_unknown(flow);
    return STEP_NEXT;
}

const struct step GET_CLIENT_STEPS[] = {
    {"find_client", find_named}, /* waits for storage */
    {"settle_client", settle_named},
    {"finish", NULL},
};

void get_client_finish(struct flow *flow)
{
    struct client_admin *a = admin_of(flow);
    struct text t;
    if (!went_well(flow)) return;
    text_init(&t, &a->request.arena, 1024);
    put_client(&t, a->held.client, BYTES_ABSENT);
    a->request.log.outcome = BYTES("ok");
    admin_json(&a->request, 200, text_bytes(&t));
}

/* ---- delete ---- */

static enum step_result delete_client(struct flow *flow)
{
    struct client_admin *a = admin_of(flow);
    if (!client_id_well_formed(a->request.segment)) return refuse_unknown(flow);
    if (is_static(admin_context(flow)->policy, a->request.segment))
        return refuse_admin(flow, 409, BYTES("conflict"), BYTES("This client is in the settings: take it out there."));
    return ask_delete_client(flow, admin_context(flow)->store, a->request.segment, &a->deleted);
}

static enum step_result check_deleted(struct flow *flow)
{
    return admin_of(flow)->deleted == CLIENT_ABSENT ? refuse_unknown(flow) : STEP_NEXT;
}

const struct step DELETE_CLIENT_STEPS[] = {
    {"delete_client", delete_client}, /* waits for storage; ends its grants too */
    {"check_deleted", check_deleted},
    {"finish", NULL},
};

void delete_client_finish(struct flow *flow)
{
    struct client_admin *a = admin_of(flow);
    if (!went_well(flow)) return;
    a->request.log.client = a->request.segment;
    a->request.log.outcome = BYTES("deleted");
    request_answer(&a->request, &(struct answer){.status = 204});
}

void client_admin_release(struct request *request)
{
    struct client_admin *a = admin_of(&request->flow);
    client_let_go(&a->held);
    arena_release(&a->big);
}
