#include "oauth/access_token.h"

#include <assert.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/random.h"

enum { JTI_RANDOM_LEN = 16, UUID_TEXT_LEN = 36 };

static void put_member(struct text *t, struct bytes name, struct bytes value)
{
    text_put_json_name(t, name);
    text_put_json(t, value);
}

static void put_time(struct text *t, struct bytes name, int64_t ms)
{
    text_put_json_name(t, name);
    text_put_number(t, ms / 1000);
}

/* RFC 6749 3.3: a scope has at least one word */
static void put_scope(struct text *t, struct bytes scope)
{
    if (scope.len > 0) put_member(t, BYTES("scope"), scope);
}

static void put_audience(struct text *t, const struct bytes_list *audience)
{
    text_put(t, BYTES(",\"aud\":["));
    for (size_t i = 0; i < audience->count; i++) {
        if (i > 0) text_put_char(t, ',');
        text_put_json(t, audience->at[i]);
    }
    text_put_char(t, ']');
}

/* "<grant id>.<random>" where there is a grant, so that a token can be traced to it */
static void put_jti(struct text *t, const struct token_answer *a)
{
    unsigned char random[JTI_RANDOM_LEN];
    char uuid[UUID_TEXT_LEN + 1];
    random_fill(random, sizeof random);
    text_put(t, BYTES(",\"jti\":\""));
    if (a->has_grant) {
        uuid_write(a->grant->id, uuid);
        text_put(t, (struct bytes){uuid, UUID_TEXT_LEN});
        text_put_char(t, '.');
    }
    text_put_base64url(t, random, sizeof random);
    text_put_char(t, '"');
}

bool jti_grant_id(struct bytes jti, unsigned char grant_id[GRANT_ID_LEN])
{
    if (jti.len <= UUID_TEXT_LEN || jti.at[UUID_TEXT_LEN] != '.') return false;
    return uuid_parse((struct bytes){jti.at, UUID_TEXT_LEN}, grant_id);
}

static bool is_over(const struct json *payload)
{
    int64_t exp;
    return !json_integer(json_find(payload, "exp"), 0, INT64_MAX / 1000, &exp) || exp * 1000 <= clock_now_ms();
}

const struct json *access_token_open(struct request *request, struct bytes text)
{
    struct context *context = context_of(request);
    const struct json_limits limits = {.size_max = BODY_MAX, .unique_names = true};
    struct bytes payload_text;
    struct fault unreadable;
    if (!keyring_verify(key_seat_ring(&context->keys), text, &request->arena, &payload_text)) return NULL;
    const struct json *payload = json_parse(&request->arena, payload_text, &limits, &unreadable);
    if (payload == NULL || !bytes_equal(json_string(json_find(payload, "iss")), context->policy->issuer) || is_over(payload)) return NULL;
    return payload;
}

/* the mapped claims are an object of ours without reserved names: its members follow */
static void put_claims(struct text *t, struct bytes claims)
{
    if (claims.len <= 2) return; /* {} */
    assert(claims.at[0] == '{' && claims.at[claims.len - 1] == '}');
    text_put_char(t, ',');
    text_put(t, (struct bytes){claims.at + 1, claims.len - 2});
}

int64_t access_token_ttl_ms(const struct client *client, const struct token_profile *profile)
{
    return client->access_token_ttl_ms > 0 ? client->access_token_ttl_ms : profile->ttl_ms;
}

/* RFC 9068 2.2 */
static struct bytes write_payload(struct client_request *r, const struct token_answer *a, const struct token_writing *w)
{
    const struct policy *policy = context_of(&r->oauth.request)->policy;
    const struct grant *g = a->grant;
    struct text t;
    text_init(&t, &r->oauth.request.arena, 1024);
    text_put_char(&t, '{');
    put_member(&t, BYTES("iss"), policy->issuer);
    put_member(&t, BYTES("sub"), g->subject);
    put_audience(&t, &a->targets->audience);
    put_member(&t, BYTES("client_id"), g->client_id);
    put_time(&t, BYTES("iat"), w->now_ms);
    put_time(&t, BYTES("exp"), w->now_ms + w->ttl_ms);
    put_jti(&t, a);
    put_member(&t, BYTES("sid"), g->kratos_session_id);
    put_scope(&t, w->scope);
    put_time(&t, BYTES("auth_time"), g->auth_time); /* RFC 9068 2.2.1: fixed for all tokens of one authorization */
    put_member(&t, BYTES("acr"), g->acr);
    text_put_json_name(&t, BYTES("amr"));
    text_put(&t, g->amr);
    put_claims(&t, g->claims);
    text_put_char(&t, '}');
    return text_bytes(&t);
}

struct bytes access_token_scope(struct client_request *r, const struct targets *targets)
{
    const struct token_profile *profile = &context_of(&r->oauth.request)->policy->profiles[targets->profile];
    if (!bytes_present(profile->scopes)) return targets->scope;
    struct text t;
    struct bytes rest = targets->scope, word;
    text_init(&t, &r->oauth.request.arena, targets->scope.len + 1);
    while (bytes_take_word(&rest, ' ', &word)) { /* RFC 9068 3: each scope makes sense for the audience */
        if (!bytes_have_word(profile->scopes, word)) continue;
        if (t.len > 0) text_put_char(&t, ' ');
        text_put(&t, word);
    }
    return text_bytes(&t);
}

static enum key_algorithm algorithm_of(const struct client *client, const struct token_profile *profile)
{
    return client->has_algorithm ? client->algorithm : profile->algorithm;
}

/* below 0 at a session's last moment, where the database's clock is ahead of Kratos' */
static int64_t what_is_left(int64_t left_ms) { return left_ms > 0 ? left_ms : 0; }

static bool put_refresh_token(struct client_request *r, const struct token_answer *a, struct text *t)
{
    const struct policy *policy = context_of(&r->oauth.request)->policy;
    const struct token_binding binding = {policy->issuer, a->grant->client_id};
    if (a->refresh_token == NULL) return true;
    text_put(t, BYTES(",\"refresh_token\":\""));
    if (!refresh_token_write(&policy->secrets, &binding, a->refresh_token, t)) return false;
    text_put(t, BYTES("\",\"refresh_token_timeout\":"));
    text_put_number(t, what_is_left(a->idle_left_ms) / 1000);
    text_put(t, BYTES(",\"authorization_expires_in\":"));
    text_put_number(t, what_is_left(a->absolute_left_ms) / 1000);
    return true;
}

static const struct token_profile *profile_of(struct client_request *r, const struct token_answer *a)
{
    return &context_of(&r->oauth.request)->policy->profiles[a->targets->profile];
}

static void begin_writing(struct client_request *r, const struct token_answer *a, struct token_writing *w)
{
    *w = (struct token_writing){.scope = access_token_scope(r, a->targets), .now_ms = clock_now_ms(), .ttl_ms = access_token_ttl_ms(r->held.client, profile_of(r, a))};
    if (w->ttl_ms > a->lifetime_max_ms) w->ttl_ms = what_is_left(a->lifetime_max_ms);
}

/* a record of the database may outlive a change of the settings */
static bool may_use(struct client_request *r, enum key_algorithm algorithm, struct fault *fault)
{
    if (!r->held.client->has_algorithm || policy_has_algorithm(context_of(&r->oauth.request)->policy, algorithm)) return true;
    return fault_set(fault, FAULT_AWAY, "access token", "the client's access_token.algorithm %s is not in keys.algorithms", key_algorithm_name(algorithm).at);
}

static bool has_room(bool fits, struct fault *fault) { return fits || fault_set(fault, FAULT_BUG, "access token", "no room"); }

/* before: what stands before the JWT */
static enum step_result ask_jwt(struct flow *flow, const struct token_answer *a, struct token_writing *w, struct bytes before)
{
    struct client_request *r = client_request_of(flow);
    const struct token_profile *profile = profile_of(r, a);
    begin_writing(r, a, w);
    const struct signing signing = {algorithm_of(r->held.client, profile), profile->typ, write_payload(r, a, w)};
    if (!has_room(bytes_present(signing.payload), &flow->fault) || !may_use(r, signing.algorithm, &flow->fault)) return STEP_END;
    text_init(&w->jwt.text, &r->oauth.request.arena, signing.payload.len * 2 + 1024);
    text_put(&w->jwt.text, before);
    return ask_sign(flow, &signing, &w->jwt);
}

enum step_result ask_access_token(struct flow *flow, const struct token_answer *a, struct token_writing *w) { return ask_jwt(flow, a, w, BYTES_ABSENT); }

bool access_token_take(struct token_writing *w, struct access_token *out, struct fault *fault)
{
    *out = (struct access_token){.jwt = text_bytes(&w->jwt.text), .kid = w->jwt.kid, .expires_at_ms = (w->now_ms + w->ttl_ms) / 1000 * 1000};
    return has_room(bytes_present(out->jwt), fault);
}

enum step_result ask_token_answer(struct flow *flow, const struct token_answer *a, struct token_writing *w) { return ask_jwt(flow, a, w, BYTES("{\"access_token\":\"")); }

bool token_answer_end(struct client_request *r, const struct token_answer *a, struct token_writing *w, struct bytes *body, struct fault *fault)
{
    struct text *t = &w->jwt.text;
    text_put(t, BYTES("\",\"token_type\":\"Bearer\",\"expires_in\":"));
    text_put_number(t, ((w->now_ms + w->ttl_ms) / 1000) - w->now_ms / 1000);
    put_scope(t, w->scope);
    if (bytes_present(a->issued_token_type)) put_member(t, BYTES("issued_token_type"), a->issued_token_type);
    if (!put_refresh_token(r, a, t)) return fault_set(fault, FAULT_BUG, "access token", "no secret for the refresh token");
    text_put_char(t, '}');
    *body = text_bytes(t);
    return has_room(bytes_present(*body), fault);
}
