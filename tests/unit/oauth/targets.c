#include "oauth/targets.h"

#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

#define API "https://api.example.com"
#define PAY "https://pay.example.com"       /* has a profile of its own */
#define STRONG "https://strong.example.com" /* and so has this */
#define OTHER "https://other.example.com"

static const struct route ROUTE = {.size = sizeof(struct client_request)};
static const struct sent_header FORM[] = {{"content-type", "application/x-www-form-urlencoded"}, {NULL, NULL}};
static struct answered answered;
static struct arena arena;
static struct client_request *r;
static struct targets targets;
static struct target_refusal refusal;

static void ask(const char *record, const char *body)
{
    const struct json_limits limits = {.size_max = 64 * 1024, .unique_names = true};
    const struct sent sent = {.route = &ROUTE, .body = body, .headers = FORM};
    if (r != NULL) request_stand_in_dispose(&r->oauth.request);
    r = (struct client_request *)request_stand_in_create(&sent, &world.worker, &answered);
    r->held.client =
        client_parse(&arena, json_parse(&arena, bytes_of(record), &limits, NULL), &world.policy, NULL, NULL);
    CHECK(r->held.client != NULL && form_parse(&r->form, &r->oauth.request) == FORM_READ);
}

static bool chosen(const char *record, const char *body)
{
    ask(record, body);
    return targets_choose(r, &targets, &refusal);
}

static bool refused(const char *record, const char *body, enum oauth_error error)
{
    return !chosen(record, body) && refusal.error == error;
}

static bool is_for(size_t count, const char *first)
{
    return targets.audience.count == count && bytes_equal(targets.audience.at[0], bytes_of(first));
}

/* as a grant is refreshed: what the request names is read first, then held against the grant */
static bool narrowed(const char *record, const char *body, const struct grant *grant)
{
    ask(record, body);
    return targets_read(r, &targets, &refusal) && targets_narrow(r, grant, &targets, &refusal);
}

static void check_audience(void)
{
    TEST("who names nothing gets the settings' default")
    {
        CHECK(chosen("{}", "") && is_for(1, API) && !targets.asked && targets.profile == 0);
    }
    TEST("a client's own default goes before the settings'")
    {
        CHECK(chosen("{\"access_token\":{\"audience\":[\"" OTHER "\"]}}", "") && is_for(1, OTHER));
    }
    TEST("a client with a list gets the settings' default only where its list has it, else its list")
    {
        CHECK(chosen("{\"audience\":[\"" OTHER "\",\"" API "\"]}", "") && is_for(1, API));
        CHECK(chosen("{\"audience\":[\"" OTHER "\"]}", "") && is_for(1, OTHER));
    }
    TEST("without any default a target must be named")
    {
        world.policy.audience.count = 0;
        CHECK(refused("{}", "", OAUTH_INVALID_TARGET));
        CHECK(chosen("{}", "resource=" PAY) && is_for(1, PAY));
        CHECK(chosen("{\"audience\":[\"" OTHER "\"]}", "") && is_for(1, OTHER));
        world.policy.audience.count = 1;
    }
    TEST("resource and audience name targets alike, each once")
    {
        CHECK(chosen("{\"audience\":[\"" API "\",\"" OTHER "\"]}",
                     "resource=" API "&audience=" OTHER "&resource=" OTHER) &&
              is_for(2, API) && targets.asked);
    }
    TEST("a target that nobody knows, or that is not in the client's list, is invalid_target")
    {
        CHECK(refused("{}", "resource=" OTHER, OAUTH_INVALID_TARGET));
        CHECK(refused("{}", "audience=" OTHER, OAUTH_INVALID_TARGET));
        CHECK(refused("{\"audience\":[\"" OTHER "\"]}", "resource=" API, OAUTH_INVALID_TARGET));
        CHECK(refused("{}", "resource=" API "&resource=" OTHER, OAUTH_INVALID_TARGET));
    }
    TEST("RFC 8707 2: a resource is an absolute URI without a fragment")
    {
        static const char *const BAD[] = {
            "api",    "//api.example.com", API "%23", API "%23part", ":x", "1a:x", "a_b:x",
            "https:", API "/%20",          API "/%22"};
        char record[256], body[256];
        for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
            snprintf(record, sizeof record,
                     "{\"audience\":[\"api\",\"https:\",\"//api.example.com\",\":x\",\"1a:x\",\"a_b:x\",\"" API
                     "#\",\"" API "#part\",\"" API "/ \"]}");
            snprintf(body, sizeof body, "resource=%s", BAD[i]);
            CHECK(refused(record, body, OAUTH_INVALID_TARGET));
        }
        CHECK(chosen("{\"audience\":[\"urn:x-y.z+1:api\"]}", "resource=urn:x-y.z%2B1:api"));
        CHECK(chosen("{\"audience\":[\"api\"]}", "audience=api"));
    }
    TEST("more than 16 of one kind are refused")
    {
        char body[1024] = "";
        for (int i = 0; i < FORM_TARGETS_MAX; i++) strcat(body, "&resource=" API);
        CHECK(chosen("{}", body) && is_for(1, API));
        strcat(body, "&resource=" API);
        CHECK(refused("{}", body, OAUTH_INVALID_TARGET));
    }
    TEST("RFC 8693 2.2.2: targets whose tokens look different can't share one")
    {
        CHECK(chosen("{}", "resource=" PAY) && targets.profile == 1);
        CHECK(refused("{}", "resource=" PAY "&resource=" API, OAUTH_TARGETS_APART));
        CHECK(refused("{}", "resource=" PAY "&resource=" STRONG, OAUTH_TARGETS_APART));
    }
    TEST("those with profiles of their own that say the same can")
    {
        const unsigned min_aal = world.profiles[2].min_aal;
        world.profiles[2].min_aal = 0;
        CHECK(chosen("{}", "resource=" STRONG "&resource=" API) && is_for(2, STRONG) && targets.profile == 2);
        world.profiles[2].min_aal = min_aal;
    }
}

static void check_scope(void)
{
    TEST("who asks for no scope gets all that the client may have but offline_access")
    {
        CHECK(chosen("{\"scope\":\"api read offline_access\"}", ""));
        CHECK_BYTES(targets.scope, BYTES("api read"));
        CHECK(!targets.asked);
    }
    TEST("who asks gets just that, each word once, in the order asked")
    {
        CHECK(chosen("{\"scope\":\"api read offline_access\"}", "scope=read++offline_access+read") && targets.asked);
        CHECK_BYTES(targets.scope, BYTES("read offline_access"));
    }
    TEST("a scope that the client hasn't, or that is no scope, is invalid_scope")
    {
        CHECK(refused("{\"scope\":\"api\"}", "scope=api+write", OAUTH_INVALID_SCOPE));
        CHECK(refused("{\"scope\":\"api\"}", "scope=ap", OAUTH_INVALID_SCOPE));
        CHECK(refused("{\"scope\":\"api\"}", "scope=api%22", OAUTH_INVALID_SCOPE));
        CHECK(refused("{}", "scope=api", OAUTH_INVALID_SCOPE));
    }
}

static void check_narrowing(void)
{
    static const char CLIENT[] = "{\"scope\":\"api read write\",\"audience\":[\"" API "\",\"" OTHER "\"]}";
    const struct grant grant = {.scope = BYTES("api read"), .audience = BYTES("[\"" API "\",\"" OTHER "\"]")};
    const struct grant pay_grant = {.scope = BYTES("api"), .audience = BYTES("[\"" PAY "\"]")};

    TEST("a refresh that names nothing gets what the grant has")
    {
        CHECK(narrowed(CLIENT, "", &grant) && is_for(2, API));
        CHECK_BYTES(targets.scope, BYTES("api read"));
    }
    TEST("cut to what the client may have today")
    {
        CHECK(narrowed("{\"scope\":\"read\",\"audience\":[\"" OTHER "\"]}", "", &grant) && is_for(1, OTHER));
        CHECK_BYTES(targets.scope, BYTES("read"));
        CHECK(!narrowed("{\"audience\":[\"" PAY "\"]}", "", &grant) && refusal.error == OAUTH_INVALID_TARGET);
    }
    TEST("RFC 6749 6: a scope within the grant narrows, one beyond it is invalid_scope")
    {
        CHECK(narrowed(CLIENT, "scope=read", &grant) && is_for(2, API));
        CHECK_BYTES(targets.scope, BYTES("read"));
        CHECK(!narrowed(CLIENT, "scope=write", &grant) && refusal.error == OAUTH_INVALID_SCOPE);
    }
    TEST("RFC 8707 2.2: a target within the grant narrows, one beyond it is invalid_target")
    {
        CHECK(narrowed(CLIENT, "resource=" OTHER, &grant) && is_for(1, OTHER));
        CHECK_BYTES(targets.scope, BYTES("api read"));
        CHECK(!narrowed("{}", "resource=" PAY, &grant) && refusal.error == OAUTH_INVALID_TARGET);
    }
    TEST("a grant for a target without a default is refreshed without naming it")
    {
        world.policy.audience.count = 0;
        CHECK(narrowed("{\"scope\":\"api\"}", "", &pay_grant) && is_for(1, PAY) && targets.profile == 1);
        CHECK(narrowed("{\"scope\":\"api\"}", "scope=api", &pay_grant) && is_for(1, PAY) && targets.profile == 1);
        world.policy.audience.count = 1;
    }
    TEST("nor does it matter that the settings' defaults could not share a token")
    {
        world.policy.audience = (struct bytes_list){(struct bytes[]){BYTES(API), BYTES(PAY)}, 2};
        CHECK(narrowed("{\"scope\":\"api\"}", "", &pay_grant) && is_for(1, PAY));
        world.policy.audience = (struct bytes_list){world.audience, 1};
    }
    TEST("what the grant itself has does not hang on what a request names")
    {
        ask(CLIENT, "scope=read&resource=" OTHER);
        CHECK(targets_of_grant(r, &grant, &targets, &refusal) && is_for(2, API));
        CHECK_BYTES(targets.scope, BYTES("api read"));
    }
    TEST("a grant whose audience can't be read is trouble of ours")
    {
        const struct grant broken = {.scope = BYTES("api"), .audience = BYTES("[]")};
        CHECK(!narrowed(CLIENT, "", &broken) && refusal.error == OAUTH_SERVER_ERROR);
    }
}

int main(void)
{
    world_create();
    arena_init(&arena, 16 << 20);
    check_audience();
    check_scope();
    check_narrowing();
    request_stand_in_dispose(&r->oauth.request);
    arena_release(&arena);
    world_destroy();
    return TEST_END();
}
