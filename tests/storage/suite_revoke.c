#include "suite.h"
#include "unit/test.h"

static struct revocation revoking(enum revoke_by by, const struct new_grant *grant)
{
    struct revocation r = {.by = by, .because = BYTES("session_ended")};
    if (by == REVOKE_GRANT) memcpy(r.grant_id, grant->grant.id, GRANT_ID_LEN);
    if (by == REVOKE_SESSION) r.name = grant->grant.kratos_session_id;
    if (by == REVOKE_SUBJECT) r.name = grant->grant.identity_id;
    if (by == REVOKE_CLIENT) r.client_id = grant->grant.client_id;
    return r;
}

static void test_one(struct driver *d)
{
    struct new_grant grant = stored_grant(d), neighbour = stored_grant(d);
    struct revocation r = revoking(REVOKE_GRANT, &grant);
    r.because = BYTES("revoked_by_client");
    TEST("a grant isn't revoked by who has another secret")
    {
        r.check_secret = true;
        memcpy(r.secret_hash, neighbour.secret_hash, SECRET_HASH_LEN);
        CHECK(revoke_grants(d, &r) == 0);
    }
    TEST("nor by another client")
    {
        memcpy(r.secret_hash, grant.secret_hash, SECRET_HASH_LEN);
        r.client_id = neighbour.grant.client_id;
        CHECK(revoke_grants(d, &r) == 0);
        CHECK(present(d, &grant, 0) == ROTATE_ROTATED);
    }
    TEST("with its secret and client it is revoked, once, and says why")
    {
        r.client_id = grant.grant.client_id;
        CHECK(revoke_grants(d, &r) == 1);
        CHECK(revoke_grants(d, &r) == 0);
        struct rotation rotation = presenting(&grant, 0);
        struct rotated rotated = rotate(d, &rotation);
        CHECK(rotated.outcome == ROTATE_REVOKED && rotated.revoked_at > 0 && rotated.revoked_at <= rotated.now);
        CHECK_BYTES(rotated.revoked_because, BYTES("revoked_by_client"));
    }
    TEST("a second revocation leaves the first one's reason")
    {
        r.because = BYTES("other");
        revoke_grants(d, &r);
        struct rotation rotation = presenting(&grant, 0);
        CHECK_BYTES(rotate(d, &rotation).revoked_because, BYTES("revoked_by_client"));
    }
    TEST("by its name alone a grant is revoked too, and its neighbour is not")
    {
        struct new_grant another = stored_grant(d);
        r = revoking(REVOKE_GRANT, &another);
        CHECK(revoke_grants(d, &r) == 1);
        CHECK(present(d, &another, 0) == ROTATE_REVOKED);
        CHECK(present(d, &neighbour, 0) == ROTATE_ROTATED);
    }
    TEST("a grant that is not there can't be revoked")
    {
        struct new_grant never = new_grant(d);
        r = revoking(REVOKE_GRANT, &never);
        CHECK(revoke_grants(d, &r) == 0);
    }
}

static const struct {
    enum revoke_by by;
    const char *sentence;
} ways[] = {
    {REVOKE_SESSION, "all live grants of a session are revoked, and no others"},
    {REVOKE_SUBJECT, "all live grants of a subject are revoked, and no others"},
    {REVOKE_CLIENT, "all live grants of a client are revoked, and no others"},
};

/* like the other in all but one name, or in that name only */
static struct new_grant relative(struct driver *d, const struct new_grant *of, enum revoke_by by)
{
    struct new_grant grant = new_grant(d);
    if (by == REVOKE_SESSION) grant.grant.kratos_session_id = of->grant.kratos_session_id;
    if (by == REVOKE_SUBJECT) grant.grant.identity_id = of->grant.identity_id;
    if (by == REVOKE_CLIENT) grant.grant.client_id = of->grant.client_id;
    store(d, &grant);
    return grant;
}

static void test_way(struct driver *d, enum revoke_by by)
{
    struct new_grant first = stored_grant(d);
    struct new_grant same[2] = {relative(d, &first, by), relative(d, &first, by)}, others[3];
    struct new_grant gone = relative(d, &first, by);
    for (size_t i = 0; i < 3; i++) others[i] = i == (size_t)by - 1 ? stored_grant(d) : relative(d, &first, ways[i].by);
    struct revocation r = revoking(REVOKE_GRANT, &gone);
    CHECK(revoke_grants(d, &r) == 1);
    r = revoking(by, &first);
    CHECK(revoke_grants(d, &r) == 3);
    CHECK(revoke_grants(d, &r) == 0);
    CHECK(present(d, &first, 0) == ROTATE_REVOKED);
    for (size_t i = 0; i < 2; i++) CHECK(present(d, &same[i], 0) == ROTATE_REVOKED);
    for (size_t i = 0; i < 3; i++) CHECK(present(d, &others[i], 0) == ROTATE_ROTATED);
}

static void test_ways(struct driver *d)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        TEST(ways[i].sentence) { test_way(d, ways[i].by); }
    }
    TEST("what never was has no live grants")
    {
        struct new_grant never = new_grant(d);
        for (size_t i = 0; i < 3; i++) {
            struct revocation r = revoking(ways[i].by, &never);
            CHECK(revoke_grants(d, &r) == 0);
        }
    }
}

static void test_expired(struct driver *d)
{
    if (d->raw == NULL) return;
    TEST("an expired grant isn't counted")
    {
        struct new_grant grant = stored_grant(d), live = relative(d, &grant, REVOKE_SESSION);
        struct raw_row row = row_of(d, &grant);
        row.state.idle_expires_at = raw_now(d->raw) - SECOND;
        set_row(d, &row);
        struct revocation r = revoking(REVOKE_SESSION, &live);
        CHECK(revoke_grants(d, &r) == 1);
    }
}

enum { MANY = 2345 }; /* more than any statement takes at once */

static void test_many(struct driver *d)
{
    static struct new_grant grants[MANY];
    static struct stored_grant stored[MANY];
    static struct errand errands[MANY];
    struct new_grant first = stored_grant(d);
    for (size_t i = 0; i < MANY; i++) {
        grants[i] = new_grant(d);
        grants[i].grant.client_id = first.grant.client_id;
        errands[i] = (struct errand){.verb = VERB_STORE_GRANT, .in = &grants[i], .out = &stored[i]};
        errand_start(&errands[i], d->store, &d->arena);
    }
    errands_await(d->loop, errands, MANY);
    TEST("thousands of grants of one client are revoked by one verb, and all counted")
    {
        size_t kept = 0, revoked = 0;
        for (size_t i = 0; i < MANY; i++)
            kept += errands[i].fault.kind == FAULT_NONE && stored[i].outcome == GRANT_STORED;
        CHECK(kept == MANY);
        struct revocation r = revoking(REVOKE_CLIENT, &first);
        CHECK(revoke_grants(d, &r) == MANY + 1);
        for (size_t i = 0; i < MANY; i += 100) revoked += present(d, &grants[i], 0) == ROTATE_REVOKED;
        CHECK(revoked == (MANY + 99) / 100);
    }
}

int suite_revoke(struct driver *d)
{
    test_one(d);
    test_ways(d);
    test_expired(d);
    test_many(d);
    return TEST_END();
}
