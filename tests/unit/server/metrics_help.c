#include "base/metrics.h"
#include "server/metrics.h"
#include "unit/test.h"

static char told[64 * 1024], page[64 * 1024];

static void put_line(const char *line)
{
    size_t len = strlen(told);
    snprintf(told + len, sizeof told - len, "%s\n", line);
}

static void tell(bool as_markdown)
{
    told[0] = 0;
    metrics_help(put_line, as_markdown);
}

static bool read_page(const char *name)
{
    FILE *file = fopen(name, "r");
    if (file == NULL) return false;
    page[fread(page, 1, sizeof page - 1, file)] = 0;
    fclose(file);
    return true;
}

int main(int argc, char **argv)
{
    TEST("docs/metrics.md is what `hydrant help metrics --markdown` prints")
    {
        tell(true);
        CHECK(argc == 2 && read_page(argv[1]) && strcmp(page, told) == 0);
    }
    TEST("on a terminal there is a line for each family")
    {
        size_t lines = 0;
        tell(false);
        for (const char *at = told; (at = strchr(at, '\n')) != NULL; at++) lines++;
        CHECK(lines == METRIC_COUNT);
    }
    return TEST_END();
}
