#include "companion/kratos_revoke.h"

#include "base/encoding.h"
#include "base/json.h"
#include "oauth/ending.h"

enum { PAYLOAD_MAX = 16 * 1024, UUID_TEXT_LEN = 36 };

static struct kratos_revoke_request *hook_of(struct flow *flow) { return (struct kratos_revoke_request *)flow; }

static enum step_result refuse_call(struct flow *flow, int status, struct bytes error, struct bytes words)
{
    struct kratos_revoke_request *x = hook_of(flow);
    x->status = status;
    x->error = error;
    x->words = words;
    x->request.log.reason = words;
    fault_set(&flow->fault, FAULT_REFUSED, "kratos hook", "refused");
    return STEP_END;
}

/* ---- who calls, and about whom ---- */

static enum step_result check_key(struct flow *flow)
{
    struct request *request = &hook_of(flow)->request;
    const struct secret *key = request->route->data;
    if (request_header_count(request, "authorization") == 1 && secret_equals(key, request_header(request, "authorization")))
        return STEP_NEXT;
    return refuse_call(flow, 401, BYTES("access_denied"), BYTES("The hook needs kratos.hook_api_key as the value of Authorization."));
}

/* false: it is there, and no uuid. In the spelling in which grants have it. */
static bool read_id(struct arena *arena, const struct json *body, const char *name, struct bytes *id)
{
    const struct json *value = json_find(body, name);
    unsigned char uuid[16];
    char text[UUID_TEXT_LEN + 1];
    if (value == NULL || json_is(value, JSON_NULL)) return true;
    if (!uuid_parse(json_string(value), uuid)) return false;
    uuid_write(uuid, text);
    *id = arena_copy(arena, bytes_of(text));
    return true;
}

static enum step_result read_payload(struct flow *flow)
{
    struct kratos_revoke_request *x = hook_of(flow);
    const struct json_limits limits = {.size_max = PAYLOAD_MAX, .unique_names = true};
    struct arena *arena = &x->request.arena;
    struct fault unreadable;
    const struct json *body = json_parse(arena, x->request.body, &limits, &unreadable);
    if (!json_is(body, JSON_OBJECT)) return refuse_call(flow, 400, BYTES("invalid_request"), BYTES("The body must be a JSON object of at most 16 KiB."));
    if (!read_id(arena, body, "session_id", &x->session_id) || !read_id(arena, body, "identity_id", &x->identity_id))
        return refuse_call(flow, 400, BYTES("invalid_request"), BYTES("session_id and identity_id must be uuids."));
    if (!bytes_present(x->session_id) && !bytes_present(x->identity_id))
        return refuse_call(flow, 400, BYTES("invalid_request"), BYTES("The body names neither a session_id nor an identity_id."));
    return STEP_NEXT;
}

/* ---- the end of it ---- */

static enum step_result revoke(struct flow *flow, enum revoke_by by, struct bytes id)
{
    struct kratos_revoke_request *x = hook_of(flow);
    if (!bytes_present(id)) return STEP_NEXT;
    x->revocation = ending_of(by, id, BYTES(BECAUSE_KRATOS_HOOK));
    return ask_revoke(flow, context_of(&x->request)->store, &x->revocation, &x->revoked);
}

static enum step_result note_revoked(struct flow *flow, struct bytes id)
{
    struct kratos_revoke_request *x = hook_of(flow);
    if (!bytes_present(id)) return STEP_NEXT;
    x->count += x->revoked.count;
    ending_log(&x->request, &x->revocation, x->revoked.count);
    return STEP_NEXT;
}

static enum step_result revoke_session(struct flow *flow) { return revoke(flow, REVOKE_SESSION, hook_of(flow)->session_id); }
static enum step_result note_session(struct flow *flow) { return note_revoked(flow, hook_of(flow)->session_id); }
static enum step_result revoke_identity(struct flow *flow) { return revoke(flow, REVOKE_SUBJECT, hook_of(flow)->identity_id); }
static enum step_result note_identity(struct flow *flow) { return note_revoked(flow, hook_of(flow)->identity_id); }

const struct step KRATOS_REVOKE_STEPS[] = {
    {"check_key", check_key},
    {"read_payload", read_payload},
    {"revoke_session", revoke_session}, /* waits for storage */
    {"note_session", note_session},
    {"revoke_identity", revoke_identity}, /* waits for storage */
    {"note_identity", note_identity},
    {"finish", NULL},
};

static void answer_json(struct request *request, int status, struct bytes body)
{
    struct answer answer = {.status = status, .content_type = BYTES("application/json"), .body = body};
    answer_header(&answer, BYTES("cache-control"), BYTES("no-store"));
    if (status == 401) answer_header(&answer, BYTES("www-authenticate"), BYTES("Bearer"));
    if (status == 503) answer_header(&answer, BYTES("retry-after"), BYTES("1"));
    request_answer(request, &answer);
}

static void answer_error(struct request *request, int status, struct bytes error, struct bytes words)
{
    struct text t;
    text_init(&t, &request->arena, 256);
    text_put_char(&t, '{');
    text_put_json_name(&t, BYTES("error"));
    text_put_json(&t, error);
    text_put_json_name(&t, BYTES("error_description"));
    text_put_json(&t, words);
    text_put_char(&t, '}');
    request->log.outcome = error;
    answer_json(request, status, text_bytes(&t));
}

static void answer_fault(struct request *request)
{
    request->log.reason = arena_copy(&request->arena, bytes_of(request->flow.fault.what));
    switch (request->flow.fault.kind) {
    case FAULT_AWAY:
    case FAULT_LATE:
    case FAULT_FULL: answer_error(request, 503, BYTES("temporarily_unavailable"), BYTES("The database can't be reached now.")); return;
    case FAULT_LEFT: request_answer(request, &(struct answer){.status = 499}); return; /* for the log: nobody reads it */
    case FAULT_NONE:
    case FAULT_REFUSED:
    case FAULT_INPUT:
    case FAULT_BUG: answer_error(request, 500, BYTES("server_error"), BYTES("The server met a condition that it did not expect.")); return;
    }
}

void kratos_revoke_finish(struct flow *flow)
{
    struct kratos_revoke_request *x = hook_of(flow);
    if (flow->fault.kind == FAULT_REFUSED) answer_error(&x->request, x->status, x->error, x->words);
    else if (flow->fault.kind != FAULT_NONE) answer_fault(&x->request);
    else {
        x->request.log.outcome = x->count > 0 ? BYTES("revoked") : BYTES("nothing_to_revoke");
        answer_json(&x->request, 200, ending_answer(&x->request, x->count));
    }
}
