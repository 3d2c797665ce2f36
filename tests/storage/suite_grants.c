#include "suite.h"
#include "unit/test.h"

static void check_same_grant(const struct grant *got, const struct grant *want)
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
    CHECK(bytes_present(got->acr) == bytes_present(want->acr));
    CHECK(got->auth_time == want->auth_time);
}

static struct bytes large_claims(struct driver *d)
{
    struct text text;
    text_init(&text, &d->arena, 100000);
    text_put(&text, BYTES("{\"odd\": \"\\u0000 ' \\\" \xe2\x82\xac $1 %s\",\n \"n\": "
                          "123456789012345678901234567890.10, \"long\":\""));
    for (int i = 0; i < 65536; i++) text_put_char(&text, (char)('a' + i % 26));
    text_put(&text, BYTES("\"}"));
    return text_bytes(&text);
}

static void test_storing(struct driver *d)
{
    TEST("a stored grant has the times of its policy, by the storage's clock")
    {
        struct storage_pulse pulse;
        driver_run(d, VERB_PULSE, NULL, &pulse);
        struct new_grant grant = new_grant(d);
        struct stored_grant stored = store(d, &grant);
        CHECK(stored.outcome == GRANT_STORED);
        CHECK(stored.now >= pulse.now && stored.now < pulse.now + 5 * SECOND);
        CHECK(stored.idle_expires_at == stored.now + grant.idle_ttl_ms);
        CHECK(stored.expires_at == stored.now + grant.absolute_ttl_ms);
    }
    TEST("the idle time never outlasts the absolute one")
    {
        struct new_grant grant = new_grant(d);
        grant.idle_ttl_ms = 40 * DAY;
        struct stored_grant stored = store(d, &grant);
        CHECK(stored.idle_expires_at == stored.expires_at);
    }
    TEST("the first rotation gives back all that the grant was made of, byte for byte")
    {
        struct new_grant grant = new_grant(d);
        grant.grant.claims = large_claims(d);
        grant.grant.scope = BYTES("a:b https://\xc3\xa4.example/x");
        store(d, &grant);
        struct rotation rotation = presenting(&grant, 0);
        struct rotated rotated = rotate(d, &rotation);
        CHECK(rotated.outcome == ROTATE_ROTATED && rotated.gen == 1);
        check_same_grant(&rotated.grant, &grant.grant);
    }
    TEST("what was absent comes back absent, what was empty empty")
    {
        struct new_grant grant = new_grant(d);
        grant.grant.acr = BYTES_ABSENT;
        grant.grant.scope = BYTES("");
        store(d, &grant);
        struct rotation rotation = presenting(&grant, 0);
        struct rotated rotated = rotate(d, &rotation);
        check_same_grant(&rotated.grant, &grant.grant);
        CHECK(bytes_present(rotated.grant.scope));
    }
}

static void test_new_row(struct driver *d)
{
    if (d->raw == NULL) return;
    TEST("a new grant is at generation 0, nothing proven, nothing looked at since its own look")
    {
        struct new_grant grant = new_grant(d);
        grant.session_expires_at = 1900000000000;
        grant.look_began_steady_ms -= 1000;
        struct stored_grant stored = store(d, &grant);
        struct rotation_state s = row_of(d, &grant).state;
        CHECK(s.gen == 0 && s.base_gen == -1 && s.low_gen == -1 && s.skips == 0 && s.mac_kid == 7 && s.revoked_at == 0);
        CHECK(s.rotated_at == stored.now && s.idle_expires_at == stored.idle_expires_at &&
              s.expires_at == stored.expires_at);
        CHECK(s.idle_ttl_ms == grant.idle_ttl_ms && s.session_expires_at == grant.session_expires_at);
        CHECK(s.session_checked_at <= stored.now - 1000 && s.session_checked_at > stored.now - 3000);
    }
}

/* ---- ended meanwhile ---- */

static struct revocation ending(enum revoke_by by, const struct grant *grant)
{
    struct revocation r = {.by = by, .because = BYTES("for_a_test")};
    if (by == REVOKE_SESSION) r.name = grant->kratos_session_id;
    if (by == REVOKE_SUBJECT) r.name = grant->identity_id;
    if (by == REVOKE_CLIENT) r.client_id = grant->client_id;
    return r;
}

static const struct {
    enum revoke_by by;
    const char *before, *after;
} instants[] = {
    {REVOKE_SESSION, "a grant is stored when its session was ended before the look began",
     "a grant is not stored when its session ends after the look began"},
    {REVOKE_SUBJECT, "a grant is stored when its subject was ended before the look began",
     "a grant is not stored when its subject ends after the look began"},
    {REVOKE_CLIENT, "a grant is stored when its client's grants were ended before the look began",
     "a grant is not stored when its client's grants end after the look began"},
};

static void test_ended(struct driver *d)
{
    for (size_t i = 0; i < sizeof instants / sizeof *instants; i++) {
        struct new_grant early = new_grant(d), late = new_grant(d);
        TEST(instants[i].before)
        {
            struct revocation r = ending(instants[i].by, &late.grant);
            revoke_grants(d, &r);
            sleep_ms(20);
            late.look_began_steady_ms = clock_steady_ms();
            CHECK(store(d, &late).outcome == GRANT_STORED);
            CHECK(present(d, &late, 0) == ROTATE_ROTATED);
        }
        TEST(instants[i].after)
        {
            struct revocation r = ending(instants[i].by, &early.grant);
            sleep_ms(20);
            CHECK(revoke_grants(d, &r) == 0);
            CHECK(store(d, &early).outcome == GRANT_ENDED_MEANWHILE);
            enum rotate_outcome outcome = present(d, &early, 0);
            CHECK(outcome == ROTATE_UNKNOWN || outcome == ROTATE_REVOKED);
        }
    }
    TEST("of two instants of one name the later counts")
    {
        struct new_grant grant = new_grant(d);
        struct revocation r = ending(REVOKE_SESSION, &grant.grant);
        revoke_grants(d, &r);
        sleep_ms(20);
        grant.look_began_steady_ms = clock_steady_ms();
        sleep_ms(20);
        revoke_grants(d, &r);
        CHECK(store(d, &grant).outcome == GRANT_ENDED_MEANWHILE);
    }
    TEST("a session, a subject and a client of one name are not each other")
    {
        struct new_grant grant = new_grant(d);
        struct revocation session = {.by = REVOKE_SESSION, .name = grant.grant.client_id, .because = BYTES("x")};
        struct revocation subject = {
            .by = REVOKE_SUBJECT, .name = grant.grant.kratos_session_id, .because = BYTES("x")};
        struct revocation client = {.by = REVOKE_CLIENT, .client_id = grant.grant.identity_id, .because = BYTES("x")};
        sleep_ms(20);
        revoke_grants(d, &session);
        revoke_grants(d, &subject);
        revoke_grants(d, &client);
        CHECK(store(d, &grant).outcome == GRANT_STORED);
    }
    TEST("it is the identity that ends, not the name that it has as a subject")
    {
        struct new_grant grant = new_grant(d);
        grant.grant.subject = new_name(d, "pairwise");
        struct revocation r = {.by = REVOKE_SUBJECT, .name = grant.grant.subject, .because = BYTES("x")};
        sleep_ms(20);
        revoke_grants(d, &r);
        CHECK(store(d, &grant).outcome == GRANT_STORED);
        r.name = grant.grant.identity_id;
        CHECK(revoke_grants(d, &r) == 1);
    }
}

/* ---- the most that one session may have ---- */

enum { MAX = 3 };

static struct new_grant one_more(struct driver *d, const struct new_grant *like)
{
    struct new_grant grant = new_grant(d);
    grant.grant.client_id = like->grant.client_id;
    grant.grant.kratos_session_id = like->grant.kratos_session_id;
    grant.session_grants_max = MAX;
    sleep_ms(3); /* each of another millisecond */
    if (store(d, &grant).outcome != GRANT_STORED) die("a grant was not stored");
    return grant;
}

static void test_session_grants_max(struct driver *d)
{
    struct new_grant first = new_grant(d), grants[5];
    struct new_grant other_client = first, other_session = first;
    uint32_t ended = 0;
    other_client.grant.client_id = new_name(d, "client");
    other_session.grant.kratos_session_id = new_name(d, "session");
    struct new_grant c = one_more(d, &other_client), s = one_more(d, &other_session);
    for (size_t i = 0; i < 5; i++) grants[i] = one_more(d, &first);
    TEST("beyond the most that a session may have with a client, the oldest grants are revoked")
    {
        CHECK(present(d, &grants[0], 0) == ROTATE_REVOKED);
        CHECK(present(d, &grants[1], 0) == ROTATE_REVOKED);
        for (size_t i = 2; i < 5; i++) CHECK(present(d, &grants[i], 0) == ROTATE_ROTATED);
    }
    TEST("grants of another client, or of another session, are neither counted nor revoked")
    {
        CHECK(present(d, &c, 0) == ROTATE_ROTATED);
        CHECK(present(d, &s, 0) == ROTATE_ROTATED);
    }
    TEST("a revoked grant is not counted")
    {
        struct revocation r = {.by = REVOKE_GRANT, .because = BYTES("revoked_by_client")};
        memcpy(r.grant_id, grants[3].grant.id, GRANT_ID_LEN);
        CHECK(revoke_grants(d, &r) == 1);
        one_more(d, &first);
        for (size_t i = 2; i < 5; i++)
            if (present(d, &grants[i], 0) == ROTATE_REVOKED) ended++;
        CHECK(ended == 1);
    }
}

enum { AT_ONCE = 4, TIMES = 40 };

/* how many of those that a session stores at once, where it may have but one, are live afterwards */
static size_t live_of_many_at_once(struct driver *d, struct store *other)
{
    struct new_grant grants[AT_ONCE];
    struct stored_grant stored[AT_ONCE];
    struct errand errands[AT_ONCE];
    size_t live = 0;
    for (size_t i = 0; i < AT_ONCE; i++) {
        grants[i] = new_grant(d);
        grants[i].grant.client_id = grants[0].grant.client_id;
        grants[i].grant.kratos_session_id = grants[0].grant.kratos_session_id;
        grants[i].session_grants_max = 1;
        errands[i] = (struct errand){.verb = VERB_STORE_GRANT, .in = &grants[i], .out = &stored[i]};
        errand_start(&errands[i], i % 2 == 0 ? d->store : other, &d->arena);
    }
    errands_await(d->loop, errands, AT_ONCE);
    for (size_t i = 0; i < AT_ONCE; i++) live += present(d, &grants[i], 0) == ROTATE_ROTATED;
    return live;
}

static void test_many_at_once(struct driver *d)
{
    TEST("of grants that one session stores at once the newest stays, however many it may not have")
    {
        struct store *other = storage_attach(d->storage, d->loop); /* with connections of its own */
        for (size_t i = 0; i < TIMES; i++) CHECK(live_of_many_at_once(d, other) >= 1);
        storage_detach(other);
    }
}

int suite_grants(struct driver *d)
{
    test_storing(d);
    test_new_row(d);
    test_ended(d);
    test_session_grants_max(d);
    test_many_at_once(d);
    return TEST_END();
}
