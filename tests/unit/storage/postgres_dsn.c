#include "storage/postgres/dsn.h"

#include "unit/test.h"

static const char *word_of(const struct dsn_words *words, const char *keyword)
{
    for (size_t i = 0; words->keywords[i] != NULL; i++)
        if (strcmp(words->keywords[i], keyword) == 0) return words->values[i];
    return NULL;
}

static bool is(const char *got, const char *want) { return got != NULL && strcmp(got, want) == 0; }

static void test_hosts(void)
{
    struct dsn dsn;
    struct fault fault;
    TEST("one host, with its port")
    {
        CHECK(dsn_parse(&dsn, "postgres://ann:x@db.example:6432/hydrant", &fault));
        CHECK(dsn.host_count == 1);
        CHECK(is(dsn.hosts[0].host, "db.example") && is(dsn.hosts[0].port, "6432") && is(dsn.hosts[0].address, ""));
        dsn_release(&dsn);
    }
    TEST("several hosts, each with its port or none")
    {
        CHECK(dsn_parse(&dsn, "postgresql://a:1,b,[::1]:3/hydrant", &fault));
        CHECK(dsn.host_count == 3);
        CHECK(is(dsn.hosts[0].port, "1") && is(dsn.hosts[1].port, "") && is(dsn.hosts[2].port, "3"));
        CHECK(is(dsn.hosts[2].host, "::1"));
        dsn_release(&dsn);
    }
    TEST("several hosts of one port, in libpq's other form")
    {
        CHECK(dsn_parse(&dsn, "host=a,b port=5 dbname=hydrant", &fault));
        CHECK(dsn.host_count == 2 && is(dsn.hosts[1].host, "b") && is(dsn.hosts[1].port, "5"));
        dsn_release(&dsn);
    }
    TEST("hosts with the addresses that were given for them")
    {
        CHECK(dsn_parse(&dsn, "host=a,b hostaddr=10.0.0.1,10.0.0.2", &fault));
        CHECK(is(dsn.hosts[1].host, "b") && is(dsn.hosts[1].address, "10.0.0.2"));
        CHECK(!endpoint_needs_lookup(&dsn.hosts[1]));
        dsn_release(&dsn);
    }
    TEST("lists that don't match are refused")
    {
        CHECK(!dsn_parse(&dsn, "host=a,b hostaddr=10.0.0.1", &fault) && fault.kind == FAULT_INPUT);
        CHECK(!dsn_parse(&dsn, "host=a,b,c port=1,2", &fault));
        CHECK(!dsn_parse(&dsn, "host=a port=1,2", &fault));
        CHECK(!dsn_parse(&dsn, "host=a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", &fault));
    }
}

static void test_faults(void)
{
    struct dsn dsn;
    struct fault fault;
    static const char *const broken[] = {
        "host=a password=hush hush2",
        "postgres://ann:hush@a:1/b?nosuch=hush",
        "postgres://ann:hu%zzsh@a/b",
        "postgres://ann:hush@[::1/b",
    };
    TEST("what can't be read is refused, and never quoted")
    {
        for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
            CHECK(!dsn_parse(&dsn, broken[i], &fault));
            CHECK(fault.kind == FAULT_INPUT && strstr(fault.what, "hu") == NULL);
        }
    }
}

static void test_lookup(void)
{
    TEST("names are looked up, addresses and directories are not")
    {
        static const char *const names[] = {"db.example", "localhost", "10.0.0.256"};
        static const char *const places[] = {"10.0.0.1", "::1", "/run/postgresql", "@abstract", ""};
        for (size_t i = 0; i < 3; i++) {
            struct endpoint e = {0};
            snprintf(e.host, sizeof e.host, "%s", names[i]);
            CHECK(endpoint_needs_lookup(&e));
        }
        for (size_t i = 0; i < 5; i++) {
            struct endpoint e = {0};
            snprintf(e.host, sizeof e.host, "%s", places[i]);
            CHECK(!endpoint_needs_lookup(&e));
        }
    }
}

static void test_words(void)
{
    struct dsn dsn;
    struct dsn_words words;
    struct fault fault;
    TEST("libpq gets the endpoint with its name beside its address, and what we want where the dsn is silent")
    {
        CHECK(dsn_parse(&dsn, "postgres://ann:x@a,b/hydrant?sslmode=verify-full", &fault));
        struct endpoint endpoint = {.host = "b", .address = "10.0.0.2", .port = "7"};
        dsn_write_words(&dsn, &endpoint, &words);
        CHECK(is(word_of(&words, "host"), "b") && is(word_of(&words, "hostaddr"), "10.0.0.2"));
        CHECK(is(word_of(&words, "port"), "7") && is(word_of(&words, "dbname"), "hydrant"));
        CHECK(is(word_of(&words, "sslmode"), "verify-full") && is(word_of(&words, "password"), "x"));
        CHECK(is(word_of(&words, "target_session_attrs"), "read-write"));
        CHECK(is(word_of(&words, "fallback_application_name"), "hydrant"));
        CHECK(is(word_of(&words, "tcp_user_timeout"), "4000") && is(word_of(&words, "keepalives"), "1"));
        dsn_release(&dsn);
    }
    TEST("what the dsn says is kept, but the encoding")
    {
        CHECK(dsn_parse(&dsn, "host=a tcp_user_timeout=9 target_session_attrs=any client_encoding=LATIN1", &fault));
        dsn_write_words(&dsn, &dsn.hosts[0], &words);
        CHECK(is(word_of(&words, "tcp_user_timeout"), "9") && is(word_of(&words, "target_session_attrs"), "any"));
        CHECK(is(word_of(&words, "client_encoding"), "UTF8"));
        CHECK(word_of(&words, "hostaddr") == NULL && word_of(&words, "port") == NULL);
        dsn_release(&dsn);
    }
    TEST("where the dsn names no host, it is the environment's")
    {
        setenv("PGHOST", "of-the-environment", 1);
        CHECK(dsn_parse(&dsn, "dbname=hydrant", &fault));
        CHECK(dsn.host_count == 1 && is(dsn.hosts[0].host, "of-the-environment"));
        unsetenv("PGHOST");
        dsn_release(&dsn);
    }
}

int main(void)
{
    test_hosts();
    test_faults();
    test_lookup();
    test_words();
    return TEST_END();
}
