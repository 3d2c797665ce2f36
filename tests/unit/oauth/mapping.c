#include "oauth/mapping.h"

#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/json_text.h"
#include "unit/test.h"

static const struct route ROUTE = {.size = sizeof(struct client_request)};
static struct answered answered;
static struct client_request *r;

static bool map(const char *session_json, struct bytes *claims, struct fault *fault)
{
    static struct bytes audience[] = {BYTES("https://api.example.com")};
    const struct session session = {.json = json_of(&r->oauth.request.arena, bytes_of(session_json))};
    const struct targets targets = {.audience = {audience, 1}, .scope = BYTES("api")};
    return map_claims(r, &session, &targets, claims, fault);
}

int main(void)
{
    static const struct client client = {.client_id = BYTES("spa"), .record = BYTES("{\"client_id\":\"spa\"}")};
    world_create();
    r = (struct client_request *)request_stand_in_create(&(struct sent){.route = &ROUTE}, &world.worker, &answered);
    r->held.client = &client;
    TEST("a list is written as a JSON array, and no name can leave its place in it")
    {
        struct bytes names[] = {BYTES("a"), BYTES("b\",\"c")};
        CHECK_BYTES(write_audience(r, &(struct bytes_list){names, 0}), BYTES("[]"));
        CHECK_BYTES(write_audience(r, &(struct bytes_list){names, 1}), BYTES("[\"a\"]"));
        CHECK_BYTES(write_audience(r, &(struct bytes_list){names, 2}), BYTES("[\"a\",\"b\\\",\\\"c\"]"));
    }
    TEST("claims are mapped from the session")
    {
        struct bytes claims;
        CHECK(map("{\"identity\":{\"traits\":{\"email\":\"ann@example.com\"}}}", &claims, NULL));
        CHECK_BYTES(claims, BYTES("{\"email\":\"ann@example.com\"}"));
    }
    TEST("$scope is the scope as the token has it: cut to what the resource understands")
    {
        static const struct claim_expression SEEN = {.name = BYTES("seen"), .expression = BYTES("$scope")};
        static struct bytes pay[] = {BYTES("https://pay.example.com")};
        const struct session session = {.json = json_of(&r->oauth.request.arena, BYTES("{}"))};
        const struct targets targets = {.audience = {pay, 1}, .profile = 1, .scope = BYTES("api pay read")};
        struct claims *usual = world.claims[1];
        struct bytes claims;
        world.claims[1] = claims_create(&(struct claims_source){.table = &SEEN, .table_count = 1}, NULL);
        CHECK(map_claims(r, &session, &targets, &claims, NULL));
        CHECK_BYTES(claims, BYTES("{\"seen\":\"pay read\"}"));
        claims_destroy(world.claims[1]);
        world.claims[1] = usual;
    }
    TEST("an expression that fails is a fault that names the claim and not the person")
    {
        struct bytes claims;
        struct fault fault = {.kind = FAULT_NONE};
        CHECK(!map("{\"identity\":\"ann@example.com\"}", &claims, &fault) && fault.kind == FAULT_BUG);
        CHECK(strstr(fault.where, "email") != NULL || strstr(fault.what, "email") != NULL);
        CHECK(strstr(fault.what, "ann@") == NULL);
    }
    TEST("the subject is the identity, or its external id where the settings say so")
    {
        struct policy policy = {.subject_is_external_id = false};
        const struct session session = {.identity_id = BYTES("id"), .external_id = BYTES("ext")},
                             without = {.identity_id = BYTES("id")};
        CHECK_BYTES(map_subject(&policy, &session), BYTES("id"));
        policy.subject_is_external_id = true;
        CHECK_BYTES(map_subject(&policy, &session), BYTES("ext"));
        CHECK(!bytes_present(map_subject(&policy, &without)));
    }
    TEST("an acr that we don't know counts as none")
    {
        CHECK(aal_of_acr(BYTES("aal0")) == 0 && aal_of_acr(BYTES("aal1")) == 1 && aal_of_acr(BYTES("aal2")) == 2);
        CHECK(aal_of_acr(BYTES("aal3")) == 0 && aal_of_acr(BYTES("AAL2")) == 0 && aal_of_acr(BYTES("")) == 0 &&
              aal_of_acr(BYTES_ABSENT) == 0);
    }
    request_stand_in_dispose(&r->oauth.request);
    world_destroy();
    return TEST_END();
}
