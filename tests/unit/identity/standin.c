/* Does the stand-in say what the real one said? Sessions are compared by their shape: names, kinds and order; errors to
 * the byte. */
#include "answers.h"
#include "looks.h"

struct heard {
    bool done;
    int status;
    struct bytes body, content_type, cookie;
};

static void on_heard(void *data, const struct call_answer *answer, const struct fault *fault)
{
    struct heard *heard = data;
    heard->done = true;
    if (fault != NULL) return;
    heard->status = answer->status;
    heard->body = arena_copy(&standin.arena, answer->body);
    heard->content_type = arena_copy(&standin.arena, answer->content_type);
    if (answer->set_cookie_count > 0) heard->cookie = arena_copy(&standin.arena, answer->set_cookies[0]);
}

static struct heard say(struct upstream *upstream, struct call call)
{
    struct heard heard = {.done = false};
    call_start(upstream, &call, on_heard, &heard);
    while (!heard.done) loop_run(standin.loop, 10);
    return heard;
}

static struct upstream *public;

static struct heard whoami(struct call_header first, struct call_header second)
{
    return say(public, (struct call){.method = "GET",
                                     .path = BYTES("/sessions/whoami"),
                                     .headers = {first, second},
                                     .header_count = second.name.len > 0 ? 2 : first.name.len > 0});
}

static struct heard admin(const char *method, const char *before, struct bytes id, const char *behind)
{
    struct text t;
    text_init(&t, &standin.arena, 128);
    text_put_format(&t, "/%s/%.*s%s", before, BYTES_PRINT(id), behind);
    return say(standin.control, (struct call){.method = method, .path = text_bytes(&t)});
}

static const struct call_header none = {BYTES_ABSENT, BYTES_ABSENT};
static struct call_header token(struct bytes value) { return (struct call_header){BYTES("X-Session-Token"), value}; }

static struct call_header prefixed(struct bytes name, const char *before, struct bytes value)
{
    struct text t;
    text_init(&t, &standin.arena, 1024);
    text_put(&t, bytes_of(before));
    text_put(&t, value);
    return (struct call_header){name, text_bytes(&t)};
}

static struct call_header cookie(struct bytes value) { return prefixed(BYTES("Cookie"), "ory_kratos_session=", value); }

static void put_shape(struct text *t, const struct json *value)
{
    text_put(t, value->name);
    text_put_char(t, "n?#$[{"[value->type]);
    for (const struct json *part = value->first; part != NULL; part = part->next) put_shape(t, part);
    text_put_char(t, ';');
}

static struct bytes shape(struct bytes body)
{
    struct fault fault;
    struct text t;
    struct json_limits limits = {1 << 16, true};
    const struct json *root = json_parse(&standin.arena, body, &limits, &fault);
    if (root == NULL) return BYTES("no JSON");
    text_init(&t, &standin.arena, 1024);
    put_shape(&t, root);
    return text_bytes(&t);
}

static void check_same(struct heard heard, int status, const char *name)
{
    CHECK(heard.status == status);
    CHECK_BYTES(heard.body, recorded(&standin.arena, name));
}

static void check_shape(struct heard heard, const char *name)
{
    CHECK(heard.status == 200);
    CHECK_BYTES(shape(heard.body), shape(recorded(&standin.arena, name)));
    CHECK(bytes_end_with(heard.body, BYTES("}\n")));
}

static void test_whoami(void)
{
    const struct json *session = new_session("external_id=crm-1&aal=1"), *strong = new_session("external_id=c&aal=2");
    struct bytes its_token = member(session, "session_token"), its_cookie = member(session, "cookie");
    TEST("whoami has the recorded shape for token, cookie and bearer, with one method or two")
    {
        check_shape(whoami(token(its_token), none), "01-whoami-token");
        check_shape(whoami(prefixed(BYTES("Authorization"), "bearer ", its_token), none), "02-whoami-bearer");
        check_shape(whoami(cookie(its_cookie), none), "03-whoami-cookie");
        befalls(strong, "extend");
        struct heard heard = whoami(cookie(member(strong, "cookie")), none);
        CHECK(heard.status == 200 && bytes_start_with(heard.cookie, BYTES("ory_kratos_session=MTc5")));
        CHECK(bytes_contain(heard.body, BYTES("\"authenticator_assurance_level\":\"aal2\"")));
    }
    TEST("a person without external id hasn't the member")
    {
        struct heard heard = whoami(token(member(new_session(""), "session_token")), none);
        CHECK(heard.status == 200 && !bytes_contain(heard.body, BYTES("external_id")));
    }
    TEST("whoami refuses with the recorded bytes")
    {
        check_same(whoami(none, none), 401, "07-whoami-none");
        check_same(whoami((struct call_header){BYTES("X-Request-ID"), BYTES("abc-123")}, none), 401,
                   "08-whoami-none-requestid");
        check_same(whoami(cookie(BYTES("garbage")), none), 401, "06-whoami-garbage-cookie");
        check_same(whoami(token(its_token), cookie(BYTES("garbage"))), 500, "05-whoami-token-garbage-cookie");
        check_same(whoami(prefixed(BYTES("Authorization"), "Bearer  ", its_token), none), 401, "07-whoami-none");
        befalls(session, "require_aal2");
        check_same(whoami(token(its_token), none), 403, "82-whoami-403-aal2");
    }
    TEST("a good cookie behind a garbage one counts, and the token wins over both")
    {
        struct call_header two =
            prefixed(BYTES("Cookie"), "ory_kratos_session=x; ory_kratos_session=", member(strong, "cookie"));
        CHECK(whoami(two, none).status == 200);
        CHECK(whoami(two, token(BYTES("nobody"))).status == 401);
    }
}

static void test_admin(void)
{
    const struct json *session = new_session("external_id=crm-1");
    struct bytes id = member(session, "session_id"), nobody = BYTES("5ff66179-c240-4703-b0d8-494592cefff5");
    TEST("the admin API's sessions and identities have the recorded shape")
    {
        check_shape(admin("GET", "admin/sessions", id, ""), "20-admin-get-noexpand");
        check_shape(admin("GET", "admin/sessions", id, "?expand=IDENTITY"), "23-admin-get-upper");
        check_shape(admin("GET", "admin/sessions", id, "?expand=identity&expand=devices"), "22-admin-get-both");
        check_shape(admin("PATCH", "admin/sessions", id, "/extend"), "30-extend");
        check_shape(admin("GET", "admin/identities", member(session, "identity_id"), ""), "33-identity");
    }
    TEST("it refuses with the recorded bytes")
    {
        check_same(admin("GET", "admin/sessions", nobody, ""), 404, "24-admin-404");
        check_same(admin("GET", "admin/sessions", BYTES("xyz"), ""), 400, "25-admin-400-uuid");
        check_same(admin("GET", "admin/sessions", id, "?expand=x"), 400, "26-admin-400-expand");
        check_same(admin("GET", "admin/sessions", id, "/"), 404, "27-admin-trailing-slash");
        check_same(admin("PATCH", "admin/sessions", nobody, "/extend"), 404, "31-extend-404");
        check_same(admin("PATCH", "admin/sessions", BYTES("xyz"), "/extend"), 400, "32-extend-400");
        check_same(admin("DELETE", "admin/sessions", nobody, ""), 404, "52-revoke-404");
        check_same(admin("GET", "admin/health", BYTES("ready"), ""), 200, "a5-admin-ready");
        check_same(admin("GET", "health", BYTES("ready"), ""), 307, "a6-ready-before-26");
    }
    TEST("a disabled identity's session says active where the identity isn't looked at")
    {
        befalls(session, "disable");
        CHECK(bytes_contain(admin("GET", "admin/sessions", id, "").body, BYTES("\"active\":true")));
        CHECK(bytes_contain(admin("GET", "admin/sessions", id, "?expand=identity").body, BYTES("\"active\":false")));
        befalls(session, "enable");
    }
    TEST("revoking is for good, and again is no mistake")
    {
        CHECK(admin("DELETE", "admin/sessions", id, "").status == 204);
        CHECK(admin("DELETE", "admin/sessions", id, "").status == 204);
        CHECK(bytes_contain(admin("PATCH", "admin/sessions", id, "/extend").body, BYTES("\"active\":false")));
        check_same(whoami(token(member(session, "session_token")), none), 401, "53-whoami-revoked");
    }
    TEST("the session of an identity that was deleted is gone")
    {
        CHECK(admin("DELETE", "admin/identities", member(session, "identity_id"), "").status == 204);
        check_same(admin("GET", "admin/sessions", id, ""), 404, "70-admin-identity-deleted");
    }
}

int main(void)
{
    struct fault fault;
    looks_begin();
    public = upstream_create(standin.loop, bytes_of(standin.public_url), TIMEOUT_MS, NULL, &fault);
    test_whoami();
    test_admin();
    upstream_destroy(public);
    looks_end();
    return TEST_END();
}
