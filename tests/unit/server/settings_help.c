#include "server/settings_table.h"
#include "unit/server/settings_case.h"

static char described[64 * 1024];

static void put_line(const char *line)
{
    size_t len = strlen(described);
    snprintf(described + len, sizeof described - len, "%s\n", line);
}

static void describe(bool as_markdown)
{
    described[0] = 0;
    settings_describe(put_line, as_markdown);
}

static bool read_file(const char *name, char *text, size_t size)
{
    FILE *file = fopen(name, "r");
    if (file == NULL) return false;
    size_t len = fread(text, 1, size - 1, file);
    text[len] = 0;
    fclose(file);
    return true;
}

int main(int argc, char **argv)
{
    static char page[sizeof described];
    TEST("docs/settings.md is what `hydrant help settings --markdown` prints")
    {
        describe(true);
        CHECK(argc == 2 && read_file(argv[1], page, sizeof page) && strcmp(page, described) == 0);
    }
    TEST("no line is cut")
    {
        CHECK(strstr(described, ".. ") == NULL &&
              strstr(described, "`LOG_FORMAT` | choice | `json` | one of: json text | A JSON object or a plain text "
                                "for each line. |\n") != NULL);
    }
    TEST("each key is a line with environment name, type, default and sentence")
    {
        describe(false);
        CHECK(strstr(described, "serve.public.port  SERVE_PUBLIC_PORT  number: a number from 1 to 65535; default: "
                                "4477. Their port.\n") != NULL);
        for (size_t i = 0; i < SETTINGS_LEN; i++) CHECK(strstr(described, SETTINGS[i].sentence) != NULL);
    }
    return TEST_END();
}
