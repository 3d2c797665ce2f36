/* load_client: one closed-loop client on one kept connection: sends, waits for the whole answer, sends again, each time
 * with the next of its words. Used by one thread; the plan is shared and never changes. */
#ifndef BENCH_LOAD_CLIENT_H
#define BENCH_LOAD_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "bench/load_record.h"

enum { WORD_MAX = 255, ANSWER_MAX = 65536 };

/* what every client does */
struct plan {
    uint16_t port;
    struct iovec before, after; /* the request's bytes on either side of the word */
    bool has_word;
    int status;    /* the one that is expected */
    char next[64]; /* the answer's member that is the next word, as "name":" ; "": the words stay as they are */
};

struct client {
    const struct plan *plan;
    struct record *record;
    char (*words)[WORD_MAX + 1]; /* its own; NULL: the request has no word */
    size_t word_count, word;     /* the one under way */
    char *answer;
    size_t answer_len;
    int64_t sent_us;
    int fd;
    bool waits;
};

int64_t now_us(void);
void client_connect(struct client *client); /* ends the program when it can't */
void client_send(struct client *client);
/* takes what has come in; afterwards client->waits says whether the answer is still to come. Ends the program when the
 * answer is odd or the connection is cut: a figure of such a run would be worth nothing. */
void client_receive(struct client *client);

#endif
