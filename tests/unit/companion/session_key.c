#include "companion/session_key.h"

#include "unit/test.h"

static const struct session_secret SECRET = {"one process"}, OTHER = {"another process"};

static struct session_key key_of(const struct session_secret *secret, uint32_t profile, enum credential_kind kind,
                                 const char *credential)
{
    struct session_key key;
    session_key_make(secret, profile, &(struct whoami_ask){kind, bytes_of(credential)}, &key);
    return key;
}

static bool same(struct session_key a, struct session_key b) { return memcmp(a.at, b.at, sizeof a.at) == 0; }

int main(void)
{
    TEST("a key is one for each profile, kind and credential, and for each process")
    {
        struct session_key key = key_of(&SECRET, 0, CREDENTIAL_COOKIE, "x");
        CHECK(same(key, key_of(&SECRET, 0, CREDENTIAL_COOKIE, "x")));
        CHECK(!same(key, key_of(&SECRET, 1, CREDENTIAL_COOKIE, "x")));
        CHECK(!same(key, key_of(&SECRET, 1u << 24, CREDENTIAL_COOKIE, "x")));
        CHECK(!same(key, key_of(&SECRET, 0, CREDENTIAL_TOKEN, "x")));
        CHECK(!same(key, key_of(&SECRET, 0, CREDENTIAL_COOKIE, "xy")));
        CHECK(!same(key, key_of(&OTHER, 0, CREDENTIAL_COOKIE, "x")));
    }
    TEST("the longest credential that is well formed has one")
    {
        static char cookie[COOKIE_MAX + 1];
        memset(cookie, 'c', COOKIE_MAX);
        struct session_key key = key_of(&SECRET, 0, CREDENTIAL_COOKIE, cookie);
        cookie[COOKIE_MAX - 1] = 'd';
        CHECK(!same(key, key_of(&SECRET, 0, CREDENTIAL_COOKIE, cookie)));
    }
    TEST("a revocation's name is the one of what it revokes, and of nothing else of that name")
    {
        static const struct session_subject subject = {BYTES("a"), BYTES("a"), BYTES("a")};
        struct session_names names;
        unsigned char name[SESSION_NAME_LEN];
        session_names_make(&SECRET, &subject, &names);
        CHECK(session_name_of(&SECRET, REVOKE_SESSION, BYTES("a"), name) &&
              memcmp(name, names.session, sizeof name) == 0);
        CHECK(memcmp(name, names.identity, sizeof name) != 0 && memcmp(name, names.client, sizeof name) != 0);
        CHECK(session_name_of(&SECRET, REVOKE_SUBJECT, BYTES("a"), name) &&
              memcmp(name, names.identity, sizeof name) == 0);
        CHECK(session_name_of(&SECRET, REVOKE_CLIENT, BYTES("a"), name) &&
              memcmp(name, names.client, sizeof name) == 0);
        CHECK(session_name_of(&SECRET, REVOKE_CLIENT, BYTES("b"), name) &&
              memcmp(name, names.client, sizeof name) != 0);
    }
    TEST("a grant's revocation names nobody here, nor does a name that is longer than any")
    {
        static char text[COOKIE_MAX + 2];
        unsigned char name[SESSION_NAME_LEN];
        memset(text, 'n', COOKIE_MAX + 1);
        CHECK(!session_name_of(&SECRET, REVOKE_GRANT, BYTES("a"), name));
        CHECK(!session_name_of(&SECRET, REVOKE_CLIENT, bytes_of(text), name));
        text[COOKIE_MAX] = 0;
        CHECK(session_name_of(&SECRET, REVOKE_CLIENT, bytes_of(text), name));
    }
    return TEST_END();
}
