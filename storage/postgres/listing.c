/* listing: grants for whoever looks after them, and the instants of endings. */
#include <string.h>

#include "storage/postgres/batch.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/stages.h"

/* ---- grants: a place is the last one's id ---- */

static bool send_grants(struct batch *batch, struct job *job)
{
    static const enum statement_id statements[] = {
        [REVOKE_SESSION] = STATEMENT_LIST_GRANTS_OF_SESSION,
        [REVOKE_SUBJECT] = STATEMENT_LIST_GRANTS_OF_SUBJECT,
        [REVOKE_CLIENT] = STATEMENT_LIST_GRANTS_OF_CLIENT,
    };
    const struct grant_page_ask *ask = &job->calls->in.grants;
    struct params *p = batch_statement(batch, statements[ask->by]);
    params_put_bytes(p, ask->name);
    params_put_bytes(p, (struct bytes){(const char *)ask->after.at, sizeof ask->after.at});
    params_put_number(p, (int64_t)ask->limit + 1); /* one more tells whether there are more */
    return batch_send(batch, job);
}

static void read_grant(struct row row, struct arena *arena, struct listed_grant *listed)
{
    *listed = (struct listed_grant){
        .grant = {.client_id = row_bytes(row, LISTED_CLIENT_ID, arena),
                  .subject = row_bytes(row, LISTED_SUBJECT, arena),
                  .kratos_session_id = row_bytes(row, LISTED_KRATOS_SESSION_ID, arena),
                  .identity_id = row_bytes(row, LISTED_IDENTITY_ID, arena),
                  .scope = row_bytes(row, LISTED_SCOPE, arena),
                  .audience = row_bytes(row, LISTED_AUDIENCE, arena),
                  .acr = row_bytes(row, LISTED_ACR, arena),
                  .amr = row_bytes(row, LISTED_AMR, arena),
                  .auth_time = row_number(row, LISTED_AUTH_TIME),
                  .created_at = row_number(row, LISTED_CREATED_AT)},
        .rotated_at = row_number(row, LISTED_ROTATED_AT),
        .session_checked_at = row_number(row, LISTED_SESSION_CHECKED_AT),
        .session_expires_at = row_number(row, LISTED_SESSION_EXPIRES_AT),
        .idle_expires_at = row_number(row, LISTED_IDLE_EXPIRES_AT),
        .expires_at = row_number(row, LISTED_EXPIRES_AT),
        .revoked_at = row_number(row, LISTED_REVOKED_AT),
        .revoked_because = row_bytes(row, LISTED_REVOKED_BECAUSE, arena),
    };
    memcpy(listed->grant.id, row_wire(row, LISTED_ID), GRANT_ID_LEN);
}

static void settle_grants(struct pool *pool, struct job *job)
{
    struct storage_call *call = job->calls;
    size_t got = (size_t)PQntuples(job->answer.result), limit = call->in.grants.limit;
    struct grant_page *page = &call->result.grants;
    *page = (struct grant_page){.count = got > limit ? limit : got, .more = got > limit};
    page->rows = arena_take(&call->arena, page->count * sizeof *page->rows);
    if (got > 0) page->now = row_number(job->answer, LISTED_NOW);
    for (size_t i = 0; page->rows != NULL && i < page->count; i++) {
        read_grant((struct row){job->answer.result, (int)i}, &call->arena, &page->rows[i]);
        memcpy(page->next.at, page->rows[i].grant.id, GRANT_ID_LEN);
    }
    pool_finish(pool, job);
}

const struct stage stage_list_grants = {
    .lane = LANE_READ, .repeatable = true, .send.one = send_grants, .settle = settle_grants};

/* ---- endings ---- */

static bool send_endings(struct batch *batch, struct job *job)
{
    const struct ending_page_ask *ask = &job->calls->in.endings;
    bool first = !bytes_present(ask->after.name);
    struct params *p = batch_statement(batch, STATEMENT_LIST_ENDINGS);
    params_put_number(p, ask->age_ms);
    params_put_number(p, ask->after.at);
    params_put_bytes(p, first ? BYTES("") : bytes_of(revoke_by_name(ask->after.by)));
    params_put_bytes(p, first ? BYTES("") : ask->after.name);
    params_put_number(p, (int64_t)ask->limit + 1);
    return batch_send(batch, job);
}

static void settle_endings(struct pool *pool, struct job *job)
{
    struct storage_call *call = job->calls;
    size_t got = (size_t)PQntuples(job->answer.result), limit = call->in.endings.limit;
    struct ending_page *page = &call->result.endings;
    *page = (struct ending_page){.count = got > limit ? limit : got, .more = got > limit};
    page->rows = arena_take(&call->arena, page->count * sizeof *page->rows);
    for (size_t i = 0; page->rows != NULL && i < page->count; i++) {
        struct row row = {job->answer.result, (int)i};
        page->rows[i] = (struct ending){.by = ending_by_kind(row_bytes(row, ENDING_KIND, &call->arena)),
                                        .name = row_bytes(row, ENDING_NAME, &call->arena),
                                        .at = row_number(row, ENDING_AT)};
    }
    pool_finish(pool, job);
}

const struct stage stage_list_endings = {
    .lane = LANE_READ, .repeatable = true, .send.one = send_endings, .settle = settle_endings};
