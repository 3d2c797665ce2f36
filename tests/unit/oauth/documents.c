#include "oauth/documents.h"

#include "base/json.h"
#include "grants/grants.h"
#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

static struct answered answered;
static struct arena arena;
static struct metadata metadata;

static const struct route JWKS = {
    .size = sizeof(struct jwks_request), .steps = DOCUMENT_STEPS, .finish = jwks_finish, .dispose = jwks_release};

static void fetch(const struct route *route, const char *header, const char *value)
{
    const struct sent_header headers[] = {{header, value}, {NULL, NULL}};
    struct request *request =
        request_stand_in_create(&(struct sent){.route = route, .headers = headers}, &world.worker, &answered);
    flow_drive(&request->flow);
    request_stand_in_dispose(request);
}

static const struct json *read(const char *text)
{
    const struct json_limits limits = {.size_max = 64 * 1024, .unique_names = true};
    return json_parse(&arena, bytes_of(text), &limits, NULL);
}

static bool has(const char *name, const char *value)
{
    const char *got = answered_header(&answered, name);
    return got != NULL && strcmp(got, value) == 0;
}

static void check_jwks(void)
{
    char etag[128], other[160];

    TEST("RFC 7517 5: the key set has the published keys, and nothing private")
    {
        fetch(&JWKS, NULL, NULL);
        const struct json *keys = json_find(read(answered.body), "keys");
        CHECK(answered.status == 200 && json_is(keys, JSON_ARRAY) && keys->count == 1);
        CHECK_BYTES(json_string(json_find(keys->first, "alg")), BYTES("ES256"));
        CHECK_BYTES(json_string(json_find(keys->first, "use")), BYTES("sig"));
        CHECK(bytes_present(json_string(json_find(keys->first, "kid"))) && json_find(keys->first, "d") == NULL);
    }
    TEST("it may be kept for a while by anybody, and read from any page")
    {
        CHECK(has("cache-control", "public, max-age=900, stale-while-revalidate=60, stale-if-error=900"));
        CHECK(has("access-control-allow-origin", "*") &&
              answered_header(&answered, "access-control-allow-credentials") == NULL);
    }
    TEST("its type is what the client asked for")
    {
        CHECK(has("content-type", "application/json") && has("vary", "Accept"));
        fetch(&JWKS, "accept", "application/jwk-set+json, */*");
        CHECK(has("content-type", "application/jwk-set+json"));
    }
    TEST("RFC 9110 13.1.2: who has it already gets 304, with the same headers")
    {
        snprintf(etag, sizeof etag, "%s", answered_header(&answered, "etag"));
        fetch(&JWKS, "if-none-match", etag);
        CHECK(answered.status == 304 && has("etag", etag) && answered_header(&answered, "cache-control") != NULL);
        snprintf(other, sizeof other, "\"x\", W/%s", etag);
        fetch(&JWKS, "if-none-match", other);
        CHECK(answered.status == 304);
        fetch(&JWKS, "if-none-match", "*");
        CHECK(answered.status == 304);
        fetch(&JWKS, "if-none-match", "\"x\"");
        CHECK(answered.status == 200);
        fetch(&JWKS, "if-none-match", "");
        CHECK(answered.status == 200);
    }
}

static bool is_text(const struct json *document, const char *name, const char *value)
{
    return bytes_equal(json_string(json_find(document, name)), bytes_of(value));
}

static bool lists(const struct json *document, const char *name, const char *value)
{
    const struct json *list = json_find(document, name);
    for (const struct json *item = list == NULL ? NULL : list->first; item != NULL; item = item->next)
        if (bytes_equal(json_string(item), bytes_of(value))) return true;
    return false;
}

static const struct json *describe(const char *issuer)
{
    world.policy.issuer = bytes_of(issuer);
    CHECK(metadata_write(&arena, &world.policy, GRANT_TYPES, &metadata, NULL));
    const struct route route = {
        .size = sizeof(struct request), .steps = DOCUMENT_STEPS, .finish = metadata_finish, .data = &metadata};
    fetch(&route, NULL, NULL);
    return read(answered.body);
}

static void check_metadata(void)
{
    TEST("RFC 8414 2: the issuer to the letter, and each endpoint below it")
    {
        const struct json *document = describe("https://issuer.example.com");
        CHECK(answered.status == 200 && has("content-type", "application/json") &&
              has("access-control-allow-origin", "*"));
        CHECK(is_text(document, "issuer", "https://issuer.example.com"));
        CHECK(is_text(document, "token_endpoint", "https://issuer.example.com/oauth2/token"));
        CHECK(is_text(document, "revocation_endpoint", "https://issuer.example.com/oauth2/revoke"));
        CHECK(is_text(document, "jwks_uri", "https://issuer.example.com/.well-known/jwks.json"));
    }
    TEST("the slash at an issuer's end stays in its name and is not doubled in an address")
    {
        const struct json *document = describe("https://issuer.example.com/tenant/");
        CHECK(is_text(document, "issuer", "https://issuer.example.com/tenant/"));
        CHECK(is_text(document, "token_endpoint", "https://issuer.example.com/tenant/oauth2/token"));
    }
    TEST("it lists the grants there are and the ways to authenticate, and response_types_supported, which clients look "
         "for")
    {
        const struct json *document = describe("https://issuer.example.com");
        CHECK(lists(document, "grant_types_supported", "refresh_token") &&
              lists(document, "grant_types_supported", "urn:ietf:params:oauth:grant-type:token-exchange"));
        CHECK(lists(document, "token_endpoint_auth_methods_supported", "none") &&
              lists(document, "token_endpoint_auth_methods_supported", "client_secret_basic"));
        CHECK(lists(document, "revocation_endpoint_auth_methods_supported", "client_secret_post"));
        CHECK(json_is(json_find(document, "response_types_supported"), JSON_ARRAY) &&
              json_find(document, "response_types_supported")->count == 0);
        CHECK(json_find(document, "authorization_endpoint") == NULL);
    }
}

int main(void)
{
    world_create();
    arena_init(&arena, 1 << 20);
    check_jwks();
    check_metadata();
    arena_release(&arena);
    world_destroy();
    return TEST_END();
}
