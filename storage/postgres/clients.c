/* clients: found, listed, added; who registered an origin. (Deleting one ends grants: revoke.c.) */
#include "base/json.h"
#include "storage/postgres/batch.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/stages.h"

static void read_client(struct row row, struct arena *arena, struct client_row *client)
{
    *client = (struct client_row){
        .client_id = row_bytes(row, CLIENT_ID, arena),
        .record = row_bytes(row, CLIENT_RECORD, arena),
        .secret_hash = row_bytes(row, CLIENT_SECRET_HASH, arena),
        .created_at = row_number(row, CLIENT_CREATED_AT),
    };
}

static bool send_find(struct batch *batch, struct job *job)
{
    params_put_bytes(batch_statement(batch, STATEMENT_FIND_CLIENT), job->calls->in.client_id);
    return batch_send(batch, job);
}

static void settle_find(struct pool *pool, struct job *job)
{
    struct storage_call *call = job->calls;
    call->result.client = (struct found_client){.found = PQntuples(job->answer.result) == 1};
    if (call->result.client.found) read_client(job->answer, &call->arena, &call->result.client.row);
    pool_finish(pool, job);
}

const struct stage stage_find_client = {
    .lane = LANE_READ, .repeatable = true, .send.one = send_find, .settle = settle_find};

static bool send_list(struct batch *batch, struct job *job)
{
    const struct client_page_ask *ask = &job->calls->in.page;
    struct params *p = batch_statement(batch, STATEMENT_LIST_CLIENTS);
    params_put_bytes(p, bytes_present(ask->after) ? ask->after : BYTES(""));
    params_put_number(p, (int64_t)ask->limit + 1); /* one more tells whether there are more */
    return batch_send(batch, job);
}

static void settle_list(struct pool *pool, struct job *job)
{
    struct storage_call *call = job->calls;
    size_t got = (size_t)PQntuples(job->answer.result), limit = call->in.page.limit;
    struct client_page *page = &call->result.page;
    *page = (struct client_page){.count = got > limit ? limit : got, .more = got > limit};
    page->rows = arena_take(&call->arena, page->count * sizeof *page->rows);
    for (size_t i = 0; page->rows != NULL && i < page->count; i++)
        read_client((struct row){job->answer.result, (int)i}, &call->arena, &page->rows[i]);
    pool_finish(pool, job);
}

const struct stage stage_list_clients = {
    .lane = LANE_READ, .repeatable = true, .send.one = send_list, .settle = settle_list};

/* The record's allowed_cors_origins as an array of texts; empty where it has none. Postgres does not look into the
 * record itself: it refuses to where a text in there has a NUL. */
static struct bytes write_origins(const struct client_row *client, struct arena *arena)
{
    struct json_limits limits = {.size_max = SIZE_MAX};
    const struct json *origins = json_find(json_parse(arena, client->record, &limits, NULL), "allowed_cors_origins");
    struct text t;
    text_init(&t, arena, 256);
    text_put_char(&t, '[');
    for (const struct json *o = json_is(origins, JSON_ARRAY) ? origins->first : NULL; o != NULL; o = o->next) {
        if (!json_is(o, JSON_STRING) || bytes_find(o->text, '\0') < o->text.len) continue;
        if (t.len > 1) text_put_char(&t, ',');
        text_put_json(&t, o->text);
    }
    text_put_char(&t, ']');
    return text_bytes(&t);
}

static bool send_add(struct batch *batch, struct job *job)
{
    const struct client_row *client = &job->calls->in.client;
    struct params *p = batch_statement(batch, STATEMENT_ADD_CLIENT);
    params_put_bytes(p, client->client_id);
    params_put_bytes(p, client->record);
    params_put_bytes(p, client->secret_hash);
    params_put_number(p, client->created_at);
    params_put_bytes(p, write_origins(client, &batch->arena));
    return batch_send(batch, job);
}

static void settle_add(struct pool *pool, struct job *job)
{
    struct added_client *added = &job->calls->result.added;
    added->outcome = PQntuples(job->answer.result) == 1 ? CLIENT_ADDED : CLIENT_EXISTS;
    if (added->outcome == CLIENT_ADDED) added->created_at = row_number((struct row){job->answer.result, 0}, 0);
    pool_finish(pool, job);
}

/* not repeatable: a second time would find its own */
const struct stage stage_add_client = {.lane = LANE_ALONE, .send.one = send_add, .settle = settle_add};

static bool send_find_origin(struct batch *batch, struct job *job)
{
    params_put_bytes(batch_statement(batch, STATEMENT_FIND_ORIGIN), job->calls->in.origin);
    return batch_send(batch, job);
}

static void settle_find_origin(struct pool *pool, struct job *job)
{
    job->calls->result.origin = row_truth(job->answer, 0);
    pool_finish(pool, job);
}

const struct stage stage_find_origin = {
    .lane = LANE_READ, .repeatable = true, .send.one = send_find_origin, .settle = settle_find_origin};
