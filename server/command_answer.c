#include "server/command_answer.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "server/command.h"
#include "server/token_words.h"

enum { REFUSAL_MAX = 1024 * 1024, ANSWER_MAX = 32 * 1024 * 1024, ANSWER_ARENA_MAX = 64 * 1024 * 1024 };

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

int take_nothing(const char *words, int argc, char **argv, struct output *output)
{
    int rest = take_common(words, argc, argv, output);
    if (rest > 0) return wrong_use(words, "what is %s?", argv[0]);
    return rest == 0 ? EXIT_DONE : EXIT_WRONG_USE;
}

int take_one(const char *words, int argc, char **argv, struct output *output, const char *which)
{
    int rest = take_common(words, argc, argv, output);
    if (rest < 0) return EXIT_WRONG_USE;
    return rest == 1 ? EXIT_DONE : wrong_use(words, "%s", which);
}

/* a sentence of the server's, which may name what anyone wrote */
static struct bytes shown(struct bytes sentence, struct arena *arena)
{
    struct text t;
    text_init(&t, arena, 256);
    put_shown(&t, sentence);
    return text_bytes(&t);
}

static void print_refusal(const char *words, const struct admin_result *result, struct arena *arena)
{
    const struct json_limits limits = {.size_max = REFUSAL_MAX, .unique_names = false};
    struct fault unreadable;
    struct bytes sentence = shown(json_string(json_find(json_parse(arena, result->body, &limits, &unreadable), "error_description")), arena);
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

void put_escaped(struct text *t, struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) text_put_format(t, "%%%02X", (unsigned char)b.at[i]);
}

static struct bytes write_path(const struct admin_order *order, struct arena *arena)
{
    struct text t;
    text_init(&t, arena, 128);
    text_put(&t, bytes_of(order->path));
    put_escaped(&t, bytes_of(order->segment));
    return text_bytes(&t);
}

/* what was asked for is done all the same */
static void print_warnings(const char *words, const struct json *answer, struct arena *arena)
{
    const struct json *warnings = json_find(answer, "warnings");
    for (const struct json *warning = warnings == NULL ? NULL : warnings->first; warning != NULL; warning = warning->next)
        fprintf(stderr, "hydrant %s: warning: %.*s\n", words, BYTES_PRINT(shown(json_string(warning), arena)));
}

static int show_answer(const struct admin_order *order, struct bytes body, struct arena *arena)
{
    const struct json_limits limits = {.size_max = ANSWER_MAX, .unique_names = false};
    struct fault unreadable;
    if (body.len == 0) return order->show(order, NULL);
    const struct json *answer = json_parse(arena, body, &limits, &unreadable);
    print_warnings(order->words, answer, arena);
    if (wants_json(order->output)) return printf("%.*s\n", BYTES_PRINT(body)), EXIT_DONE;
    if (answer != NULL) return order->show(order, answer);
    return fprintf(stderr, "hydrant %s: the server's answer can't be read\n", order->words), EXIT_FAILED;
}

int give_order(const struct admin_order *order)
{
    struct arena arena;
    struct admin_result result;
    arena_init(&arena, ANSWER_ARENA_MAX);
    const struct admin_call call = {.endpoint = order->output->endpoint, .method = order->method, .path = write_path(order, &arena), .body = order->body};
    int exit_code = ask_admin(order->words, &call, &arena, &result) ? show_answer(order, result.body, &arena) : EXIT_FAILED;
    arena_release(&arena);
    return exit_code;
}
