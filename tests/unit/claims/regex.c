#include "claims/regex.h"

#include <jq.h>

#include "unit/test.h"

static void ignore(void *data, jv message)
{
    (void)data;
    jv_free(message);
}

/* the result as JSON, or "error" */
static const char *run(const char *program, const char *text)
{
    static char result[256];
    jq_state *jq = jq_init();
    jq_set_error_cb(jq, ignore, NULL);
    if (jq == NULL || jq_compile(jq, program) == 0) abort();
    jq_start(jq, jv_string(text), 0);
    jv value = jq_next(jq);
    snprintf(result, sizeof result, "error");
    if (jv_is_valid(value)) {
        jv json = jv_dump_string(value, 0);
        snprintf(result, sizeof result, "%s", jv_string_value(json));
        jv_free(json);
    } else {
        jv_free(value);
    }
    jq_teardown(&jq);
    return result;
}

int main(void)
{
    regex_guard();
    TEST("matching works as ever")
    {
        CHECK(strcmp(run("test(\"b+\")", "abbc"), "true") == 0);
        CHECK(strcmp(run("[scan(\"[a-z]+\")]", "ab cd"), "[\"ab\",\"cd\"]") == 0);
        CHECK(strcmp(run("[splits(\", *\")]", "\303\251, \303\274"), "[\"\303\251\",\"\303\274\"]") == 0);
        CHECK(strcmp(run("gsub(\"b\"; \"x\")", "abb"), "\"axx\"") == 0);
    }
    TEST("a pattern that matches nothing, all over a text that is not ASCII, is an error and no crash")
    {
        CHECK(strcmp(run("[scan(\"x*\")]", "\303\251"), "error") == 0);
        CHECK(strcmp(run("[match(\"\"; \"g\")] | length", "S\303\266hne"), "error") == 0);
        CHECK(strcmp(run("[match(\"\\\\b\"; \"g\")] | length", "\303\237"), "error") == 0);
        CHECK(strcmp(run("[splits(\"\")]", "\360\237\230\200"), "error") == 0);
    }
    TEST("all over a text that is ASCII it goes on working")
    CHECK(strcmp(run("[match(\"\"; \"g\")] | length", "abc"), "3") == 0);
    return TEST_END();
}
