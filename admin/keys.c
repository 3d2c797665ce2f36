#include "admin/keys.h"

#include "admin/answer.h"
#include "admin/key_listing.h"
#include "base/clock.h"
#include "base/json.h"
#include "oauth/key_rows.h"

enum { TABLE_ARENA_MAX = 32 * 1024 * 1024, ORDER_MAX = 4096 };

static struct key_admin *admin_of(struct flow *flow) { return (struct key_admin *)flow; }
static struct context *admin_context(struct flow *flow) { return context_of((struct request *)flow); }

static enum step_result refuse_admin(struct flow *flow, int status, struct bytes error, struct bytes words)
{
    struct key_admin *a = admin_of(flow);
    a->status = status;
    a->error = error;
    a->words = words;
    a->request.log.reason = words;
    fault_set(&flow->fault, FAULT_REFUSED, "admin: keys", "refused");
    return STEP_END;
}

/* what every finish begins with: false when the answer is an error, and given */
static bool went_well(struct flow *flow)
{
    struct key_admin *a = admin_of(flow);
    if (flow->fault.kind == FAULT_NONE) return true;
    struct bytes what = arena_copy(&a->request.arena, bytes_of(flow->fault.what));
    if (flow->fault.kind == FAULT_REFUSED) admin_error(&a->request, a->status, a->error, a->words);
    else if (flow->fault.kind == FAULT_INPUT) admin_error(&a->request, 500, BYTES("key_unopenable"), what); /* whoever may ask here may know */
    else admin_fault(&a->request);
    return false;
}

static enum step_result do_order(struct flow *flow)
{
    struct key_admin *a = admin_of(flow);
    arena_init(&a->big, TABLE_ARENA_MAX);
    return ask_keys(flow, &admin_context(flow)->key_desk, &a->order, &a->big, &a->report);
}

static struct bytes format_words(struct key_admin *a, const char *before, int64_t at, const char *behind)
{
    char time[25];
    struct text t;
    clock_write(at, time);
    text_init(&t, &a->request.arena, 256);
    text_put(&t, bytes_of(before));
    text_put(&t, bytes_of(time));
    text_put(&t, bytes_of(behind));
    return text_bytes(&t);
}

static void answer_listing(struct key_admin *a, const struct key_report *order)
{
    struct context *context = context_of(&a->request);
    const struct key_listing listing = {.reading = &a->report.reading, .rules = context->key_desk.rules, .jwks_max_age_ms = context->policy->jwks_max_age_ms,
        .order = order, .troubles = a->report.troubles};
    struct bytes body = key_listing_write(&listing, &a->big);
    struct answer answer = {.status = 200, .content_type = BYTES("application/json"), .body = body};
    answer_header(&answer, BYTES("cache-control"), BYTES("no-store"));
    a->request.log.outcome = BYTES("ok");
    request_answer(&a->request, &answer);
}

/* ---- list ---- */

static enum step_result list_keys(struct flow *flow)
{
    struct key_admin *a = admin_of(flow);
    arena_init(&a->big, TABLE_ARENA_MAX);
    return ask_list_keys(flow, admin_context(flow)->store, &a->big, &a->list);
}

static enum step_result read_keys(struct flow *flow)
{
    struct key_admin *a = admin_of(flow);
    a->report.troubles = key_view_troubles(admin_context(flow)->key_desk.view, &a->big);
    return key_rows_read(&a->list, &a->big, &a->report.reading, &flow->fault) ? STEP_NEXT : STEP_END;
}

const struct step LIST_KEYS_STEPS[] = {
    {"list_keys", list_keys}, /* waits for storage */
    {"read_keys", read_keys},
    {"finish", NULL},
};

void list_keys_finish(struct flow *flow)
{
    if (went_well(flow)) answer_listing(admin_of(flow), NULL);
}

/* ---- rotate ---- */

static bool read_truth(const struct json *value, bool *truth)
{
    if (value == NULL) return true;
    if (!json_is(value, JSON_BOOL)) return false;
    *truth = value->truth;
    return true;
}

static bool has_only(const struct json *body)
{
    for (const struct json *member = body->first; member != NULL; member = member->next)
        if (!bytes_equal(member->name, BYTES("algorithm")) && !bytes_equal(member->name, BYTES("force")) && !bytes_equal(member->name, BYTES("fresh"))) return false;
    return true;
}

static bool read_rotation(const struct json *body, struct key_rotation *rotation)
{
    const struct json *algorithm = json_find(body, "algorithm");
    if (!json_is(body, JSON_OBJECT) || !has_only(body)) return false;
    if (!read_truth(json_find(body, "force"), &rotation->force) || !read_truth(json_find(body, "fresh"), &rotation->fresh)) return false;
    rotation->one = algorithm != NULL;
    return algorithm == NULL || key_algorithm_parse(json_string(algorithm), &rotation->algorithm);
}

static enum step_result parse_rotation(struct flow *flow)
{
    struct key_admin *a = admin_of(flow);
    const struct json_limits limits = {.size_max = ORDER_MAX, .unique_names = true};
    struct fault unreadable;
    a->order = (struct key_order){.task = KEYS_ROTATE};
    if (a->request.body.len == 0) return STEP_NEXT;
    const struct json *body = json_parse(&a->request.arena, a->request.body, &limits, &unreadable);
    if (body == NULL || !read_rotation(body, &a->order.rotation))
        return refuse_admin(flow, 400, BYTES("invalid_request"), BYTES("The body may be a JSON object with algorithm (one of " KEY_ALGORITHM_NAMES "), force and fresh (true or false)."));
    return STEP_NEXT;
}

static struct bytes describe_unopenable(struct key_admin *a, struct bytes kid)
{
    struct text t;
    text_init(&t, &a->request.arena, 512);
    text_put_format(&t,
        "The pending key %.*s can't be opened with any of secrets.system here, so this server would have nothing to sign with (`hydrant keys list` says why). "
        "Put the secret that it is sealed under into the list, or take it out with `hydrant keys revoke %.*s`: another is made. To rotate all the same, force it.",
        BYTES_PRINT(kid), BYTES_PRINT(kid));
    return text_bytes(&t);
}

static enum step_result check_rotated(struct flow *flow)
{
    struct key_admin *a = admin_of(flow);
    const struct planned_rotation *rotation = &a->report.rotation;
    switch (rotation->outcome) {
    case KEYS_ROTATE_PLANNED: return STEP_NEXT;
    case KEYS_ROTATE_NOT_CONFIGURED: return refuse_admin(flow, 400, BYTES("invalid_request"), BYTES("This algorithm is not in keys.algorithms."));
    case KEYS_ROTATE_UNOPENABLE: return refuse_admin(flow, 409, BYTES("key_unopenable"), describe_unopenable(a, rotation->kid));
    case KEYS_ROTATE_TOO_YOUNG: break;
    }
    return refuse_admin(flow, 409, BYTES("too_young"),
        format_words(a, "The pending key is younger than keys.publish_before, so not everyone has fetched it: it may sign from ", rotation->until,
            " on. To rotate all the same, force it."));
}

const struct step ROTATE_KEYS_STEPS[] = {
    {"parse_rotation", parse_rotation},
    {"rotate", do_order}, /* waits for storage, and for a thread that makes keys */
    {"check_rotated", check_rotated},
    {"finish", NULL},
};

void rotate_keys_finish(struct flow *flow)
{
    struct key_admin *a = admin_of(flow);
    if (went_well(flow)) answer_listing(a, &a->report);
}

/* ---- revoke ---- */

static enum step_result begin_revoke(struct flow *flow)
{
    struct key_admin *a = admin_of(flow);
    a->order = (struct key_order){.task = KEYS_REVOKE, .kid = a->request.segment};
    return STEP_NEXT;
}

static enum step_result check_revoked(struct flow *flow)
{
    switch (admin_of(flow)->report.revoked.outcome) {
    case KEYS_REVOKE_PLANNED: return STEP_NEXT;
    case KEYS_REVOKE_UNKNOWN: return refuse_admin(flow, 404, BYTES("not_found"), BYTES("There is no key with this kid."));
    case KEYS_REVOKE_GONE: return refuse_admin(flow, 409, BYTES("conflict"), BYTES("This key is removed already."));
    }
    return STEP_NEXT;
}

const struct step REVOKE_KEY_STEPS[] = {
    {"begin_revoke", begin_revoke},
    {"revoke", do_order}, /* waits for storage, and for a thread that makes keys */
    {"check_revoked", check_revoked},
    {"finish", NULL},
};

void revoke_key_finish(struct flow *flow)
{
    struct key_admin *a = admin_of(flow);
    if (!went_well(flow)) return;
    const struct context *context = context_of(&a->request);
    const struct key_revoked revoked = {.kid = a->order.kid, .report = &a->report, .token_ttl_max_ms = context->key_desk.rules->times->token_ttl_max_ms,
        .jwks_max_age_ms = context->policy->jwks_max_age_ms};
    a->request.log.outcome = BYTES("revoked");
    admin_json(&a->request, 200, key_revoked_write(&revoked, &a->big));
}

/* ---- reseal ---- */

static enum step_result begin_reseal(struct flow *flow)
{
    admin_of(flow)->order = (struct key_order){.task = KEYS_RESEAL};
    return STEP_NEXT;
}

const struct step RESEAL_KEYS_STEPS[] = {
    {"begin_reseal", begin_reseal},
    {"reseal", do_order}, /* waits for storage */
    {"finish", NULL},
};

void reseal_keys_finish(struct flow *flow)
{
    struct key_admin *a = admin_of(flow);
    if (!went_well(flow)) return;
    a->request.log.outcome = BYTES("ok");
    admin_json(&a->request, 200, key_resealed_write(&a->report, &a->big));
}

void key_admin_release(struct request *request) { arena_release(&admin_of(&request->flow)->big); }
