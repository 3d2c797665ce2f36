/* Whatever the file holds, it is taken, or every reason why not is a line that begins with the file's name. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "server/settings_reader.h"

static size_t line_count;

static void check_line(const char *line)
{
    line_count++;
    assert(strncmp(line, "fuzz.yml:", 9) == 0);
    for (const char *c = line; *c != 0; c++) assert((unsigned char)*c >= 0x20 && *c != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct settings_source source = {.file = "fuzz.yml"};
    line_count = 0;
    struct settings *settings = settings_read_text(&source, (struct bytes){(const char *)data, size}, check_line);
    assert(settings != NULL || line_count > 0);
    if (settings != NULL) {
        assert(settings->policy.secrets.count > 0 && settings->policy.profile_count > 0);
        assert(!settings->arena.overflowed && settings->policy.algorithm_count > 0);
    }
    settings_free(settings);
    return 0;
}
