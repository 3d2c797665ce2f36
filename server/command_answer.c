#include "server/command_answer.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "server/command.h"

enum { REFUSAL_MAX = 1024 * 1024 };

bool wants_json(const struct output *output) { return output->format != NULL && strcmp(output->format, "json") == 0; }

int check_format(const char *words, const struct output *output)
{
    if (output->format == NULL || wants_json(output) || strcmp(output->format, "table") == 0) return EXIT_DONE;
    return wrong_use(words, "--format is table or json");
}

int take_common(const char *words, int argc, char **argv, struct output *output)
{
    const struct command_option options[] = {{.name = "--format", .value = &output->format}, {.name = "--endpoint", .value = &output->endpoint}, {.name = NULL}};
    int rest = take_options(words, argc, argv, options);
    return rest >= 0 && check_format(words, output) == EXIT_DONE ? rest : -1;
}

static void print_refusal(const char *words, const struct admin_result *result, struct arena *arena)
{
    const struct json_limits limits = {.size_max = REFUSAL_MAX, .unique_names = false};
    struct fault unreadable;
    struct bytes sentence = json_string(json_find(json_parse(arena, result->body, &limits, &unreadable), "error_description"));
    fprintf(stderr, "hydrant %s: the server answered %d%s%.*s\n", words, result->status, sentence.len > 0 ? ": " : "", BYTES_PRINT(sentence));
    if (result->status == 401) fputs("Put serve.admin.token into HYDRANT_ADMIN_TOKEN.\n", stderr);
}

bool ask_admin(const char *words, const struct admin_call *call, struct arena *arena, struct admin_result *result)
{
    struct fault fault;
    if (!admin_call(call, arena, result, &fault)) return fprintf(stderr, "hydrant %s: %s\n", words, fault.what), false;
    if (result->status < 300) return true;
    print_refusal(words, result, arena);
    return false;
}
