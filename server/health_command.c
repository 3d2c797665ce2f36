/* health_command: `hydrant health`: is the server ready? For containers that have no program to ask with. */
#include <stdio.h>

#include "base/json.h"
#include "server/command.h"
#include "server/command_answer.h"

enum { ANSWER_MAX = 64 * 1024 };

/* the members of "errors": what it is that can't */
static void print_trouble(struct bytes body, struct arena *arena)
{
    const struct json_limits limits = {.size_max = ANSWER_MAX, .unique_names = false};
    struct fault unreadable;
    const struct json *errors = json_find(json_parse(arena, body, &limits, &unreadable), "errors");
    if (!json_is(errors, JSON_OBJECT)) return;
    for (const struct json *e = errors->first; e != NULL; e = e->next)
        fprintf(stderr, "hydrant health: not ready: %.*s: %.*s\n", BYTES_PRINT(e->name), BYTES_PRINT(json_string(e)));
}

int health_command(int argc, char **argv)
{
    static const char WORDS[] = "health";
    struct output output = {NULL, NULL};
    struct arena arena;
    struct admin_result result;
    struct fault fault;
    int rest = take_common(WORDS, argc, argv, &output);
    if (rest < 0) return EXIT_WRONG_USE;
    if (rest > 0) return wrong_use(WORDS, "what is %s?", argv[0]);
    arena_init(&arena, ANSWER_MAX * 4);
    const struct admin_call call = {.endpoint = output.endpoint, .method = "GET", .path = BYTES("/health/ready")};
    bool answered = admin_call(&call, &arena, &result, &fault);
    bool ready = answered && result.status == 200;
    if (!answered) fprintf(stderr, "hydrant health: %s\n", fault.what);
    else if (wants_json(&output)) printf("%.*s\n", BYTES_PRINT(result.body));
    else if (ready) puts("ready");
    else print_trouble(result.body, &arena);
    arena_release(&arena);
    return ready ? EXIT_DONE : EXIT_FAILED;
}
