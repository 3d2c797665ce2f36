#include "oauth/mapping.h"

struct bytes write_audience(struct client_request *r, const struct bytes_list *audience)
{
    struct text t;
    text_init(&t, &r->oauth.request.arena, 128);
    text_put_char(&t, '[');
    for (size_t i = 0; i < audience->count; i++) {
        if (i > 0) text_put_char(&t, ',');
        text_put_json(&t, audience->at[i]);
    }
    text_put_char(&t, ']');
    return text_bytes(&t);
}

bool map_claims(struct client_request *r, const struct session *session, const struct targets *targets,
                struct bytes *claims, struct fault *fault)
{
    struct context *context = context_of(&r->oauth.request);
    const struct claims_input input = {
        .session = session->json,
        .client = r->held.client->record,
        .scope = access_token_scope(r, targets),
        .audience = write_audience(r, &targets->audience),
        .identity_admin = session->metadata_admin,
    };
    return claims_map(context->claims[targets->profile], &input, &r->oauth.request.arena, claims, fault);
}

enum step_result ask_admin_metadata(struct flow *flow, const struct session *session, struct look *person)
{
    struct request *request = (struct request *)flow;
    const struct context *context = context_of(request);
    *person = (struct look){.outcome = LOOK_LIVE};
    if (!context->policy->profiles[0].claims.use_admin_metadata || session->metadata_admin != NULL) return STEP_NEXT;
    return ask_identity(flow, context->identity, session->identity_id, &request->arena, person);
}

void take_admin_metadata(struct session *session, const struct look *person)
{
    if (session->metadata_admin == NULL) session->metadata_admin = person->session.metadata_admin;
}

struct bytes map_subject(const struct policy *policy, const struct session *session)
{
    return policy->subject_is_external_id ? session->external_id : session->identity_id;
}

unsigned aal_of_acr(struct bytes acr)
{
    if (bytes_equal(acr, BYTES("aal2"))) return 2;
    return bytes_equal(acr, BYTES("aal1")) ? 1 : 0;
}
