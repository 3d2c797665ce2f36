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
    TEST("one statement for many rotations is the one for one, with other rows before it")
    {
        const char *one = strstr(statement_of(STATEMENT_ROTATE_ONE)->sql, "), t AS");
        const char *many = strstr(statement_of(STATEMENT_ROTATE_MANY)->sql, "), t AS");
        CHECK(one != NULL && many != NULL && strcmp(one, many) == 0);
    }
    TEST("no statement waits for a hot row but those of revocations")
    {
        static const enum statement_id shared[] = {STATEMENT_ROTATE_ONE, STATEMENT_ROTATE_MANY, STATEMENT_SWAP,
                                                   STATEMENT_STORE_GRANT, STATEMENT_CONFIRM_GRANT};
        for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
            const char *sql = statement_of(shared[i])->sql;
            const char *lock = strstr(sql, "FOR NO KEY UPDATE");
            bool updates = strstr(sql, "UPDATE grant_state") != NULL;
            CHECK(!updates || lock != NULL);
            CHECK(lock == NULL || strstr(lock, "SKIP LOCKED") != NULL);
        }
    }
    return TEST_END();
}
