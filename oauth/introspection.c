#include "oauth/introspection.h"

#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/secret.h"
#include "claims/claims.h"
#include "oauth/access_token.h"

static bool is_active(const struct introspection *in) { return in->reason == NULL; }

static void give_up(struct introspection *in, const char *reason)
{
    if (in->reason == NULL) in->reason = reason;
}

/* ---- reading ---- */

void introspection_read_access(struct introspection *in, struct request *request, struct bytes text)
{
    in->payload = access_token_open(request, text);
    if (in->payload == NULL) give_up(in, "no access token of ours, or its time is over");
    in->has_grant = jti_grant_id(json_string(json_find(in->payload, "jti")), in->grant_id);
}

static bool open_refresh(struct introspection *in, const struct policy *policy, struct bytes client_id, struct bytes text)
{
    const struct token_binding binding = {policy->issuer, client_id};
    return refresh_token_open(&policy->secrets, &binding, text, &in->refresh);
}

void introspection_read_refresh(struct introspection *in, const struct policy *policy, struct bytes client_id, struct bytes text)
{
    in->has_grant = open_refresh(in, policy, client_id, text);
    if (in->has_grant) memcpy(in->grant_id, in->refresh.grant_id, GRANT_ID_LEN);
    else give_up(in, "no refresh token of ours for this client");
}

void introspection_read_label(struct introspection *in, struct bytes text)
{
    struct refresh_token_label label;
    in->has_grant = refresh_token_read_label(text, &label);
    if (in->has_grant) memcpy(in->grant_id, label.grant_id, GRANT_ID_LEN);
    else give_up(in, "no refresh token");
}

void introspection_open_refresh(struct introspection *in, const struct policy *policy, struct bytes text)
{
    if (!is_active(in) || open_refresh(in, policy, in->found.grant.client_id, text)) return;
    give_up(in, "no refresh token of ours for the grant's client");
}

/* ---- judging ---- */

enum step_result introspection_find_grant(struct introspection *in, struct flow *flow)
{
    struct request *request = (struct request *)flow;
    if (!is_active(in) || !in->has_grant) return STEP_NEXT;
    return ask_find_grant(flow, context_of(request)->store, in->grant_id, &request->arena, &in->found);
}

void introspection_judge_grant(struct introspection *in)
{
    if (!is_active(in) || !in->has_grant) return;
    switch (in->found.standing) {
    case GRANT_LIVE: return;
    case GRANT_UNKNOWN: give_up(in, "unknown grant"); return;
    case GRANT_REVOKED: give_up(in, "revoked"); return;
    case GRANT_ENDED: give_up(in, "expired"); return;
    }
}

/* Rules r0 to r5, by the same function that a refresh goes by; what it would change is left aside. */
static enum rotate_outcome present(const struct introspection *in, const struct client *client)
{
    const struct rotation_policy policy = client_rotation_policy(client, INT64_MAX);
    const struct rotation_presented presented = {.gen = in->refresh.gen, .looked = true};
    struct rotation_change change;
    return rotation_decide(&policy, &in->found.state, &presented, in->found.now, &change);
}

static const char *find_flaw(const struct introspection *in, const struct client *client)
{
    const struct found_grant *found = &in->found;
    unsigned char hash[SECRET_HASH_LEN];
    refresh_token_hash(&in->refresh, hash);
    if (!secret_same(hash, found->secret_hash, sizeof hash)) return "another secret than the grant's";
    if (client == NULL || !client_owns(client, &found->grant)) return "not of a client that is there";
    if (!(client->grant_types & GRANT_REFRESH_TOKEN)) return "the client may not refresh any more";
    if (found->state.session_expires_at != 0 && found->state.session_expires_at <= found->now) return "the session's time was over when it was last looked at";
    enum rotate_outcome outcome = present(in, client);
    return rotate_outcome_succeeds(outcome) ? NULL : rotate_outcome_name(outcome);
}

void introspection_judge_refresh(struct introspection *in, const struct client *client)
{
    if (is_active(in)) in->reason = find_flaw(in, client);
}

/* ---- writing ---- */

struct bytes introspection_scope(const struct introspection *in)
{
    return in->payload != NULL ? json_string(json_find(in->payload, "scope")) : in->found.grant.scope;
}

static void put_text(struct text *t, const char *name, struct bytes value)
{
    if (value.len == 0) return;
    text_put_json_name(t, bytes_of(name));
    text_put_json(t, value);
}

static void put_time(struct text *t, const char *name, int64_t ms)
{
    text_put_json_name(t, bytes_of(name));
    text_put_number(t, ms / 1000);
}

static void put_json(struct text *t, const char *name, struct bytes json)
{
    if (json.len == 0) return;
    text_put_json_name(t, bytes_of(name));
    text_put(t, json);
}

static void put_member(struct text *t, const struct json *member)
{
    text_put_json_name(t, member->name);
    json_write(t, member);
}

/* Mapped claims may have any other name, also one that means something here (active, username): they stand apart, as in Hydra's answer. */
static void put_mapped(struct text *t, const struct json *payload)
{
    bool has_any = false;
    for (const struct json *member = payload->first; member != NULL; member = member->next) {
        if (claim_is_reserved(member->name)) continue;
        if (!has_any) text_put(t, BYTES(",\"ext\":{"));
        put_member(t, member);
        has_any = true;
    }
    if (has_any) text_put_char(t, '}');
}

static void put_access(struct text *t, const struct json *payload)
{
    for (const struct json *member = payload->first; member != NULL; member = member->next)
        if (claim_is_reserved(member->name)) put_member(t, member);
    put_text(t, "token_type", BYTES("Bearer"));
    put_text(t, "token_use", BYTES("access_token"));
    put_mapped(t, payload);
}

/* when it ends unused, as far as is known now */
static int64_t end_of(const struct rotation_state *state)
{
    int64_t end = clock_earlier(state->idle_expires_at, state->expires_at);
    return state->session_expires_at == 0 ? end : clock_earlier(end, state->session_expires_at);
}

/* of the grant alone, so that the newest token and the one before come to the same */
static void put_refresh(struct text *t, const struct found_grant *found, struct bytes issuer)
{
    const struct grant *g = &found->grant;
    put_text(t, "iss", issuer);
    put_text(t, "sub", g->subject);
    put_json(t, "aud", g->audience);
    put_text(t, "client_id", g->client_id);
    put_time(t, "iat", g->created_at);
    put_time(t, "exp", end_of(&found->state));
    put_text(t, "sid", g->kratos_session_id);
    put_text(t, "scope", g->scope);
    put_time(t, "auth_time", g->auth_time);
    put_text(t, "acr", g->acr);
    put_json(t, "amr", g->amr);
    put_text(t, "token_use", BYTES("refresh_token"));
    if (!bytes_equal(g->claims, BYTES("{}"))) put_json(t, "ext", g->claims);
}

void introspection_write(const struct introspection *in, const struct policy *policy, struct text *t)
{
    metric_count(METRIC_INTROSPECTIONS, is_active(in) ? INTROSPECTION_ACTIVE : INTROSPECTION_INACTIVE);
    if (!is_active(in)) {
        text_put(t, BYTES("{\"active\":false}")); /* RFC 7662 2.2: and nothing beside it */
        return;
    }
    text_put(t, BYTES("{\"active\":true"));
    if (in->payload != NULL) put_access(t, in->payload);
    else put_refresh(t, &in->found, policy->issuer);
    text_put_char(t, '}');
}

void introspection_release(struct introspection *in) { refresh_token_wipe(&in->refresh); }
