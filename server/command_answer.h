/* command_answer: what the commands on top of the admin API share: where to ask, how to show, what to say when it is refused. */
#ifndef SERVER_COMMAND_ANSWER_H
#define SERVER_COMMAND_ANSWER_H

#include "base/json.h"
#include "base/text.h"
#include "server/admin_call.h"

struct output {
    const char *format; /* NULL: table */
    const char *endpoint;
};
bool wants_json(const struct output *output);
/* EXIT_DONE, or EXIT_WRONG_USE after a complaint */
int check_format(const char *words, const struct output *output);
/* --format and --endpoint alone: what is left at argv[0..]: their number, or -1 after a complaint */
int take_common(const char *words, int argc, char **argv, struct output *output);
/* the same, and nothing may be left, or one word (argv[0]; which: "which client? Give one client_id"): EXIT_DONE, or EXIT_WRONG_USE after a complaint */
int take_nothing(const char *words, int argc, char **argv, struct output *output);
int take_one(const char *words, int argc, char **argv, struct output *output, const char *which);
/* false when there is no answer, or a refusal; said on standard error */
bool ask_admin(const char *words, const struct admin_call *call, struct arena *arena, struct admin_result *result) MUST_USE;

/* One order to the admin API and the showing of its answer: what most commands are. */
struct admin_order {
    const char *words; /* of the command */
    const struct output *output;
    const char *method, *path;
    const char *segment; /* behind path, percent-encoded; NULL: none */
    struct bytes body;   /* absent: none */
    /* --format table: prints; answer is NULL where it has no body. The exit code. (--format json prints the body as it came.) */
    int (*show)(const struct admin_order *order, const struct json *answer);
};
int give_order(const struct admin_order *order);
/* into a path or a query: every byte as %XX */
void put_escaped(struct text *t, struct bytes b);

#endif
