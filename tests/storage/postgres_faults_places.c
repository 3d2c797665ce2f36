/* Where the database is, and two storages on it at once. */
#include "postgres_faults.h"

#include "unit/test.h"

/* ---- hosts ---- */

static const char *port_of(const struct driver *d)
{
    static char port[8];
    const char *colon = strrchr(d->dsn, ':');
    snprintf(port, sizeof port, "%.*s", (int)strspn(colon + 1, "0123456789"), colon + 1);
    return port;
}

static void test_hosts(struct driver *d)
{
    const char *database = strrchr(d->dsn, '/');
    char dsn[512];
    struct driver other = driver_beside(d);
    struct fault fault;
    snprintf(dsn, sizeof dsn, "postgresql://hydrant@no-such-host.invalid:5432,localhost:1,localhost:%s%s", port_of(d),
             database);
    other.storage = driver_open_storage(dsn);
    other.store = storage_attach(other.storage, other.loop);
    TEST("of several hosts the one that answers is found, names being looked up off the loop")
    {
        int64_t began_ms = clock_steady_ms();
        CHECK(pulse(&other, &fault));
        CHECK(clock_steady_ms() - began_ms < 3000);
    }
    driver_close_beside(&other);
}

/* ---- a grant that is stored while its session is revoked ---- */

enum { MEETINGS = 400 };

struct meeting {
    struct new_grant grant;
    struct stored_grant stored;
    struct revocation revocation;
    struct revoked revoked;
    struct errand errands[2];
};

/* the store goes over one storage's connections, the revocation over another's, each a little before or after the other
 */
static void meet(struct driver *d, struct driver *other, struct meeting *m, int lead)
{
    static const enum revoke_by ways[] = {REVOKE_SESSION, REVOKE_SUBJECT, REVOKE_CLIENT};
    m->grant = new_grant(d);
    const struct grant *g = &m->grant.grant;
    m->revocation = (struct revocation){.by = ways[lead % 3], .client_id = g->client_id, .because = BYTES("ended")};
    m->revocation.name = m->revocation.by == REVOKE_SESSION ? g->kratos_session_id : g->identity_id;
    m->errands[0] = (struct errand){.verb = VERB_STORE_GRANT, .in = &m->grant, .out = &m->stored};
    m->errands[1] = (struct errand){.verb = VERB_REVOKE, .in = &m->revocation, .out = &m->revoked};
    bool store_first = lead % 2 == 0;
    errand_start(&m->errands[!store_first], store_first ? d->store : other->store, &d->arena);
    for (int64_t until_us = clock_steady_us() + lead * 4; clock_steady_us() < until_us;) loop_run(d->loop, 0);
    errand_start(&m->errands[store_first], store_first ? other->store : d->store, &d->arena);
    errands_await(d->loop, m->errands, 2);
}

static void test_meeting(struct driver *d)
{
    static struct meeting m;
    struct driver other = driver_beside(d);
    size_t missed = 0, ended = 0, revoked = 0;
    other.storage = driver_open_storage(d->dsn);
    other.store = storage_attach(other.storage, other.loop);
    for (int i = 0; i < MEETINGS; i++) {
        meet(d, &other, &m, i);
        bool is_ended = m.stored.outcome == GRANT_ENDED_MEANWHILE;
        ended += is_ended;
        revoked += m.revoked.count == 1;
        enum rotate_outcome outcome = present(d, &m.grant, 0);
        missed += outcome != ROTATE_REVOKED && outcome != ROTATE_UNKNOWN;
    }
    TEST("a grant and the revocation of its session, subject or client never miss each other")
    {
        CHECK(missed == 0);
        CHECK(ended > 0 && revoked > 0);
    }
    printf("(%zu ended meanwhile, %zu revoked) ", ended, revoked);
    driver_close_beside(&other);
}

int faults_of_places(struct driver *d)
{
    test_hosts(d);
    test_meeting(d);
    return TEST_END();
}
