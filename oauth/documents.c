#include "oauth/documents.h"

#include "oauth/accept.h"
#include "oauth/cors.h"
#include "oauth/token.h"

const struct step DOCUMENT_STEPS[] = {{"finish", NULL}};

static struct bytes write_cache_control(struct arena *arena, int64_t max_age_ms)
{
    long long max_age_s = (long long)(max_age_ms / 1000);
    struct text t;
    text_init(&t, arena, 96);
    text_put_format(&t, "public, max-age=%lld, stale-while-revalidate=60, stale-if-error=%lld", max_age_s, max_age_s);
    return text_bytes(&t);
}

/* RFC 9110 13.1.2: a list of entity tags, weakly compared, or * */
static bool etag_matches(struct bytes if_none_match, struct bytes etag)
{
    struct bytes rest = if_none_match, tag;
    while (bytes_take_word(&rest, ',', &tag)) {
        tag = bytes_trim(tag);
        if (bytes_start_with(tag, BYTES("W/"))) tag = (struct bytes){tag.at + 2, tag.len - 2};
        if (bytes_equal(tag, etag) || bytes_equal(tag, BYTES("*"))) return true;
    }
    return false;
}

static struct bytes jwks_type(const struct request *request)
{
    struct bytes accept = request_header(request, "accept");
    return accept_names(accept, BYTES("application/jwk-set+json")) ? BYTES("application/jwk-set+json") : BYTES("application/json");
}

void jwks_finish(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    struct context *context = context_of(request);
    struct jwks_request *jwks = (struct jwks_request *)request;
    jwks->ring = keyring_hold(key_seat_ring(&context->keys));
    struct key_set set = keyring_jwks(jwks->ring);
    struct answer answer = {.status = 200, .content_type = jwks_type(request), .body = set.json};
    answer_header(&answer, BYTES("etag"), set.etag);
    answer_header(&answer, BYTES("cache-control"), write_cache_control(&request->arena, context->policy->jwks_max_age_ms));
    answer_header(&answer, BYTES("vary"), BYTES("Accept"));
    cors_open(&answer);
    if (etag_matches(request_header(request, "if-none-match"), set.etag)) answer.status = 304;
    request_answer(request, &answer);
}

void jwks_release(struct request *request) { keyring_release(((struct jwks_request *)request)->ring); }

/* ---- RFC 8414 ---- */

static void put_text(struct text *t, const char *name, struct bytes value)
{
    text_put_json_name(t, bytes_of(name));
    text_put_json(t, value);
}

static void put_url(struct text *t, const char *name, const struct policy *policy, const char *path)
{
    struct text url;
    text_init(&url, t->arena, policy->issuer.len + 64);
    text_put(&url, bytes_end_with(policy->issuer, BYTES("/")) ? (struct bytes){policy->issuer.at, policy->issuer.len - 1} : policy->issuer);
    text_put(&url, bytes_of(path));
    put_text(t, name, text_bytes(&url));
}

static void put_list(struct text *t, const char *name, const struct bytes *values, size_t count)
{
    text_put_json_name(t, bytes_of(name));
    text_put_char(t, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) text_put_char(t, ',');
        text_put_json(t, values[i]);
    }
    text_put_char(t, ']');
}

enum { GRANT_TYPES_MAX = 8 };

static void put_grant_types(struct text *t, const struct grant_type *const *grant_types)
{
    struct bytes names[GRANT_TYPES_MAX];
    size_t count = 0;
    while (grant_types[count] != NULL && count < GRANT_TYPES_MAX) {
        names[count] = grant_types[count]->name;
        count++;
    }
    put_list(t, "grant_types_supported", names, count);
}

static void put_auth_methods(struct text *t, const char *name, bool with_none)
{
    const struct bytes methods[] = {auth_method_name(AUTH_NONE), auth_method_name(AUTH_BASIC), auth_method_name(AUTH_POST)};
    put_list(t, name, with_none ? methods : methods + 1, with_none ? 3 : 2);
}

bool metadata_write(struct arena *arena, const struct policy *policy, const struct grant_type *const *grant_types, struct metadata *out, struct fault *fault)
{
    static const struct bytes EXPIRATION_TYPES[] = {{"authorization", 13}, {"credential", 10}};
    static const struct bytes ACR_VALUES[] = {{"aal1", 4}, {"aal2", 4}};
    const struct bytes signing_algorithm = key_algorithm_name(policy->profiles[0].algorithm);
    struct text t;
    text_init(&t, arena, 2048);
    text_put_char(&t, '{');
    put_text(&t, "issuer", policy->issuer);
    put_url(&t, "token_endpoint", policy, "/oauth2/token");
    put_url(&t, "revocation_endpoint", policy, "/oauth2/revoke");
    put_url(&t, "introspection_endpoint", policy, "/oauth2/introspect");
    put_url(&t, "jwks_uri", policy, "/.well-known/jwks.json");
    put_grant_types(&t, grant_types);
    put_list(&t, "response_types_supported", NULL, 0); /* RFC 8414 2 asks for it though no grant of ours has one: clients check that it is there */
    put_auth_methods(&t, "token_endpoint_auth_methods_supported", true);
    put_auth_methods(&t, "revocation_endpoint_auth_methods_supported", true);
    put_auth_methods(&t, "introspection_endpoint_auth_methods_supported", false);
    put_list(&t, "introspection_signing_alg_values_supported", &signing_algorithm, 1); /* RFC 9701 7 */
    put_list(&t, "acr_values_supported", ACR_VALUES, 2);
    put_list(&t, "refresh_token_expiration_types_supported", EXPIRATION_TYPES, 2);
    text_put_char(&t, '}');
    out->json = text_bytes(&t);
    return bytes_present(out->json) || fault_set(fault, FAULT_BUG, "metadata", "no room");
}

void metadata_finish(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    const struct metadata *metadata = request->route->data;
    struct answer answer = {.status = 200, .content_type = BYTES("application/json"), .body = metadata->json};
    answer_header(&answer, BYTES("cache-control"), BYTES("public, max-age=3600"));
    cors_open(&answer);
    request_answer(request, &answer);
}
