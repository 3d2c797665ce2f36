/* command_answer: what the commands on top of the admin API share: where to ask, how to show, what to say when it is refused. */
#ifndef SERVER_COMMAND_ANSWER_H
#define SERVER_COMMAND_ANSWER_H

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
/* false when there is no answer, or a refusal; said on standard error */
bool ask_admin(const char *words, const struct admin_call *call, struct arena *arena, struct admin_result *result) MUST_USE;

#endif
