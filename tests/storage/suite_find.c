/* How a grant stands, asked without changing anything. */
#include "suite.h"
#include "unit/test.h"

static struct found_grant find(struct driver *d, const struct new_grant *grant)
{
    struct found_grant found;
    memset(&found, 0, sizeof found);
    driver_run(d, VERB_FIND_GRANT, grant->grant.id, &found);
    return found;
}

static void check_same(const struct grant *got, const struct grant *want)
{
    CHECK(memcmp(got->id, want->id, GRANT_ID_LEN) == 0);
    CHECK_BYTES(got->client_id, want->client_id);
    CHECK_BYTES(got->subject, want->subject);
    CHECK_BYTES(got->kratos_session_id, want->kratos_session_id);
    CHECK_BYTES(got->identity_id, want->identity_id);
    CHECK_BYTES(got->scope, want->scope);
    CHECK_BYTES(got->audience, want->audience);
    CHECK_BYTES(got->claims, want->claims);
    CHECK_BYTES(got->acr, want->acr);
    CHECK_BYTES(got->amr, want->amr);
    CHECK(got->auth_time == want->auth_time);
}

static void test_live(struct driver *d)
{
    TEST("a live grant is found with all that it was made of, and with its secret's hash")
    {
        struct new_grant grant = new_grant(d);
        grant.session_expires_at = 1900000000000;
        struct stored_grant stored = store(d, &grant);
        struct found_grant found = find(d, &grant);
        CHECK(found.standing == GRANT_LIVE);
        check_same(&found.grant, &grant.grant);
        CHECK(memcmp(found.secret_hash, grant.secret_hash, SECRET_HASH_LEN) == 0);
        CHECK(found.now >= stored.now && found.now < stored.now + 5 * SECOND);
        CHECK(found.grant.created_at == stored.now && found.state.gen == 0 && found.state.base_gen == -1);
        CHECK(found.state.idle_expires_at == stored.idle_expires_at && found.state.expires_at == stored.expires_at);
        CHECK(found.state.session_expires_at == grant.session_expires_at && found.state.mac_kid == 7);
    }
    TEST("a rotation shows at once, with the claims that its look brought")
    {
        struct new_grant grant = stored_grant(d);
        struct rotation rotation = presenting(&grant, 0);
        rotation.looked = true;
        rotation.look_began_steady_ms = clock_steady_ms();
        rotation.claims = BYTES("{\"name\":\"Bea\"}");
        CHECK(rotate(d, &rotation).outcome == ROTATE_ROTATED);
        struct found_grant found = find(d, &grant);
        CHECK(found.standing == GRANT_LIVE && found.state.gen == 1 && found.state.base_gen == 0);
        CHECK_BYTES(found.grant.claims, rotation.claims);
    }
    TEST("a grant that never was is unknown")
    {
        struct new_grant never = new_grant(d);
        CHECK(find(d, &never).standing == GRANT_UNKNOWN);
    }
}

static void test_revoked(struct driver *d)
{
    TEST("a revoked grant is found as one, and its neighbour is live")
    {
        struct new_grant grant = stored_grant(d), neighbour = stored_grant(d);
        struct revocation r = {.by = REVOKE_SESSION, .name = grant.grant.kratos_session_id, .because = BYTES("ended")};
        CHECK(revoke_grants(d, &r) == 1);
        struct found_grant found = find(d, &grant);
        CHECK(found.standing == GRANT_REVOKED && found.state.revoked_at > 0 && found.state.revoked_at <= found.now);
        check_same(&found.grant, &grant.grant);
        CHECK(find(d, &neighbour).standing == GRANT_LIVE);
    }
}

static void test_ends(struct driver *d)
{
    if (d->raw == NULL) return;
    TEST("a grant past either of its ends has ended, and revoked stays revoked")
    {
        struct new_grant grant = stored_grant(d);
        struct raw_row row = row_of(d, &grant), fresh = row;
        row.state.idle_expires_at = raw_now(d->raw) - SECOND;
        set_row(d, &row);
        CHECK(find(d, &grant).standing == GRANT_ENDED);
        row = fresh;
        row.state.expires_at = raw_now(d->raw) - SECOND;
        set_row(d, &row);
        CHECK(find(d, &grant).standing == GRANT_ENDED);
        row.state.revoked_at = raw_now(d->raw) - MINUTE;
        set_row(d, &row);
        CHECK(find(d, &grant).standing == GRANT_REVOKED);
        set_row(d, &fresh);
        CHECK(find(d, &grant).standing == GRANT_LIVE);
    }
    TEST("to ask changes nothing, whoever asks how often")
    {
        struct new_grant grant = stored_grant(d);
        struct raw_row before = row_of(d, &grant);
        for (int i = 0; i < 20; i++) find(d, &grant);
        struct raw_row after = row_of(d, &grant);
        CHECK(memcmp(&before, &after, sizeof before) == 0);
    }
}

enum { MANY = 200 };

static void test_many(struct driver *d)
{
    static struct new_grant grants[MANY];
    static struct found_grant found[MANY];
    static struct errand errands[MANY];
    TEST("two hundred asked for at once get their own each, between live ones and unknown ones")
    {
        size_t right = 0;
        for (size_t i = 0; i < MANY; i++) {
            grants[i] = i % 3 == 0 ? new_grant(d) : stored_grant(d);
            errands[i] = (struct errand){.verb = VERB_FIND_GRANT, .in = grants[i].grant.id, .out = &found[i]};
        }
        for (size_t i = 0; i < MANY; i++) errand_start(&errands[i], d->store, &d->arena);
        errands_await(d->loop, errands, MANY);
        for (size_t i = 0; i < MANY; i++) {
            bool live = found[i].standing == GRANT_LIVE && bytes_equal(found[i].grant.subject, grants[i].grant.subject);
            right += errands[i].fault.kind == FAULT_NONE && (i % 3 == 0 ? found[i].standing == GRANT_UNKNOWN : live);
        }
        CHECK(right == MANY);
    }
}

int suite_find(struct driver *d)
{
    test_live(d);
    test_revoked(d);
    test_ends(d);
    test_many(d);
    return TEST_END();
}
