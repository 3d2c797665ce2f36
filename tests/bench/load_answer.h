/* load_answer: reads an HTTP/1.1 answer as it comes in: is it whole, what is its status, where is its body. Borrows
 * what it is given. */
#ifndef BENCH_LOAD_ANSWER_H
#define BENCH_LOAD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

enum answer_state {
    ANSWER_PART,  /* more is to come */
    ANSWER_WHOLE, /* and nothing after it */
    ANSWER_ODD,   /* no answer of HTTP/1.1 with a Content-Length, or more than one: answer.odd says what */
};

struct answer {
    int status;
    const char *body;
    size_t body_len;
    const char *odd;
};

/* Only an answer with one Content-Length is taken: a benchmark needs no other. */
enum answer_state answer_read(const char *at, size_t len, struct answer *answer);

/* where the value of "name":"value" begins in the body; NULL: it is not there, or is not value_len letters long */
const char *answer_find(const struct answer *answer, const char *member, size_t value_len);

#endif
