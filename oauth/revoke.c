#include "oauth/revoke.h"

#include <string.h>

#include "oauth/access_token.h"
#include "oauth/cors.h"

static struct revoke_request *revoke_request_of(struct flow *flow) { return (struct revoke_request *)flow; }

static void aim_at(struct revoke_request *r, const unsigned char grant_id[GRANT_ID_LEN])
{
    r->revocation = (struct revocation){.by = REVOKE_GRANT, .client_id = r->client_request.held.client->client_id, .because = BYTES("revoked_by_client")};
    memcpy(r->revocation.grant_id, grant_id, GRANT_ID_LEN);
}

static enum step_result read_refresh_token(struct flow *flow, struct bytes text)
{
    struct revoke_request *r = revoke_request_of(flow);
    const struct policy *policy = context_of(&r->client_request.oauth.request)->policy;
    const struct token_binding binding = {policy->issuer, client_of(flow)->client_id};
    struct refresh_token token;
    if (!refresh_token_open(&policy->secrets, &binding, text, &token)) return STEP_END; /* RFC 7009 2.2: an invalid token is 200 */
    aim_at(r, token.grant_id);
    refresh_token_hash(&token, r->revocation.secret_hash);
    r->revocation.check_secret = true;
    refresh_token_wipe(&token);
    return STEP_NEXT;
}

static enum step_result read_access_token(struct flow *flow, struct bytes text)
{
    struct revoke_request *r = revoke_request_of(flow);
    const struct json *payload = access_token_open(&r->client_request.oauth.request, text);
    unsigned char grant_id[GRANT_ID_LEN];
    if (payload == NULL) return STEP_END;
    if (!bytes_equal(json_string(json_find(payload, "client_id")), client_of(flow)->client_id))
        return refuse(flow, OAUTH_INVALID_GRANT, "an access token of another client"); /* RFC 7009 2.1 */
    if (!jti_grant_id(json_string(json_find(payload, "jti")), grant_id)) return refuse(flow, OAUTH_UNSUPPORTED_TOKEN_TYPE, "an access token without a grant");
    aim_at(r, grant_id);
    return STEP_NEXT;
}

/* RFC 7009 2.1: token_type_hint is only a hint; the two kinds can't be taken for one another, so it isn't needed */
static enum step_result read_token(struct flow *flow)
{
    struct bytes text = form_find(&client_request_of(flow)->form, BYTES("token"));
    if (!bytes_present(text)) return refuse(flow, OAUTH_INVALID_REQUEST, "no token");
    return refresh_token_looks_like(text) ? read_refresh_token(flow, text) : read_access_token(flow, text);
}

static enum step_result revoke_grant(struct flow *flow)
{
    struct revoke_request *r = revoke_request_of(flow);
    return ask_revoke(flow, context_of(&r->client_request.oauth.request)->store, &r->revocation, &r->revoked);
}

const struct step REVOKE_STEPS[] = {
    {"parse", parse_client_request},
    {"find_client", find_client}, /* may wait for storage */
    {"authenticate", authenticate_client}, /* may wait for a thread */
    {"judge_secret", judge_secret},
    {"read_token", read_token},
    {"revoke_grant", revoke_grant}, /* waits for storage */
    {"finish", NULL},
};

void revoke_finish(struct flow *flow)
{
    struct revoke_request *r = revoke_request_of(flow);
    struct answer answer = {.status = 200, .content_type = BYTES("application/json"), .body = BYTES("{}")};
    if (flow->fault.kind == FAULT_NONE) {
        r->client_request.oauth.request.log.outcome = r->revoked.count > 0 ? BYTES("revoked") : BYTES("nothing_to_revoke");
        answer_no_store(&answer);
    } else {
        oauth_error_answer(&r->client_request.oauth, &answer);
    }
    cors_for_client(&r->client_request, &answer);
    request_answer(&r->client_request.oauth.request, &answer);
}
