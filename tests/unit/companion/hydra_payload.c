#include "companion/hydra_payload.h"

#include "unit/test.h"

static struct arena arena;
static struct fault fault;
static struct hydra_payload payload;

static struct bytes recorded(const char *name)
{
    char path[256], *text = arena_take(&arena, 16384);
    snprintf(path, sizeof path, "%s/%s.json", HYDRA_DATA, name);
    FILE *file = fopen(path, "rb");
    size_t len = file == NULL ? 0 : fread(text, 1, 16384, file);
    if (file != NULL) fclose(file);
    struct json_limits limits = {16384, true};
    return json_string(json_find(json_parse(&arena, (struct bytes){text, len}, &limits, NULL), "body"));
}

static bool parse(struct bytes body) { return hydra_payload_parse(&arena, body, &payload, &fault); }

static bool refused(const char *body, const char *words)
{
    bool right = !parse(bytes_of(body)) && fault.kind == FAULT_INPUT && strstr(fault.what, words) != NULL;
    if (!right) fprintf(stderr, "  %s: %s\n", body, fault.what);
    return right;
}

static struct bytes merge(const char *came, const char *mapped)
{
    const struct json_limits limits = {4096, true};
    struct text t;
    text_init(&t, &arena, 64);
    hydra_payload_merge(&t, came == NULL ? NULL : json_parse(&arena, bytes_of(came), &limits, NULL),
                        json_parse(&arena, bytes_of(mapped), &limits, NULL));
    return text_bytes(&t);
}

static void test_recordings(void)
{
    TEST("what Hydra sent at a refresh is read")
    {
        CHECK(parse(recorded("refresh")) && !payload.is_legacy && !payload.is_client_credentials);
        CHECK_BYTES(payload.subject, BYTES("2ba14201-4f13-44ee-96c1-3ebc8cfe89da"));
        CHECK_BYTES(payload.client_id, BYTES("15e06174-0241-44b9-94ec-e20cb53ab431"));
        CHECK_BYTES(payload.grant_type, BYTES("refresh_token"));
        CHECK_BYTES(payload.scope, BYTES("openid offline api"));
        CHECK_BYTES(payload.audience, BYTES("[\"https://api.example.com\"]"));
        CHECK_BYTES(json_string(json_find(payload.access_claims, "email")), BYTES("a@b.c"));
        CHECK_BYTES(json_string(json_find(payload.id_claims, "sid")), BYTES("fc4c197f-935a-4ed1-aaa7-34ffd6683b5e"));
    }
    TEST("and what it sent for a code, before anything is granted")
    {
        CHECK(parse(recorded("authorization-code")) && !payload.is_client_credentials);
        CHECK_BYTES(payload.grant_type, BYTES("authorization_code"));
        CHECK_BYTES(payload.scope, BYTES(""));
        CHECK_BYTES(payload.audience, BYTES("[]"));
    }
    TEST("and once its claims had been erased: null is nothing")
    {
        CHECK(parse(recorded("refresh-after-claims-were-erased")));
        CHECK(payload.access_claims == NULL && payload.id_claims == NULL && payload.subject.len == 36);
    }
    TEST("and for client_credentials, where the client is its own subject")
    {
        CHECK(parse(recorded("client-credentials")) && payload.is_client_credentials);
        CHECK_BYTES(payload.subject, payload.client_id);
    }
}

static void test_shapes(void)
{
    TEST("the older hook's shape says the same elsewhere")
    {
        CHECK(parse(BYTES("{\"subject\":\"foo\",\"session\":{\"id_token\":{\"subject\":\"foo\"}},\"requester\":{"
                          "\"client_id\":\"app\",\"granted_scopes\":[\"a\",\"b\"],\"granted_audience\":[],"
                          "\"grant_types\":[\"refresh_token\"]},\"client_id\":\"app\"}")));
        CHECK(payload.is_legacy && !payload.is_client_credentials);
        CHECK_BYTES(payload.subject, BYTES("foo"));
        CHECK_BYTES(payload.client_id, BYTES("app"));
        CHECK_BYTES(payload.scope, BYTES("a b"));
        CHECK_BYTES(payload.grant_type, BYTES("refresh_token"));
    }
    TEST("where both are there, the newer one counts")
    {
        CHECK(
            parse(BYTES("{\"session\":{},\"request\":{\"client_id\":\"new\"},\"requester\":{\"client_id\":\"old\"}}")));
        CHECK(!payload.is_legacy);
        CHECK_BYTES(payload.client_id, BYTES("new"));
    }
    TEST("client_credentials is what is called so, or has the client for its subject and no name")
    {
        CHECK(parse(BYTES("{\"session\":{},\"request\":{\"payload\":{\"grant_type\":[\"client_credentials\"]}}}")));
        CHECK(payload.is_client_credentials);
        CHECK(parse(BYTES("{\"session\":{},\"request\":{\"grant_types\":[\"client_credentials\"]}}")));
        CHECK(payload.is_client_credentials);
        CHECK(parse(BYTES("{\"session\":{\"client_id\":\"c\",\"id_token\":{\"subject\":\"c\"}}}")));
        CHECK(payload.is_client_credentials);
        CHECK(parse(BYTES("{\"session\":{\"client_id\":\"c\",\"id_token\":{\"subject\":\"c\"}},"
                          "\"request\":{\"grant_types\":[\"refresh_token\"]}}")));
        CHECK(!payload.is_client_credentials);
        CHECK(parse(BYTES("{\"session\":{\"client_id\":\"\",\"id_token\":{\"subject\":\"\"}}}")));
        CHECK(!payload.is_client_credentials);
    }
    TEST("the client that asked can't call a refresh client_credentials: the grant is the one that Hydra went by")
    {
        CHECK(parse(BYTES("{\"session\":{},\"request\":{\"grant_types\":[\"refresh_token\"],"
                          "\"payload\":{\"grant_type\":[\"refresh_token\",\"client_credentials\"]}}}")));
        CHECK(!payload.is_client_credentials);
        CHECK_BYTES(payload.grant_type, BYTES("refresh_token"));
        CHECK(parse(BYTES("{\"session\":{},\"request\":{\"grant_types\":[\"refresh_token\"],"
                          "\"payload\":{\"grant_type\":[\"client_credentials\"]}}}")));
        CHECK(!payload.is_client_credentials);
        CHECK(parse(BYTES("{\"session\":{},\"request\":{"
                          "\"payload\":{\"grant_type\":[\"refresh_token\",\"client_credentials\"]}}}")));
        CHECK(!payload.is_client_credentials);
        CHECK(
            parse(BYTES("{\"session\":{},\"request\":{\"grant_types\":[\"refresh_token\",\"client_credentials\"]}}")));
        CHECK(!payload.is_client_credentials);
    }
    TEST("a session alone is enough: all else is nothing")
    {
        CHECK(parse(BYTES("{\"session\":{}}")) && !bytes_present(payload.subject) && !bytes_present(payload.client_id));
        CHECK(parse(BYTES("{\"session\":{\"extra\":null,\"client_id\":null,\"id_token\":null},\"request\":null}")));
        CHECK_BYTES(payload.audience, BYTES("[]"));
    }
    TEST("what is of another type than Hydra's is refused, and said by name")
    {
        CHECK(refused("[]", "there is no session") && refused("{}", "there is no session"));
        CHECK(refused("{\"session\":\"x\"}", "session is no object") && refused("{\"session\":null}", "no session"));
        CHECK(refused("{\"session\":{\"extra\":[]}}", "extra is no object"));
        CHECK(refused("{\"session\":{\"client_id\":1}}", "client_id is no string"));
        CHECK(refused("{\"session\":{\"id_token\":{\"id_token_claims\":{\"ext\":1}}}}", "ext is no object"));
        CHECK(refused("{\"session\":{},\"request\":{\"grant_types\":\"x\"}}", "grant_types is no list"));
        CHECK(refused("{\"session\":{},\"request\":{\"granted_scopes\":[1]}}", "granted_scopes holds"));
        CHECK(refused("{\"session\":{},\"requester\":[]}", "requester is no object"));
        CHECK(refused("{\"session\":{\"extra\":{\"a\":1,\"a\":2}}}", "twice") && refused("{\"session\":", ""));
    }
}

static void test_merging(void)
{
    TEST("what came stays in its order, what is mapped takes its name's place, what is new stands behind")
    {
        CHECK_BYTES(merge("{\"sid\":\"s\",\"email\":\"old\",\"t\":1723546027}", "{\"n\":1,\"email\":\"new\"}"),
                    BYTES("{\"sid\":\"s\",\"email\":\"new\",\"t\":1723546027,\"n\":1}"));
        CHECK_BYTES(merge(NULL, "{\"a\":1}"), BYTES("{\"a\":1}"));
        CHECK_BYTES(merge("{\"a\":1}", "{}"), BYTES("{\"a\":1}"));
        CHECK_BYTES(merge(NULL, "{}"), BYTES("{}"));
    }
    TEST("numbers keep their digits, and values their parts")
    {
        CHECK_BYTES(merge("{\"n\":90071992547409931234,\"f\":1.10,\"e\":1E400}", "{\"o\":{\"x\":[null,true,{}]}}"),
                    BYTES("{\"n\":90071992547409931234,\"f\":1.10,\"e\":1E400,\"o\":{\"x\":[null,true,{}]}}"));
    }
    TEST("a name is compared as a whole, NUL and all")
    {
        CHECK_BYTES(merge("{\"a\\u0000b\":1,\"a\":2}", "{\"a\":3}"), BYTES("{\"a\\u0000b\":1,\"a\":3}"));
    }
}

int main(void)
{
    arena_init(&arena, 16 << 20);
    test_recordings();
    test_shapes();
    test_merging();
    TEST("a tree that doesn't fit is told as such")
    {
        struct arena small;
        arena_init(&small, 512);
        CHECK(!hydra_payload_parse(&small, recorded("refresh"), &payload, &fault) && fault.kind == FAULT_FULL);
        arena_release(&small);
    }
    arena_release(&arena);
    return TEST_END();
}
