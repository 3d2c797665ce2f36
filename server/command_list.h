/* command_list: a list of the admin API, page by page as its Link headers lead (RFC 8288), as a table or as one JSON array. */
#ifndef SERVER_COMMAND_LIST_H
#define SERVER_COMMAND_LIST_H

#include "server/command_answer.h"

struct list_order {
    const char *words; /* of the command */
    const struct output *output;
    struct bytes path; /* of the first page, with its query */
    void (*print_heading)(void);
    void (*print_row)(const struct json *record);
};
/* the exit code. Prints nothing before the first page is there: a list that could not be had must not look like an empty one */
int list_all(const struct list_order *order);

#endif
