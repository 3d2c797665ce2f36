/* settings_case: what the tests of the settings share: a reading from memory, and its complaints. */
#ifndef TESTS_UNIT_SERVER_SETTINGS_CASE_H
#define TESTS_UNIT_SERVER_SETTINGS_CASE_H

#include "server/settings_reader.h"
#include "unit/test.h"

#define SECRET "Yf8Zq2h7WvK1mB0sDrT5nXc3LpG9aJuE6iOyHk4w"
#define OTHER_SECRET "bN3xQ7rT0vY5zC8fH2kM6pS9wA1dG4jLuEoIiRtZ"
/* the least that settings need */
#define LEAST "secrets: {system: [" SECRET "]}\n"

static char complaints[16 * 1024];
static size_t complaint_count;

__attribute__((unused)) static void remember(const char *line)
{
    size_t len = strlen(complaints);
    snprintf(complaints + len, sizeof complaints - len, "%s\n", line);
    complaint_count++;
}

__attribute__((unused)) static struct settings *read_settings(const char *yaml)
{
    const struct settings_source source = {.file = "hydrant.yml"};
    complaints[0] = 0;
    complaint_count = 0;
    return settings_read_text(&source, bytes_of(yaml), remember);
}

/* Is the text refused with these words in a line, and no other line? */
__attribute__((unused)) static bool refused(const char *yaml, const char *words)
{
    struct settings *settings = read_settings(yaml);
    bool good = settings == NULL && complaint_count == 1 && strstr(complaints, words) != NULL;
    if (!good) fprintf(stderr, "  said:\n%s", complaints);
    settings_free(settings);
    return good;
}

/* the same for LEAST with more behind it */
__attribute__((unused)) static bool refused_too(const char *more, const char *words)
{
    char yaml[4096];
    snprintf(yaml, sizeof yaml, "%s%s", LEAST, more);
    return refused(yaml, words);
}

/* LEAST with more behind it; NULL with the complaints printed */
__attribute__((unused)) static struct settings *accepted(const char *more)
{
    char yaml[4096];
    snprintf(yaml, sizeof yaml, "%s%s", LEAST, more);
    struct settings *settings = read_settings(yaml);
    if (settings == NULL) fprintf(stderr, "  said:\n%s", complaints);
    return settings;
}

#endif
