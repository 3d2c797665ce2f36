/* command: `hydrant <command> ...`: a table of commands, each with its words, options and help text.
 * Rule: run gets what stands behind the command's words; it returns the exit code: EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USE. Results go to standard output, everything else to standard error; errors say what to do. */
#ifndef SERVER_COMMAND_H
#define SERVER_COMMAND_H

#include <stdbool.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_WRONG_USE = 2 };

struct command {
    const char *words;   /* "clients create" */
    const char *summary; /* one line */
    const char *help;    /* the whole text behind the summary */
    int (*run)(int argc, char **argv);
};
extern const struct command COMMANDS[]; /* ends with a row whose words are NULL */

/* "hydrant clients get: ..." and where to read on; returns EXIT_WRONG_USE */
int wrong_use(const char *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One option: a name with a value, or a flag. Options may stand anywhere; "--name value" and "--name=value"; "-c" is "--config"; behind "--" there are none. */
struct option_values {
    const char **at; /* in order; room for max */
    int count, max;
};
struct command_option {
    const char *name;             /* "--scope" */
    const char **value;           /* the last one given; or NULL */
    struct option_values *values; /* may come more than once; or NULL */
    bool *flag;                   /* takes no value; or NULL */
};
/* Takes the options out of argv; the rest stays at argv[0..]: returns their number, or -1 after a complaint. options end with a row whose name is NULL. */
int take_options(const char *words, int argc, char **argv, const struct command_option *options);

int serve_command(int argc, char **argv);
int migrate_command(int argc, char **argv);
int config_check_command(int argc, char **argv);
int clients_create_command(int argc, char **argv);
int clients_list_command(int argc, char **argv);
int clients_get_command(int argc, char **argv);
int clients_delete_command(int argc, char **argv);
int keys_list_command(int argc, char **argv);
int keys_rotate_command(int argc, char **argv);
int keys_revoke_command(int argc, char **argv);
int keys_reseal_command(int argc, char **argv);
int health_command(int argc, char **argv);
int grants_list_command(int argc, char **argv);
int grants_revoke_command(int argc, char **argv);
int token_inspect_command(int argc, char **argv);
int token_verify_command(int argc, char **argv);

#endif
