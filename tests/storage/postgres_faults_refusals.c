/* A Postgres that does not let us in, or not at its tables: no waiting helps; and one that can't be reached. */
#include "postgres_faults.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit/test.h"

#define ROLE "hydrant_guest"
#define RIGHT "&user=" ROLE "&password=right"

/* before every other line: that role alone needs its password */
static void ask_for_password(void)
{
    static const char line[] = "host all " ROLE " all scram-sha-256\n";
    char path[512], rest[16384];
    snprintf(path, sizeof path, "%s/pg_hba.conf", getenv("HYDRANT_TEST_PG_DATA"));
    FILE *file = fopen(path, "r+");
    if (file == NULL) die("%s can't be opened", path);
    size_t len = fread(rest, 1, sizeof rest, file);
    rewind(file);
    if (len == sizeof rest || fwrite(line, 1, sizeof line - 1, file) != sizeof line - 1 ||
        fwrite(rest, 1, len, file) != len || fclose(file) != 0)
        die("%s can't be written", path);
    control_server("reload");
}

/* parameters: of a dsn; they come after the ones that stand there, and count */
static enum schema_state ask_schema(const char *dsn, const char *parameters, struct fault *fault)
{
    char text[1024];
    snprintf(text, sizeof text, "%s%s", dsn, parameters);
    struct storage *storage = driver_open_storage(text);
    enum schema_state state = storage_schema(storage, fault);
    storage_close(storage);
    return state;
}

static bool is_refused(const char *dsn, const char *parameters, const char *words)
{
    struct fault fault = {.kind = FAULT_NONE};
    bool refused = ask_schema(dsn, parameters, &fault) == SCHEMA_REFUSED && fault.kind == FAULT_INPUT;
    bool says_why = strstr(fault.what, words) != NULL && strstr(fault.what, "wrong-one") == NULL;
    if (!refused || !says_why) printf("%s: %s\n", parameters, fault.what);
    return refused && says_why;
}

static bool is_away(const char *dsn, const char *parameters)
{
    struct fault fault = {.kind = FAULT_NONE};
    return ask_schema(dsn, parameters, &fault) == SCHEMA_UNREACHABLE && fault.kind == FAULT_AWAY;
}

static bool migrates(const char *dsn, const char *parameters, struct fault *fault)
{
    char text[1024];
    snprintf(text, sizeof text, "%s%s", dsn, parameters);
    struct storage *storage = driver_open_storage(text);
    bool done = storage_migrate(storage, NULL, fault);
    storage_close(storage);
    return done;
}

static void test_refusals(struct driver *d)
{
    TEST("a server that will not let us in is not called away, and says why")
    {
        CHECK(is_refused(d->dsn, "&user=hydrant_nobody", "28000: role \"hydrant_nobody\" does not exist"));
        CHECK(is_refused(d->dsn, "&dbname=hydrant_nowhere", "3D000: database \"hydrant_nowhere\" does not exist"));
        CHECK(is_refused(d->dsn, "&user=" ROLE "&password=wrong-one", "28P01: password authentication failed"));
        CHECK(is_refused(d->dsn, "&user=" ROLE, "no password supplied"));
    }
    TEST("who may not read the tables is refused, and who may not make them can't migrate")
    {
        struct fault fault;
        CHECK(is_refused(d->dsn, RIGHT, "permission denied for table schema_migrations"));
        CHECK(!migrates(d->dsn, RIGHT, &fault) && fault.kind == FAULT_INPUT);
        raw_execute(d->raw, "GRANT SELECT ON schema_migrations TO " ROLE);
        CHECK(ask_schema(d->dsn, RIGHT, &fault) == SCHEMA_CURRENT);
    }
}

static void test_away(struct driver *d)
{
    char dsn[512];
    const char *database = strrchr(d->dsn, '/'), *colon = strrchr(d->dsn, ':');
    TEST("a server that is not there, or is full, is away: later it may do")
    {
        snprintf(dsn, sizeof dsn, "postgresql://hydrant@127.0.0.1:1%s", database);
        CHECK(is_away(dsn, ""));
        raw_execute(d->raw, "ALTER ROLE " ROLE " CONNECTION LIMIT 0");
        CHECK(is_away(d->dsn, RIGHT));
    }
    TEST("of several hosts one that refuses counts more than those that are away")
    {
        snprintf(dsn, sizeof dsn, "postgresql://hydrant@127.0.0.1:1,127.0.0.1:%.*s,127.0.0.1:2%s",
                 (int)strspn(colon + 1, "0123456789"), colon + 1, database);
        CHECK(is_refused(dsn, "&user=hydrant_nobody", "28000"));
    }
}

int faults_of_refusals(struct driver *d)
{
    raw_execute(d->raw, "CREATE ROLE " ROLE " LOGIN PASSWORD 'right'");
    ask_for_password();
    test_refusals(d);
    test_away(d);
    return TEST_END();
}
