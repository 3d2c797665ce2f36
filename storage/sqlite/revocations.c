#include "storage/sqlite/verbs.h"

#include "base/clock.h"

/* the instant, for the grants whose look at the session began before it and that are stored after it */
static bool keep_instant(struct database *db, enum revoke_by by, struct bytes name, int64_t now, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_ADD_ENDING);
    query_put_text(&q, bytes_of(revoke_by_name(by)));
    query_put_text(&q, name);
    query_put_number(&q, now);
    return query_run(&q, fault);
}

static void begin(struct query *q, struct database *db, enum statement which, int64_t now, struct bytes because)
{
    query_begin(q, db, which);
    query_put_number(q, now);
    query_put_text(q, because);
}

static bool revoke_one(struct database *db, const struct revocation *r, int64_t now, struct fault *fault)
{
    struct query q;
    begin(&q, db, STATEMENT_REVOKE_GRANT, now, r->because);
    query_put_blob(&q, r->grant_id, GRANT_ID_LEN);
    query_put_blob(&q, r->check_secret ? r->secret_hash : NULL, SECRET_HASH_LEN);
    query_put_text(&q, r->client_id);
    return query_run(&q, fault);
}

static bool revoke_all(struct database *db, enum statement which, const struct revocation *r, int64_t now,
                       struct fault *fault)
{
    struct query q;
    begin(&q, db, which, now, r->because);
    query_put_text(&q, r->by == REVOKE_CLIENT ? r->client_id : r->name);
    return query_run(&q, fault);
}

static bool revoke(struct database *db, const struct revocation *r, int64_t now, struct fault *fault)
{
    switch (r->by) {
    case REVOKE_GRANT: return revoke_one(db, r, now, fault);
    case REVOKE_SESSION:
        return keep_instant(db, r->by, r->name, now, fault) &&
               revoke_all(db, STATEMENT_REVOKE_SESSION, r, now, fault);
    case REVOKE_SUBJECT:
        return keep_instant(db, r->by, r->name, now, fault) &&
               revoke_all(db, STATEMENT_REVOKE_SUBJECT, r, now, fault);
    case REVOKE_CLIENT:
        return keep_instant(db, r->by, r->client_id, now, fault) &&
               revoke_all(db, STATEMENT_REVOKE_CLIENT, r, now, fault);
    }
    return fault_set(fault, FAULT_BUG, db->where, "revoked by no such thing: %d", (int)r->by);
}

bool revocations_make(struct database *db, struct storage_call *call, struct fault *fault)
{
    if (!revoke(db, &call->in.revocation, clock_now_ms(), fault)) return false;
    call->result.revoked.count = (uint64_t)database_changes(db);
    return true;
}

bool revocations_end_client(struct database *db, struct bytes client_id, int64_t now, struct fault *fault)
{
    const struct revocation r = {.by = REVOKE_CLIENT, .client_id = client_id, .because = BYTES(BECAUSE_CLIENT_DELETED)};
    return revoke(db, &r, now, fault);
}
