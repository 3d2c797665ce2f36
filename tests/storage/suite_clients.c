#include "suite.h"
#include "unit/test.h"

static struct found_client find(struct driver *d, struct bytes client_id)
{
    struct found_client found;
    driver_run(d, VERB_FIND_CLIENT, &client_id, &found);
    return found;
}

static enum add_client_outcome add(struct driver *d, const struct client_row *row)
{
    struct added_client added = {.created_at = -1};
    driver_run(d, VERB_ADD_CLIENT, row, &added);
    struct client_row found = find(d, row->client_id).row;
    CHECK(added.outcome == CLIENT_EXISTS || added.created_at == found.created_at);
    return added.outcome;
}

static enum delete_client_outcome delete (struct driver *d, struct bytes client_id) {
    enum delete_client_outcome outcome; driver_run(d, VERB_DELETE_CLIENT, &client_id, &outcome); return outcome;
}

static struct client_page list(struct driver *d, struct bytes after, size_t limit)
{
    struct client_page page;
    driver_run(d, VERB_LIST_CLIENTS, &(struct client_page_ask){after, limit}, &page);
    return page;
}

static struct client_row client(struct bytes client_id)
{
    return (struct client_row){
        .client_id = client_id,
        .record = BYTES("{\"grant_types\": [\"refresh_token\"], \"client_name\":\"caf\xc3\xa9 \\u00e9 'x'\"}"),
        .secret_hash = BYTES("$sha256$c2VjcmV0"),
        .created_at = 1700000000123};
}

static void test_finding(struct driver *d)
{
    struct client_row row = client(new_name(d, "web"));
    TEST("a client that was never added is not found") { CHECK(!find(d, BYTES("nobody")).found); }
    TEST("an added client is found, byte for byte as it was added")
    {
        CHECK(add(d, &row) == CLIENT_ADDED);
        struct found_client found = find(d, row.client_id);
        CHECK(found.found);
        CHECK_BYTES(found.row.client_id, row.client_id);
        CHECK_BYTES(found.row.record, row.record);
        CHECK_BYTES(found.row.secret_hash, row.secret_hash);
        CHECK(found.row.created_at == row.created_at);
    }
    TEST("a second client of the same name is refused, and the first stays as it is")
    {
        struct client_row other = row;
        other.record = BYTES("{}");
        CHECK(add(d, &other) == CLIENT_EXISTS);
        CHECK_BYTES(find(d, row.client_id).row.record, row.record);
    }
    TEST("a client without a secret is found without one")
    {
        struct client_row public = client(new_name(d, "spa"));
        public.secret_hash = BYTES_ABSENT;
        CHECK(add(d, &public) == CLIENT_ADDED);
        CHECK(!bytes_present(find(d, public.client_id).row.secret_hash));
    }
    TEST("names are what they are: case, quotes and other alphabets make other clients")
    {
        static const struct bytes names[] = {BYTES("O'Neil \"x\" %s;--"), BYTES("o'neil \"x\" %s;--"),
                                             BYTES("\xc3\xbc")};
        for (size_t i = 0; i < 3; i++) {
            struct client_row odd = client(names[i]);
            CHECK(add(d, &odd) == CLIENT_ADDED);
            CHECK_BYTES(find(d, names[i]).row.client_id, names[i]);
        }
        for (size_t i = 0; i < 3; i++) CHECK(delete (d, names[i]) == CLIENT_DELETED);
    }
}

static void test_pages(struct driver *d)
{
    static const char *const names[] = {"zz-b", "zz-a", "zz-B", "zz-\xc3\xa4", "zz-a1"};
    static const char *const ordered[] = {"zz-B", "zz-a", "zz-a1", "zz-b", "zz-\xc3\xa4"};
    for (size_t i = 0; i < 5; i++) {
        struct client_row row = client(bytes_of(names[i]));
        add(d, &row);
    }
    TEST("clients come in the order of their names' bytes, after the one named")
    {
        struct client_page page = list(d, BYTES("zz-"), 5);
        CHECK(page.count == 5 && !page.more);
        for (size_t i = 0; i < page.count; i++) CHECK_BYTES(page.rows[i].client_id, bytes_of(ordered[i]));
    }
    TEST("pages follow each other without a gap, and each says whether there are more")
    {
        struct client_page first = list(d, BYTES("zz-"), 2);
        CHECK(first.count == 2 && first.more);
        struct client_page second = list(d, first.rows[1].client_id, 2);
        CHECK(second.count == 2 && second.more);
        CHECK_BYTES(second.rows[0].client_id, bytes_of(ordered[2]));
        struct client_page last = list(d, second.rows[1].client_id, 2);
        CHECK(last.count == 1 && !last.more);
        CHECK_BYTES(last.rows[0].client_id, bytes_of(ordered[4]));
        CHECK_BYTES(last.rows[0].record, client(BYTES("")).record);
    }
    TEST("after the last there is an empty page")
    {
        struct client_page page = list(d, bytes_of(ordered[4]), 10);
        CHECK(page.count == 0 && !page.more);
    }
    TEST("without a name the first page comes")
    {
        struct client_page page = list(d, BYTES_ABSENT, 1);
        CHECK(page.count == 1 && page.more);
    }
}

static bool find_origin(struct driver *d, const char *origin)
{
    bool found;
    struct bytes asked = bytes_of(origin);
    driver_run(d, VERB_FIND_ORIGIN, &asked, &found);
    return found;
}

static void test_origins(struct driver *d)
{
    struct client_row spa = client(new_name(d, "spa")), none = client(new_name(d, "spa")),
                      odd = client(new_name(d, "spa"));
    spa.record = BYTES("{\"client_name\":\"https://name.example\",\"allowed_cors_origins\":[\"https://app.example\", "
                       "\"http://localhost:3000\"]}");
    none.record = BYTES("{\"allowed_cors_origins\":[]}");
    odd.record = BYTES("{\"allowed_cors_origins\":null}");
    TEST("an origin that no client has is not found")
    {
        add(d, &none);
        add(d, &odd);
        CHECK(!find_origin(d, "https://app.example"));
    }
    TEST("each of a client's origins is found, as it stands there and nothing like it")
    {
        add(d, &spa);
        CHECK(find_origin(d, "https://app.example"));
        CHECK(find_origin(d, "http://localhost:3000"));
        CHECK(!find_origin(d, "https://app.exampl"));
        CHECK(!find_origin(d, "https://APP.example"));
        CHECK(!find_origin(d, "https://app.example%"));
        CHECK(!find_origin(d, "https://name.example"));
        CHECK(!find_origin(d, ""));
    }
    TEST("and is gone with its client")
    {
        CHECK(delete (d, spa.client_id) == CLIENT_DELETED);
        CHECK(!find_origin(d, "https://app.example"));
    }
}

enum { MANY = CLIENT_PAGE_MAX + 1 };

static void test_full_page(struct driver *d)
{
    static struct errand errands[MANY];
    static struct client_row rows[MANY];
    static struct added_client outcomes[MANY];
    for (size_t i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "zzz-%04zu", i);
        rows[i] = client(arena_copy(&d->arena, bytes_of(name)));
        errands[i] = (struct errand){.verb = VERB_ADD_CLIENT, .in = &rows[i], .out = &outcomes[i]};
        errand_start(&errands[i], d->store, &d->arena);
    }
    errands_await(d->loop, errands, MANY);
    TEST("a page of the largest size is full when there are more")
    {
        struct client_page page = list(d, BYTES("zzz-"), CLIENT_PAGE_MAX);
        CHECK(page.count == CLIENT_PAGE_MAX && page.more);
        CHECK_BYTES(page.rows[CLIENT_PAGE_MAX - 1].client_id, BYTES("zzz-0499"));
        page = list(d, BYTES("zzz-0000"), CLIENT_PAGE_MAX);
        CHECK(page.count == CLIENT_PAGE_MAX && !page.more);
    }
}

static void test_deleting(struct driver *d)
{
    struct new_grant mine = stored_grant(d), others = stored_grant(d);
    struct client_row row = client(mine.grant.client_id);
    add(d, &row);
    struct new_grant late = new_grant(d);
    late.grant.client_id = mine.grant.client_id;
    sleep_ms(20);
    TEST("deleting a client ends its grants and nobody else's")
    {
        CHECK(delete (d, row.client_id) == CLIENT_DELETED);
        CHECK(!find(d, row.client_id).found);
        struct rotation rotation = presenting(&mine, 0);
        struct rotated rotated = rotate(d, &rotation);
        CHECK(rotated.outcome == ROTATE_REVOKED);
        CHECK(rotated.revoked_at != 0 && rotated.revoked_because.len > 0);
        CHECK(present(d, &others, 0) == ROTATE_ROTATED);
    }
    TEST("a client that is not there can't be deleted")
    {
        CHECK(delete (d, row.client_id) == CLIENT_ABSENT);
        CHECK(delete (d, BYTES("nobody")) == CLIENT_ABSENT);
    }
    TEST("a grant whose look began before its client was deleted is not stored")
    {
        CHECK(store(d, &late).outcome == GRANT_ENDED_MEANWHILE);
    }
    TEST("a client of the name may come again, without the grants of the one before")
    {
        CHECK(add(d, &row) == CLIENT_ADDED);
        CHECK(present(d, &mine, 0) == ROTATE_REVOKED);
        sleep_ms(20);
        late.look_began_steady_ms = clock_steady_ms();
        CHECK(store(d, &late).outcome == GRANT_STORED);
    }
}

int suite_clients(struct driver *d)
{
    test_finding(d);
    test_pages(d);
    test_full_page(d);
    test_origins(d);
    test_deleting(d);
    return TEST_END();
}
