#include "admin/grants.h"

#include "admin/answer.h"
#include "admin/member.h"
#include "admin/query.h"
#include "base/encoding.h"
#include "oauth/ending.h"

enum { PAGE_DEFAULT = 100, PAGE_ARENA_MAX = 32 * 1024 * 1024 };

static struct grant_admin *admin_of(struct flow *flow) { return (struct grant_admin *)flow; }

static enum step_result refuse_admin(struct flow *flow, struct bytes words)
{
    struct grant_admin *a = admin_of(flow);
    a->error = BYTES("invalid_request");
    a->words = words;
    a->request.log.reason = words;
    fault_set(&flow->fault, FAULT_REFUSED, "admin: grants", "refused");
    return STEP_END;
}

/* what every finish begins with: false when the answer is an error, and given */
static bool went_well(struct flow *flow)
{
    struct grant_admin *a = admin_of(flow);
    if (flow->fault.kind == FAULT_NONE) return true;
    if (flow->fault.kind == FAULT_REFUSED) admin_error(&a->request, 400, a->error, a->words);
    else admin_fault(&a->request);
    return false;
}

/* ---- whose ---- */

struct filter {
    enum revoke_by by;
    struct bytes name;
};

static bool read_filter(struct request *request, struct filter *filter)
{
    size_t count = 0;
    for (enum revoke_by by = REVOKE_SESSION; by <= REVOKE_CLIENT; by++) {
        struct bytes parameter = bytes_of(revoke_by_name(by));
        size_t times = query_count(request, parameter);
        count += times;
        if (times > 0) *filter = (struct filter){by, query_find(request, parameter)};
    }
    return count == 1 && filter->name.len > 0 && filter->name.len <= GRANT_NAME_MAX && utf8_valid(filter->name);
}

static enum step_result refuse_filter(struct flow *flow)
{
    return refuse_admin(flow, BYTES("Say whose grants, with exactly one of session, subject and client (of 1 to 512 bytes)."));
}

/* ---- list ---- */

static bool read_page(struct request *request, struct grant_page_ask *ask)
{
    uint64_t limit = PAGE_DEFAULT;
    size_t place_len = 0;
    struct bytes size = query_find(request, BYTES("page_size")), token = query_find(request, BYTES("page_token"));
    if (bytes_present(size) && (!bytes_to_number(size, GRANT_PAGE_MAX, &limit) || limit == 0)) return false;
    ask->limit = (size_t)limit;
    if (token.len == 0) return true;
    return base64url_decode(token, ask->after.at, sizeof ask->after.at, &place_len) && place_len == sizeof ask->after.at;
}

static enum step_result list_grants(struct flow *flow)
{
    struct grant_admin *a = admin_of(flow);
    struct filter filter;
    if (!read_filter(&a->request, &filter)) return refuse_filter(flow);
    a->ask = (struct grant_page_ask){.by = filter.by, .name = filter.name};
    if (!read_page(&a->request, &a->ask))
        return refuse_admin(flow, BYTES("page_size must be from 1 to 500, and page_token one that a page's Link had."));
    arena_init(&a->big, PAGE_ARENA_MAX);
    return ask_list_grants(flow, context_of(&a->request)->store, &a->ask, &a->big, &a->page);
}

const struct step LIST_GRANTS_STEPS[] = {
    {"list_grants", list_grants}, /* waits for storage */
    {"finish", NULL},
};

static const char *state_of(const struct listed_grant *row, int64_t now)
{
    if (row->revoked_at != 0) return "revoked";
    return row->idle_expires_at <= now || row->expires_at <= now ? "expired" : "live";
}

static void put_json(struct text *t, const char *name, struct bytes json)
{
    text_put_json_name(t, bytes_of(name));
    text_put(t, bytes_present(json) ? json : BYTES("null"));
}

static void put_grant(struct text *t, const struct listed_grant *row, int64_t now)
{
    const struct grant *grant = &row->grant;
    char id[37];
    uuid_write(grant->id, id);
    text_put_char(t, '{');
    member_put_text(t, "grant_id", bytes_of(id));
    member_put_text(t, "state", bytes_of(state_of(row, now)));
    member_put_text(t, "client_id", grant->client_id);
    member_put_text(t, "subject", grant->subject);
    member_put_text(t, "identity_id", grant->identity_id);
    member_put_text(t, "session_id", grant->kratos_session_id);
    member_put_text(t, "scope", grant->scope);
    put_json(t, "audience", grant->audience);
    member_put_text(t, "acr", grant->acr);
    put_json(t, "amr", grant->amr);
    member_put_time(t, "auth_time", grant->auth_time);
    member_put_time(t, "created_at", grant->created_at);
    member_put_time(t, "rotated_at", row->rotated_at);
    member_put_time(t, "session_checked_at", row->session_checked_at);
    member_put_time(t, "session_expires_at", row->session_expires_at);
    member_put_time(t, "idle_expires_at", row->idle_expires_at);
    member_put_time(t, "expires_at", row->expires_at);
    member_put_time(t, "revoked_at", row->revoked_at);
    member_put_text(t, "revoked_because", row->revoked_because);
    text_put_char(t, '}');
}

static struct bytes write_page(struct grant_admin *a)
{
    struct text t;
    text_init(&t, &a->big, 4096);
    text_put_char(&t, '[');
    for (size_t i = 0; i < a->page.count; i++) {
        if (i > 0) text_put_char(&t, ',');
        put_grant(&t, &a->page.rows[i], a->page.now);
    }
    text_put_char(&t, ']');
    return text_bytes(&t);
}

/* RFC 8288 */
static struct bytes write_next_link(struct grant_admin *a)
{
    struct text t;
    text_init(&t, &a->request.arena, 256);
    text_put_format(&t, "</admin/grants?%s=", revoke_by_name(a->ask.by));
    for (size_t i = 0; i < a->ask.name.len; i++) text_put_format(&t, "%%%02X", (unsigned char)a->ask.name.at[i]);
    text_put(&t, BYTES("&page_size="));
    text_put_number(&t, (int64_t)a->ask.limit);
    text_put(&t, BYTES("&page_token="));
    text_put_base64url(&t, a->page.next.at, sizeof a->page.next.at);
    text_put(&t, BYTES(">; rel=\"next\""));
    return text_bytes(&t);
}

void list_grants_finish(struct flow *flow)
{
    struct grant_admin *a = admin_of(flow);
    if (!went_well(flow)) return;
    struct answer answer = {.status = 200, .content_type = BYTES("application/json"), .body = write_page(a)};
    if (!bytes_present(answer.body)) {
        fault_set(&flow->fault, FAULT_BUG, "admin: grants", "the page takes too much room: ask for a smaller one");
        admin_fault(&a->request);
        return;
    }
    answer_header(&answer, BYTES("cache-control"), BYTES("no-store"));
    if (a->page.more) answer_header(&answer, BYTES("link"), write_next_link(a));
    a->request.log.outcome = BYTES("ok");
    request_answer(&a->request, &answer);
}

/* ---- revoke ---- */

static enum step_result revoke_named(struct flow *flow)
{
    struct grant_admin *a = admin_of(flow);
    a->revocation = (struct revocation){.by = REVOKE_GRANT, .because = BYTES(BECAUSE_ADMIN)};
    if (!uuid_parse(a->request.segment, a->revocation.grant_id)) return refuse_admin(flow, BYTES("A grant's id is a uuid."));
    return ask_revoke(flow, context_of(&a->request)->store, &a->revocation, &a->revoked);
}

const struct step REVOKE_GRANT_STEPS[] = {
    {"revoke", revoke_named}, /* waits for storage */
    {"finish", NULL},
};

static enum step_result revoke_all(struct flow *flow)
{
    struct grant_admin *a = admin_of(flow);
    struct filter filter;
    if (!read_filter(&a->request, &filter)) return refuse_filter(flow);
    a->revocation = ending_of(filter.by, filter.name, BYTES(BECAUSE_ADMIN));
    return ask_revoke(flow, context_of(&a->request)->store, &a->revocation, &a->revoked);
}

const struct step REVOKE_GRANTS_STEPS[] = {
    {"revoke", revoke_all}, /* waits for storage */
    {"finish", NULL},
};

void revoke_grants_finish(struct flow *flow)
{
    struct grant_admin *a = admin_of(flow);
    if (!went_well(flow)) return;
    ending_log(&a->request, &a->revocation, a->revoked.count);
    admin_json(&a->request, 200, ending_answer(&a->request, a->revoked.count));
}

void grant_admin_release(struct request *request) { arena_release(&admin_of(&request->flow)->big); }
