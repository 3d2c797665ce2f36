#include "storage/sqlite/verbs.h"

#include <string.h>

#include "base/clock.h"
#include "base/secret.h"

/* a moment of this machine's steady clock as a time of the database's */
static int64_t to_time(int64_t steady_ms, int64_t now) { return now - (clock_steady_ms() - steady_ms); }

/* ---- store a grant ---- */

static bool find_ending(struct database *db, const struct grant *grant, int64_t looked_at, bool *ended,
                        struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_FIND_ENDING);
    query_put_number(&q, looked_at);
    query_put_text(&q, grant->kratos_session_id);
    query_put_text(&q, grant->identity_id);
    query_put_text(&q, grant->client_id);
    *ended = query_next(&q) && query_take_number(&q) != 0;
    return query_end(&q, fault);
}

static bool add_grant(struct database *db, const struct grant *grant, int64_t now, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_ADD_GRANT);
    query_put_blob(&q, grant->id, GRANT_ID_LEN);
    query_put_text(&q, grant->client_id);
    query_put_text(&q, grant->subject);
    query_put_text(&q, grant->kratos_session_id);
    query_put_text(&q, grant->identity_id);
    query_put_text(&q, grant->scope);
    query_put_text(&q, grant->audience);
    query_put_text(&q, grant->claims);
    query_put_text(&q, grant->acr);
    query_put_text(&q, grant->amr);
    query_put_number(&q, grant->auth_time);
    query_put_number(&q, now);
    return query_run(&q, fault);
}

static bool add_state(struct database *db, const struct new_grant *new, const struct stored_grant *stored,
                      int64_t looked_at, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_ADD_GRANT_STATE);
    query_put_blob(&q, new->grant.id, GRANT_ID_LEN);
    query_put_blob(&q, new->secret_hash, SECRET_HASH_LEN);
    query_put_number(&q, new->mac_kid);
    query_put_number(&q, stored->now);
    query_put_number(&q, new->idle_ttl_ms);
    query_put_number(&q, stored->idle_expires_at);
    query_put_number(&q, stored->expires_at);
    query_put_number(&q, looked_at);
    query_put_number(&q, new->session_expires_at);
    return query_run(&q, fault);
}

static bool revoke_oldest(struct database *db, const struct new_grant *new, int64_t now, struct fault *fault)
{
    struct query q;
    if (new->session_grants_max == 0) return true;
    query_begin(&q, db, STATEMENT_REVOKE_OLDEST);
    query_put_number(&q, now);
    query_put_text(&q, BYTES(BECAUSE_SESSION_GRANTS));
    query_put_text(&q, new->grant.kratos_session_id);
    query_put_text(&q, new->grant.client_id);
    query_put_number(&q, new->session_grants_max);
    return query_run(&q, fault);
}

bool grants_store(struct database *db, struct storage_call *call, struct fault *fault)
{
    const struct new_grant *new = &call->in.grant;
    struct stored_grant *stored = &call->result.grant;
    int64_t now = clock_now_ms(), looked_at = to_time(new->look_began_steady_ms, now);
    bool ended;
    stored->now = now;
    stored->expires_at = now + new->absolute_ttl_ms;
    stored->idle_expires_at = clock_earlier(stored->expires_at, now + new->idle_ttl_ms);
    if (!find_ending(db, &new->grant, looked_at, &ended, fault)) return false;
    stored->outcome = ended ? GRANT_ENDED_MEANWHILE : GRANT_STORED;
    if (ended) return true;
    return add_grant(db, &new->grant, now, fault) && add_state(db, new, stored, looked_at, fault) &&
           revoke_oldest(db, new, now, fault);
}

/* ---- rotate ---- */

struct row {
    bool found;
    unsigned char secret_hash[SECRET_HASH_LEN];
    struct rotation_state state;
    struct bytes revoked_because;
    struct grant grant;
};

static void take_state(struct query *q, struct rotation_state *s)
{
    s->gen = query_take_number(q);
    s->base_gen = query_take_number(q);
    s->low_gen = query_take_number(q);
    s->rotated_at = query_take_number(q);
    s->skips = (uint32_t)query_take_number(q);
    s->mac_kid = (uint8_t)query_take_number(q);
    s->idle_ttl_ms = query_take_number(q);
    s->idle_expires_at = query_take_number(q);
    s->expires_at = query_take_number(q);
    s->revoked_at = query_take_number(q);
    s->session_checked_at = query_take_number(q);
    s->session_expires_at = query_take_number(q);
}

static void take_grant(struct query *q, struct arena *arena, struct grant *grant)
{
    grant->client_id = query_take_text(q, arena);
    grant->subject = query_take_text(q, arena);
    grant->kratos_session_id = query_take_text(q, arena);
    grant->identity_id = query_take_text(q, arena);
    grant->scope = query_take_text(q, arena);
    grant->audience = query_take_text(q, arena);
    grant->claims = query_take_text(q, arena);
    grant->acr = query_take_text(q, arena);
    grant->amr = query_take_text(q, arena);
    grant->auth_time = query_take_number(q);
    grant->created_at = query_take_number(q);
}

static bool read_row(struct database *db, const unsigned char id[GRANT_ID_LEN], struct arena *arena, struct row *row,
                     struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_READ_GRANT);
    query_put_blob(&q, id, GRANT_ID_LEN);
    *row = (struct row){.found = query_next(&q)};
    if (row->found) {
        query_take_blob(&q, row->secret_hash, SECRET_HASH_LEN);
        take_state(&q, &row->state);
        row->revoked_because = query_take_text(&q, arena);
        memcpy(row->grant.id, id, GRANT_ID_LEN);
        take_grant(&q, arena, &row->grant);
    }
    return query_end(&q, fault);
}

/* No compare-and-swap: the transaction that read the row is the only one that may write. */
static bool write_state(struct database *db, const struct row *row, struct fault *fault)
{
    const struct rotation_state *s = &row->state;
    struct query q;
    query_begin(&q, db, STATEMENT_WRITE_STATE);
    query_put_blob(&q, row->grant.id, GRANT_ID_LEN);
    query_put_number(&q, s->gen);
    query_put_number(&q, s->base_gen);
    query_put_number(&q, s->low_gen);
    query_put_number(&q, s->rotated_at);
    query_put_number(&q, s->skips);
    query_put_number(&q, s->mac_kid);
    query_put_number(&q, s->idle_expires_at);
    query_put_number(&q, s->revoked_at);
    query_put_number(&q, s->session_checked_at);
    query_put_number(&q, s->session_expires_at);
    query_put_text(&q, row->revoked_because);
    return query_run(&q, fault);
}

static bool write_claims(struct database *db, struct row *row, struct bytes claims, struct fault *fault)
{
    struct query q;
    if (bytes_equal(row->grant.claims, claims)) return true;
    row->grant.claims = claims;
    query_begin(&q, db, STATEMENT_WRITE_CLAIMS);
    query_put_blob(&q, row->grant.id, GRANT_ID_LEN);
    query_put_text(&q, claims);
    return query_run(&q, fault);
}

static bool is_asked_for(const struct row *row, const struct rotation *r)
{
    return row->found && secret_same(row->secret_hash, r->secret_hash, SECRET_HASH_LEN) &&
           bytes_equal(row->grant.client_id, r->client_id);
}

static struct rotated describe(const struct row *row, enum rotate_outcome outcome, int64_t now)
{
    const struct rotation_state *s = &row->state;
    return (struct rotated){.outcome = outcome,
                            .gen = (uint32_t)s->gen,
                            .mac_kid = s->mac_kid,
                            .grant = row->grant,
                            .now = now,
                            .idle_expires_at = s->idle_expires_at,
                            .expires_at = s->expires_at,
                            .session_checked_at = s->session_checked_at,
                            .session_expires_at = s->session_expires_at,
                            .revoked_at = s->revoked_at,
                            .revoked_because = row->revoked_because};
}

bool grants_rotate(struct database *db, struct storage_call *call, struct fault *fault)
{
    const struct rotation *r = &call->in.rotation;
    struct row row;
    if (!read_row(db, r->grant_id, &call->arena, &row, fault)) return false;
    call->result.rotated.outcome = ROTATE_UNKNOWN;
    if (!is_asked_for(&row, r)) return true;
    int64_t now = clock_now_ms();
    const struct rotation_presented presented = {.gen = r->gen,
                                                 .mac_kid = r->mac_kid,
                                                 .looked = r->looked,
                                                 .looked_at = r->looked ? to_time(r->look_began_steady_ms, now) : 0,
                                                 .session_expires_at = r->session_expires_at};
    struct rotation_change change;
    enum rotate_outcome outcome = rotation_decide(&r->policy, &row.state, &presented, now, &change);
    row.state = change.next;
    if (change.revoke) row.revoked_because = BYTES(BECAUSE_REUSED);
    if (change.write && !write_state(db, &row, fault)) return false;
    bool new_claims = r->looked && bytes_present(r->claims) && rotate_outcome_succeeds(outcome);
    if (new_claims && !write_claims(db, &row, r->claims, fault)) return false;
    call->result.rotated = describe(&row, outcome, now);
    return true;
}

/* ---- find ---- */

bool grants_find(struct database *db, struct storage_call *call, struct fault *fault)
{
    struct found_grant *found = &call->result.found;
    struct row row;
    if (!read_row(db, call->in.grant_id, &call->arena, &row, fault)) return false;
    found->standing = GRANT_UNKNOWN;
    if (!row.found) return true;
    *found = (struct found_grant){.grant = row.grant, .state = row.state, .now = clock_now_ms()};
    memcpy(found->secret_hash, row.secret_hash, SECRET_HASH_LEN);
    found->standing = storage_standing(&found->state, found->now);
    return true;
}
