/* Listing: a session's, a subject's, a client's grants, page by page. */
#include "suite.h"
#include "unit/test.h"

static const enum revoke_by WAYS[] = {REVOKE_SESSION, REVOKE_SUBJECT, REVOKE_CLIENT};
enum { WAY_COUNT = sizeof WAYS / sizeof *WAYS, RELATIVES = 7 };

static struct bytes name_by(const struct new_grant *grant, enum revoke_by by)
{
    if (by == REVOKE_SESSION) return grant->grant.kratos_session_id;
    return by == REVOKE_SUBJECT ? grant->grant.identity_id : grant->grant.client_id;
}

static struct grant_page list(struct driver *d, const struct grant_page_ask *ask)
{
    struct grant_page page = {.count = 77};
    driver_run(d, VERB_LIST_GRANTS, ask, &page);
    return page;
}

/* the whole list, in pages of that many: rows in order, at most max */
static size_t list_all(struct driver *d, struct grant_page_ask ask, struct listed_grant *rows, size_t max)
{
    size_t count = 0;
    for (;;) {
        struct grant_page page = list(d, &ask);
        CHECK(page.count <= ask.limit && count + page.count <= max);
        for (size_t i = 0; i < page.count && count < max; i++) rows[count++] = page.rows[i];
        if (!page.more) return count;
        CHECK(page.count == ask.limit);
        ask.after = page.next;
    }
}

static const struct listed_grant *find(const struct listed_grant *rows, size_t count, const struct new_grant *grant)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(rows[i].grant.id, grant->grant.id, GRANT_ID_LEN) == 0) return &rows[i];
    return NULL;
}

/* like the other in that name only */
static struct new_grant relative(struct driver *d, const struct new_grant *of, enum revoke_by by)
{
    struct new_grant grant = new_grant(d);
    if (by == REVOKE_SESSION) grant.grant.kratos_session_id = of->grant.kratos_session_id;
    if (by == REVOKE_SUBJECT) grant.grant.identity_id = of->grant.identity_id;
    if (by == REVOKE_CLIENT) grant.grant.client_id = of->grant.client_id;
    store(d, &grant);
    return grant;
}

static void test_row(struct driver *d)
{
    struct new_grant grant = new_grant(d);
    grant.session_expires_at = 1900000000000;
    struct stored_grant stored = store(d, &grant);
    const struct grant_page_ask ask = {.by = REVOKE_CLIENT, .name = grant.grant.client_id, .limit = 10};
    TEST("a grant is listed with what it was made with, but its claims")
    {
        struct grant_page page = list(d, &ask);
        CHECK(page.count == 1 && !page.more && page.now >= stored.now);
        const struct listed_grant *row = &page.rows[0];
        CHECK(memcmp(row->grant.id, grant.grant.id, GRANT_ID_LEN) == 0);
        CHECK_BYTES(row->grant.client_id, grant.grant.client_id);
        CHECK_BYTES(row->grant.subject, grant.grant.subject);
        CHECK_BYTES(row->grant.identity_id, grant.grant.identity_id);
        CHECK_BYTES(row->grant.kratos_session_id, grant.grant.kratos_session_id);
        CHECK_BYTES(row->grant.scope, grant.grant.scope);
        CHECK_BYTES(row->grant.audience, grant.grant.audience);
        CHECK_BYTES(row->grant.acr, grant.grant.acr);
        CHECK_BYTES(row->grant.amr, grant.grant.amr);
        CHECK(!bytes_present(row->grant.claims));
        CHECK(row->grant.auth_time == grant.grant.auth_time && row->grant.created_at == stored.now);
        CHECK(row->rotated_at == stored.now && row->session_checked_at <= stored.now);
        CHECK(row->session_expires_at == grant.session_expires_at);
        CHECK(row->idle_expires_at == stored.idle_expires_at && row->expires_at == stored.expires_at);
        CHECK(row->revoked_at == 0 && !bytes_present(row->revoked_because));
    }
    TEST("a rotation moves its times, and a revocation says why")
    {
        sleep_ms(5);
        CHECK(present(d, &grant, 0) == ROTATE_ROTATED);
        struct revocation r = {.by = REVOKE_CLIENT, .client_id = grant.grant.client_id, .because = BYTES("a_word")};
        CHECK(revoke_grants(d, &r) == 1);
        const struct listed_grant row = list(d, &ask).rows[0];
        CHECK(row.rotated_at > stored.now && row.idle_expires_at > stored.idle_expires_at);
        CHECK(row.revoked_at >= row.rotated_at);
        CHECK_BYTES(row.revoked_because, BYTES("a_word"));
    }
}

static void test_way(struct driver *d, enum revoke_by by)
{
    struct new_grant grants[RELATIVES] = {stored_grant(d)}, stranger = stored_grant(d);
    struct listed_grant rows[RELATIVES + 1], again[RELATIVES + 1];
    struct grant_page_ask ask = {.by = by, .name = name_by(&grants[0], by), .limit = GRANT_PAGE_MAX};
    for (size_t i = 1; i < RELATIVES; i++) grants[i] = relative(d, &grants[0], by);
    for (size_t i = 0; i < WAY_COUNT; i++)
        if (WAYS[i] != by) relative(d, &grants[0], WAYS[i]);
    size_t count = list_all(d, ask, rows, RELATIVES + 1);
    CHECK(count == RELATIVES);
    for (size_t i = 0; i < RELATIVES; i++) CHECK(find(rows, count, &grants[i]) != NULL);
    CHECK(find(rows, count, &stranger) == NULL);
    for (ask.limit = 1; ask.limit <= RELATIVES + 1; ask.limit++) {
        CHECK(list_all(d, ask, again, RELATIVES + 1) == count);
        for (size_t i = 0; i < count; i++) CHECK(memcmp(again[i].grant.id, rows[i].grant.id, GRANT_ID_LEN) == 0);
    }
}

int suite_listing(struct driver *d)
{
    test_row(d);
    TEST("all of a session, of a subject or of a client are listed and no others, each once in pages of any size")
    {
        for (size_t i = 0; i < WAY_COUNT; i++) test_way(d, WAYS[i]);
    }
    TEST("what never was has no grants")
    {
        for (size_t i = 0; i < WAY_COUNT; i++) {
            const struct grant_page_ask ask = {.by = WAYS[i], .name = BYTES("nobody"), .limit = 5};
            struct grant_page page = list(d, &ask);
            CHECK(page.count == 0 && !page.more);
        }
    }
    return TEST_END();
}
