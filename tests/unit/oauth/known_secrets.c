#include "oauth/known_secrets.h"

#include "base/clock.h"
#include "unit/test.h"

static struct known_secrets *known;

static struct secret_name name_of(const char *client, const char *hash, const char *secret)
{
    return known_secrets_name(known, &(struct secret_ask){bytes_of(client), bytes_of(hash), bytes_of(secret)});
}

static bool knows(const char *client, const char *hash, const char *secret)
{
    struct secret_name name = name_of(client, hash, secret);
    return known_secrets_find(known, &name) == FOUND_RIGHT;
}

static void add(const char *client, const char *hash, const char *secret)
{
    struct secret_name name = name_of(client, hash, secret);
    known_secrets_add(known, &name);
}

int main(void)
{
    known = known_secrets_create();
    TEST("what was added is known, for that client, hash and secret alone")
    {
        CHECK(!knows("backend", "$2a$1", "secret"));
        add("backend", "$2a$1", "secret");
        CHECK(knows("backend", "$2a$1", "secret"));
        CHECK(!knows("other", "$2a$1", "secret") && !knows("backend", "$2a$2", "secret") &&
              !knows("backend", "$2a$1", "secrets"));
        CHECK(!knows("backend$", "2a$1", "secret") && !knows("backend", "$2a$1s", "ecret"));
    }
    TEST("another secret is wrong where one is known, for that client and hash alone")
    {
        struct secret_name another = name_of("backend", "$2a$1", "secrets"),
                           other = name_of("other", "$2a$1", "secret");
        CHECK(known_secrets_find(known, &another) == FOUND_WRONG);
        CHECK(known_secrets_find(known, &other) == FOUND_NONE);
    }
    TEST("for five minutes after it was last shown")
    {
        clock_set_steady_skew_ms(KNOWN_SECRET_MS - 1000);
        CHECK(knows("backend", "$2a$1", "secret"));
        clock_set_steady_skew_ms(2 * KNOWN_SECRET_MS - 2000);
        CHECK(knows("backend", "$2a$1", "secret"));
        clock_set_steady_skew_ms(3 * KNOWN_SECRET_MS);
        CHECK(!knows("backend", "$2a$1", "secret"));
    }
    TEST("another process names it otherwise")
    {
        struct secret_name here = name_of("backend", "$2a$1", "secret");
        struct known_secrets *other = known_secrets_create();
        struct secret_name there =
            known_secrets_name(other, &(struct secret_ask){BYTES("backend"), BYTES("$2a$1"), BYTES("secret")});
        CHECK(memcmp(here.at, there.at, sizeof here.at) != 0);
        known_secrets_destroy(other);
    }
    TEST("there is room for KNOWN_SECRETS_MAX at most, and the newest is always among them")
    {
        char client[32];
        int known_count = 0;
        for (int i = 0; i < 2 * KNOWN_SECRETS_MAX; i++) {
            snprintf(client, sizeof client, "client %d", i);
            add(client, "$2a$1", "secret");
            CHECK(knows(client, "$2a$1", "secret"));
        }
        for (int i = 0; i < 2 * KNOWN_SECRETS_MAX; i++) {
            snprintf(client, sizeof client, "client %d", i);
            known_count += knows(client, "$2a$1", "secret");
        }
        CHECK(known_count > KNOWN_SECRETS_MAX / 2 && known_count <= KNOWN_SECRETS_MAX);
    }
    TEST("adding the same again takes no second place")
    {
        add("again", "$2a$1", "secret");
        for (int i = 0; i < 3; i++) add("again", "$2a$1", "secret");
        CHECK(knows("again", "$2a$1", "secret"));
    }
    known_secrets_destroy(known);
    return TEST_END();
}
