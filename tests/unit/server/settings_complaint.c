#include "server/settings_complaint.h"

#include "unit/server/settings_case.h"

static struct complaints to = {.tell = remember, .file = "hydrant.yml"};

static bool says(const char *line)
{
    bool same = strncmp(complaints, line, strlen(line)) == 0 && strcmp(complaints + strlen(line), "\n") == 0;
    if (!same) fprintf(stderr, "  said: %s", complaints);
    complaints[0] = 0;
    return same;
}

int main(void)
{
    const struct place place = {.line = 12, .column = 5},
                       variable = {.environment = "SERVE_WORKERS", .line = 1, .column = 1};
    TEST("a place in the file is file, line and column")
    {
        CHECK(!complain(&to, &place, "a.b", "%d is wrong", 3) && says("hydrant.yml:12:5: a.b: 3 is wrong"));
    }
    TEST("a place in the environment is the variable")
    {
        CHECK(!complain(&to, &variable, "a.b", "no") && says("environment SERVE_WORKERS: a.b: no"));
    }
    TEST("what is nowhere names the file, or just the settings")
    {
        struct complaints none = {.tell = remember};
        CHECK(!complain(&to, NULL, NULL, "no") && says("hydrant.yml: no"));
        CHECK(!complain(&none, NULL, "a", "no") && says("settings: a: no") && none.count == 1);
    }
    TEST("a warning doesn't count")
    {
        size_t before = to.count;
        complaint_warn(&to, "well");
        CHECK(to.count == before && says("hydrant.yml: warning: well"));
    }
    TEST("control characters make no line of their own, and don't reach the terminal")
    {
        complain(&to, NULL, NULL, "a\nb\x1b[2Jc\x7f");
        CHECK(says("hydrant.yml: a b [2Jc "));
    }
    TEST("a long line is cut")
    {
        char text[4000];
        memset(text, 'x', sizeof text - 1);
        text[sizeof text - 1] = 0;
        complain(&to, NULL, NULL, "%s%s", text, text);
        CHECK(strlen(complaints) == 1024);
    }
    return TEST_END();
}
