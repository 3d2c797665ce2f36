#include "oauth/targets.h"

#include <string.h>

#include "base/json.h"

static bool refuse_target(struct target_refusal *refusal, enum oauth_error error, const char *reason)
{
    *refusal = (struct target_refusal){error, reason};
    return false;
}

/* RFC 8707 2: an absolute URI without a fragment */
static bool resource_well_formed(struct bytes resource)
{
    size_t colon = bytes_find(resource, ':');
    if (colon == 0 || colon + 1 >= resource.len || resource.at[0] < 'A') return false;
    for (size_t i = 0; i < resource.len; i++) {
        unsigned char c = (unsigned char)resource.at[i];
        if (c <= 0x20 || c > 0x7e || c == '#' || c == '"' || c == '\\') return false;
        if (i < colon && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.", c) == NULL) return false;
    }
    return true;
}

static bool have_all(const struct bytes_list *list, const struct bytes_list *wanted)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (!bytes_list_have(list, wanted->at[i])) return false;
    return wanted->count > 0;
}

/* never what the client may not name: its own default, the settings' where its list has them, its list */
static const struct bytes_list *default_audience(const struct client *client, const struct policy *policy)
{
    if (client->default_audience.count > 0) return &client->default_audience;
    if (client->audience.count == 0 || have_all(&client->audience, &policy->audience)) return &policy->audience;
    return &client->audience;
}

bool target_is_allowed(const struct client *client, const struct policy *policy, struct bytes target)
{
    if (bytes_list_have(&client->audience, target) || bytes_list_have(&client->default_audience, target)) return true;
    if (client->audience.count > 0) return false;
    return bytes_list_have(&policy->audience, target) || policy_profile(policy, target) != 0;
}

static bool add_named(struct client_request *r, struct bytes name, struct targets *targets, struct target_refusal *refusal)
{
    struct bytes values[FORM_TARGETS_MAX];
    size_t count = form_find_all(&r->form, name, values, FORM_TARGETS_MAX);
    if (count == SIZE_MAX) return refuse_target(refusal, OAUTH_INVALID_TARGET, "too many targets");
    bool is_resource = bytes_equal(name, BYTES("resource"));
    for (size_t i = 0; i < count; i++) {
        if (is_resource && !resource_well_formed(values[i])) return refuse_target(refusal, OAUTH_INVALID_TARGET, "resource is no absolute URI without fragment");
        if (!bytes_list_have(&targets->audience, values[i])) targets->audience.at[targets->audience.count++] = values[i];
    }
    targets->asked |= count > 0;
    return true;
}

/* RFC 8693 2.2.2 invalid_target: resources whose tokens look different can't share one */
static bool choose_profile(const struct policy *policy, struct targets *targets, struct target_refusal *refusal)
{
    targets->profile = policy_profile(policy, targets->audience.at[0]);
    for (size_t i = 1; i < targets->audience.count; i++)
        if (!token_profiles_alike(&policy->profiles[policy_profile(policy, targets->audience.at[i])], &policy->profiles[targets->profile]))
            return refuse_target(refusal, OAUTH_TARGETS_APART, "targets with different profiles");
    return true;
}

static bool read_audience(struct client_request *r, struct targets *targets, struct target_refusal *refusal)
{
    const struct policy *policy = context_of(&r->oauth.request)->policy;
    targets->audience.at = arena_take(&r->oauth.request.arena, 2 * FORM_TARGETS_MAX * sizeof(struct bytes));
    if (targets->audience.at == NULL) return refuse_target(refusal, OAUTH_SERVER_ERROR, "request arena is full");
    if (!add_named(r, BYTES("resource"), targets, refusal) || !add_named(r, BYTES("audience"), targets, refusal)) return false;
    for (size_t i = 0; i < targets->audience.count; i++)
        if (!target_is_allowed(r->held.client, policy, targets->audience.at[i])) return refuse_target(refusal, OAUTH_INVALID_TARGET, "target unknown or not allowed");
    return targets->audience.count == 0 || choose_profile(policy, targets, refusal);
}

/* the words of scope that are in list (absent: all), without repeats, in the arena; *dropped: whether one was not */
static struct bytes cut_scope(struct arena *arena, struct bytes scope, struct bytes list, bool *dropped)
{
    struct text t;
    struct bytes rest = scope, word;
    text_init(&t, arena, scope.len + 1);
    while (bytes_take_word(&rest, ' ', &word)) {
        if (bytes_present(list) && !bytes_have_word(list, word)) {
            *dropped = true;
            continue;
        }
        if (t.len > 0 && bytes_have_word((struct bytes){t.at, t.len}, word)) continue;
        if (t.len > 0) text_put_char(&t, ' ');
        text_put(&t, word);
    }
    return text_bytes(&t);
}

static struct bytes without_word(struct arena *arena, struct bytes scope, struct bytes unwanted)
{
    struct text t;
    struct bytes rest = scope, word;
    text_init(&t, arena, scope.len + 1);
    while (bytes_take_word(&rest, ' ', &word)) {
        if (bytes_equal(word, unwanted)) continue;
        if (t.len > 0) text_put_char(&t, ' ');
        text_put(&t, word);
    }
    return text_bytes(&t);
}

static bool read_scope(struct client_request *r, struct targets *targets, struct target_refusal *refusal)
{
    struct arena *arena = &r->oauth.request.arena;
    const struct client *client = r->held.client;
    struct bytes asked = form_find(&r->form, BYTES("scope"));
    if (!bytes_present(asked)) { /* exchange.md: all that the client may have, but a grant that outlives the session must be asked for */
        targets->scope = without_word(arena, client->scope, BYTES("offline_access"));
        return true;
    }
    bool beyond = false;
    if (!scope_well_formed(asked)) return refuse_target(refusal, OAUTH_INVALID_SCOPE, "scope malformed");
    targets->scope = cut_scope(arena, asked, client->scope, &beyond);
    targets->asked = true;
    return !beyond || refuse_target(refusal, OAUTH_INVALID_SCOPE, "scope beyond the client's");
}

bool targets_read(struct client_request *r, struct targets *targets, struct target_refusal *refusal)
{
    *targets = (struct targets){.asked = false};
    return read_audience(r, targets, refusal) && read_scope(r, targets, refusal);
}

bool targets_choose(struct client_request *r, struct targets *targets, struct target_refusal *refusal)
{
    const struct policy *policy = context_of(&r->oauth.request)->policy;
    if (!targets_read(r, targets, refusal)) return false;
    if (targets->audience.count > 0) return true;
    targets->audience = *default_audience(r->held.client, policy);
    if (targets->audience.count == 0) return refuse_target(refusal, OAUTH_INVALID_TARGET, "no target named, and no default");
    return choose_profile(policy, targets, refusal);
}

/* ---- at refresh ---- */

static bool parse_audience(struct client_request *r, const struct grant *grant, struct bytes_list *out)
{
    const struct json_limits limits = {.size_max = 64 * 1024, .unique_names = false};
    struct fault unreadable;
    const struct json *list = json_parse(&r->oauth.request.arena, grant->audience, &limits, &unreadable);
    if (!json_is(list, JSON_ARRAY) || list->count == 0) return false;
    out->at = arena_take(&r->oauth.request.arena, list->count * sizeof *out->at);
    if (out->at == NULL) return false;
    for (const struct json *item = list->first; item != NULL; item = item->next) out->at[out->count++] = json_string(item);
    return true;
}

/* what the grant has and the client may still name */
static void keep_allowed(struct client_request *r, struct bytes_list *audience)
{
    size_t kept = 0;
    for (size_t i = 0; i < audience->count; i++)
        if (target_is_allowed(r->held.client, context_of(&r->oauth.request)->policy, audience->at[i])) audience->at[kept++] = audience->at[i];
    audience->count = kept;
}

static bool granted_audience(struct client_request *r, const struct grant *grant, struct targets *targets, struct target_refusal *refusal)
{
    targets->audience = (struct bytes_list){NULL, 0};
    if (!parse_audience(r, grant, &targets->audience)) return refuse_target(refusal, OAUTH_SERVER_ERROR, "the grant's audience can't be read");
    keep_allowed(r, &targets->audience);
    if (targets->audience.count == 0) return refuse_target(refusal, OAUTH_INVALID_TARGET, "the client may no longer name any of the grant's targets");
    return choose_profile(context_of(&r->oauth.request)->policy, targets, refusal);
}

static bool narrow_audience(struct client_request *r, const struct grant *grant, struct targets *targets, struct target_refusal *refusal)
{
    struct bytes_list granted = {NULL, 0};
    if (targets->audience.count == 0) return granted_audience(r, grant, targets, refusal); /* it named none */
    if (!parse_audience(r, grant, &granted)) return refuse_target(refusal, OAUTH_SERVER_ERROR, "the grant's audience can't be read");
    for (size_t i = 0; i < targets->audience.count; i++) /* RFC 8707 2.2 */
        if (!bytes_list_have(&granted, targets->audience.at[i])) return refuse_target(refusal, OAUTH_INVALID_TARGET, "target beyond the grant's");
    return true;
}

static struct bytes granted_scope(struct client_request *r, const struct grant *grant)
{
    bool cut = false;
    return cut_scope(&r->oauth.request.arena, grant->scope, r->held.client->scope, &cut);
}

static bool narrow_scope(struct client_request *r, const struct grant *grant, struct targets *targets, struct target_refusal *refusal)
{
    bool beyond = false;
    bool named = bytes_present(form_find(&r->form, BYTES("scope")));
    targets->scope = named ? cut_scope(&r->oauth.request.arena, targets->scope, grant->scope, &beyond) : granted_scope(r, grant);
    return !beyond || refuse_target(refusal, OAUTH_INVALID_SCOPE, "scope beyond the grant's"); /* RFC 6749 6 */
}

bool targets_narrow(struct client_request *r, const struct grant *grant, struct targets *targets, struct target_refusal *refusal)
{
    return narrow_audience(r, grant, targets, refusal) && narrow_scope(r, grant, targets, refusal);
}

bool targets_of_grant(struct client_request *r, const struct grant *grant, struct targets *targets, struct target_refusal *refusal)
{
    *targets = (struct targets){.scope = granted_scope(r, grant)};
    return granted_audience(r, grant, targets, refusal);
}
