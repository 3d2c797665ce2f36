#include "admin/gate.h"

#include "torture/request_stand_in.h"
#include "unit/test.h"

#define TOKEN "Vb3nK8sW2xQ7mZ4cR9pL5hT1"

static const struct route ROUTE = {.size = sizeof(struct request)};
static struct worker worker;
static struct answered answered;
static struct admin_rules rules = {.host = BYTES("admin.internal")};

struct knock {
    const char *host, *origin, *authorization, *path;
};

/* true: the gate lets it through, and answered nothing */
static bool passes(const struct knock *knock)
{
    struct sent_header headers[4] = {{NULL, NULL}};
    size_t count = 0;
    if (knock->host != NULL) headers[count++] = (struct sent_header){"host", knock->host};
    if (knock->origin != NULL) headers[count++] = (struct sent_header){"origin", knock->origin};
    if (knock->authorization != NULL) headers[count++] = (struct sent_header){"authorization", knock->authorization};
    const struct sent sent = {.route = &ROUTE, .headers = headers};
    struct request *request = request_stand_in_create(&sent, &worker, &answered);
    request->path = bytes_of(knock->path == NULL ? "/admin/clients" : knock->path);
    bool passed = admin_gate(request, &rules);
    CHECK(answered.count == (passed ? 0 : 1));
    request_stand_in_dispose(request);
    return passed;
}

static bool host_passes(const char *host) { return passes(&(struct knock){.host = host}); }

static bool authorized(const char *authorization)
{
    return passes(&(struct knock){.host = "localhost", .authorization = authorization});
}

static void check_hosts(void)
{
    TEST("the configured host, localhost and addresses may be asked for, with any port")
    {
        CHECK(host_passes("admin.internal") && host_passes("Admin.Internal:4478"));
        CHECK(host_passes("localhost") && host_passes("LOCALHOST:4478"));
        CHECK(host_passes("127.0.0.1:4478") && host_passes("10.1.2.3") && host_passes("[::1]:4478") &&
              host_passes("[fe80::1]"));
    }
    TEST("a name that somebody pointed here may not (DNS rebinding)")
    {
        static const char *const NAMES[] = {"evil.example",
                                            "evil.example:4478",
                                            "localhost.evil.example",
                                            "127.0.0.1.evil.example",
                                            "admin.internal.evil.example",
                                            "127.0.0.1@evil.example",
                                            "[::1].evil.example",
                                            "[::1",
                                            "[]",
                                            "127.1",
                                            "0x7f.0.0.1",
                                            "",
                                            ":4478"};
        for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
            CHECK(!host_passes(NAMES[i]));
            CHECK(answered.status == 403);
        }
        char name[300];
        snprintf(name, sizeof name, "%0299d", 0);
        CHECK(!host_passes(name));
    }
    TEST("nor a request without a host (HTTP/1.0)") { CHECK(!host_passes(NULL) && answered.status == 403); }
}

static void check_browsers(void)
{
    TEST("a request that a browser made is refused, wherever it goes and whatever it brings")
    {
        const struct knock page = {
            .host = "localhost", .origin = "http://localhost:3000", .authorization = "Bearer " TOKEN};
        CHECK(!passes(&page) && answered.status == 403);
        CHECK(!passes(&(struct knock){.host = "localhost", .origin = "null", .path = "/health/ready"}) &&
              answered.status == 403);
        CHECK(!passes(&(struct knock){.host = "localhost", .origin = "", .path = "/version"}) &&
              answered.status == 403);
    }
}

static void check_token(void)
{
    TEST("without a token in the settings none is asked for")
    {
        CHECK(authorized(NULL) && authorized("Bearer anything"));
    }
    secret_init(&rules.token, BYTES(TOKEN));
    TEST("with one it must be there, to the last letter")
    {
        CHECK(authorized("Bearer " TOKEN) && authorized("bearer " TOKEN));
        static const char *const BAD[] = {"",
                                          "Bearer",
                                          "Bearer ",
                                          TOKEN,
                                          "Basic " TOKEN,
                                          "Bearer " TOKEN "x",
                                          "Bearer  " TOKEN,
                                          "Bearer Vb3nK8sW2xQ7mZ4cR9pL5hT",
                                          "Bearer vb3nK8sW2xQ7mZ4cR9pL5hT1"};
        CHECK(!authorized(NULL) && answered.status == 401);
        for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) CHECK(!authorized(BAD[i]) && answered.status == 401);
        CHECK(strcmp(answered_header(&answered, "www-authenticate"), "Bearer") == 0);
        CHECK(strcmp(answered_header(&answered, "cache-control"), "no-store") == 0);
    }
    TEST("hooks take keys of their own, and what only begins like them the token")
    {
        CHECK(passes(&(struct knock){.host = "localhost", .path = "/hooks/kratos/revoke"}));
        CHECK(!passes(&(struct knock){.host = "evil.example", .path = "/hooks/kratos/revoke"}));
        CHECK(!passes(&(struct knock){.host = "localhost", .path = "/hooks"}) && answered.status == 401);
    }
    TEST("health and version take none; what only begins like them does")
    {
        CHECK(passes(&(struct knock){.host = "localhost", .path = "/health/ready"}));
        CHECK(passes(&(struct knock){.host = "localhost", .path = "/version"}));
        CHECK(!passes(&(struct knock){.host = "localhost", .path = "/version/x"}) && answered.status == 401);
        CHECK(!passes(&(struct knock){.host = "localhost", .path = "/health"}) && answered.status == 401);
        CHECK(!passes(&(struct knock){.host = "localhost", .path = "/metrics"}) && answered.status == 401);
    }
    TEST("hooks take keys of their own, but no page's requests and no rebound name's")
    {
        CHECK(passes(&(struct knock){.host = "localhost", .path = "/hooks/hydra/token"}));
        CHECK(!passes(&(struct knock){.host = "localhost", .path = "/hooks"}) && answered.status == 401);
        CHECK(!passes(&(struct knock){.host = "evil.example", .path = "/hooks/hydra/token"}) && answered.status == 403);
        CHECK(!passes(&(struct knock){.host = "localhost", .origin = "null", .path = "/hooks/hydra/token"}));
    }
    secret_release(&rules.token);
}

int main(void)
{
    check_hosts();
    check_browsers();
    check_token();
    return TEST_END();
}
