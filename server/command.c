#include "server/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int wrong_use(const char *words, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "hydrant %s: ", words);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nSee: hydrant help %s\n", words);
    va_end(args);
    return EXIT_WRONG_USE;
}

static const struct command_option *find_option(const struct command_option *options, const char *word, size_t len)
{
    if (len == 2 && strncmp(word, "-c", 2) == 0) return find_option(options, "--config", strlen("--config"));
    for (; options->name != NULL; options++)
        if (strlen(options->name) == len && strncmp(options->name, word, len) == 0) return options;
    return NULL;
}

static bool set_value(const struct command_option *option, const char *value)
{
    if (option->value != NULL) *option->value = value;
    if (option->values == NULL) return true;
    if (option->values->count == option->values->max) return false;
    option->values->at[option->values->count++] = value;
    return true;
}

int take_options(const char *words, int argc, char **argv, const struct command_option *options)
{
    int rest = 0;
    bool ended = false; /* by --: what begins with - is no option any more */
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (ended || word[0] != '-' || word[1] == 0) {
            argv[rest++] = argv[i];
            continue;
        }
        ended = strcmp(word, "--") == 0;
        if (ended) continue;
        const char *equals = strchr(word, '=');
        const struct command_option *option = find_option(options, word, equals == NULL ? strlen(word) : (size_t)(equals - word));
        if (option == NULL) return wrong_use(words, "unknown option %s", word), -1;
        if (option->flag != NULL) {
            if (equals != NULL) return wrong_use(words, "%s takes no value", option->name), -1;
            *option->flag = true;
            continue;
        }
        if (equals == NULL && i + 1 == argc) return wrong_use(words, "%s needs a value", option->name), -1;
        if (!set_value(option, equals == NULL ? argv[++i] : equals + 1)) return wrong_use(words, "too many %s", option->name), -1;
    }
    return rest;
}
