#include "storage/postgres/statements.h"

#include "storage/postgres/params.h"
#include "unit/test.h"

/* the highest $n of a statement */
static int count_params(const char *sql)
{
    int most = 0;
    for (const char *at = strchr(sql, '$'); at != NULL; at = strchr(at + 1, '$')) {
        int n = (int)strtol(at + 1, NULL, 10);
        if (n > most) most = n;
    }
    return most;
}

/* lock: where a part of sql locks; the order stands between it and that part's FROM */
static bool is_in_order(const char *sql, const char *lock)
{
    const char *order = NULL;
    for (const char *at = sql; (at = strstr(at, "ORDER BY ")) != NULL && at < lock; at++) order = at;
    for (const char *at = sql; (at = strstr(at, " AS MATERIALIZED (")) != NULL && at < lock; at++)
        if (order != NULL && at > order) order = NULL;
    return order != NULL &&
           (strncmp(order, "ORDER BY s.grant_id ", 20) == 0 || strncmp(order, "ORDER BY g.grant_id ", 20) == 0);
}

/* h, l, u: what was deleted from grant_state, locked or written there */
static bool names_held(const char *writes)
{
    static const char *const held[] = {" USING h ", " USING l ", " FROM l ", " FROM u "};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        if (strstr(writes, held[i]) != NULL) return true;
    return false;
}

static bool skip(const char **at, const char *begin, const char *end)
{
    if (strncmp(*at, begin, strlen(begin)) != 0) return false;
    const char *found = strstr(*at, end);
    CHECK(found != NULL);
    *at = found == NULL ? *at + strlen(*at) : found + strlen(end);
    return true;
}

/* "$7" in the one is "($7)[b.ord]" in the other */
static void skip_parameter(const char **one, const char **many)
{
    size_t len = 1 + strspn(*one + 1, "0123456789");
    CHECK(**many == '(' && strncmp(*many + 1, *one, len) == 0);
    CHECK(skip(many, "($", ")[b.ord]"));
    *one += len;
}

/* the same text, but for b and for each parameter's place */
static void check_is_many_of(enum statement_id many_id, enum statement_id one_id)
{
    const char *one = statement_of(one_id)->sql, *many = statement_of(many_id)->sql;
    while (*one != '\0' && *one == *many) {
        if (skip(&one, "(SELECT $1 AS grant_id, 1 AS ord", ") b")) {
            CHECK(skip(&many, "(SELECT u.grant_id, u.ord::integer", ") b"));
            continue;
        }
        one++;
        many++;
        if (*one == '$') skip_parameter(&one, &many);
    }
    CHECK(*one == *many);
}

int main(void)
{
    TEST("every statement has a name of its own, and a type for each of its parameters")
    {
        for (int i = 0; i < STATEMENT_COUNT; i++) {
            const struct statement *a = statement_of((enum statement_id)i);
            CHECK(a->name != NULL && a->sql != NULL);
            CHECK(count_params(a->sql) == (int)strlen(a->types));
            CHECK(strlen(a->types) <= PARAMS_MAX);
            for (int j = 0; j < i; j++) CHECK(strcmp(a->name, statement_of((enum statement_id)j)->name) != 0);
        }
    }
    TEST("one statement for many rotations is the one for one, with each parameter at its place in an array")
    {
        check_is_many_of(STATEMENT_ROTATE_MANY, STATEMENT_ROTATE_ONE);
        check_is_many_of(STATEMENT_ROTATE_MANY_CLAIMS, STATEMENT_ROTATE_ONE_CLAIMS);
        check_is_many_of(STATEMENT_FIND_GRANTS, STATEMENT_FIND_GRANT);
        check_is_many_of(STATEMENT_STORE_GRANTS, STATEMENT_STORE_GRANT);
        check_is_many_of(STATEMENT_CONFIRM_GRANTS, STATEMENT_CONFIRM_GRANT);
    }
    TEST("no statement but those of revocations waits for a hot row that is locked")
    {
        static const enum statement_id shared[] = {
            STATEMENT_ROTATE_ONE,         STATEMENT_ROTATE_MANY,   STATEMENT_ROTATE_ONE_CLAIMS,
            STATEMENT_ROTATE_MANY_CLAIMS, STATEMENT_SWAP,          STATEMENT_STORE_GRANT,
            STATEMENT_STORE_GRANTS,       STATEMENT_CONFIRM_GRANT, STATEMENT_CONFIRM_GRANTS};
        for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
            const char *sql = statement_of(shared[i])->sql;
            bool updates = strstr(sql, "UPDATE grant_state") != NULL;
            CHECK(!updates || strstr(sql, "SKIP LOCKED") != NULL ||
                  strstr(sql, "(s.xmax = '0'::xid OR s.xmax = s.xmin)") != NULL);
            CHECK(strstr(sql, "FOR NO KEY UPDATE") == NULL || strstr(sql, "SKIP LOCKED") != NULL);
        }
    }
    TEST("hot rows are locked in the order of grant_id, or there is but one")
    {
        for (int i = 0; i < STATEMENT_COUNT; i++) {
            const char *sql = statement_of((enum statement_id)i)->sql;
            for (const char *at = sql; (at = strstr(at, "UPDATE OF s")) != NULL; at++) CHECK(is_in_order(sql, at));
        }
    }
    TEST("a row of grants is written only where its hot row is held already")
    {
        for (int i = 0; i < STATEMENT_COUNT; i++) {
            const char *sql = statement_of((enum statement_id)i)->sql;
            const char *writes = strstr(sql, "UPDATE grants");
            if (writes == NULL) writes = strstr(sql, "DELETE FROM grants");
            CHECK(writes == NULL || names_held(writes));
        }
    }
    return TEST_END();
}
