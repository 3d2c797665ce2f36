/* request_stand_in: requests without a network, for tests of the rooms above net/. Takes the place of net/'s
 * request_header, request_header_count, answer_header and request_answer.
 *
 * Rule: request_stand_in_create, flow_drive, look at what was answered, request_stand_in_dispose. What is sent and what
 * is answered belongs to the test and outlives the request. */
#ifndef TESTS_TORTURE_REQUEST_STAND_IN_H
#define TESTS_TORTURE_REQUEST_STAND_IN_H

#include "net/server.h"

struct sent_header {
    const char *name, *value;
};
struct sent {
    const struct route *route;
    const char *body, *query, *segment; /* NULL: none */
    const struct sent_header *headers;  /* up to the first without a name; NULL: none */
    const char *path;                   /* NULL: nobody looks at it */
    bool from_proxy;
};

enum { ANSWER_TEXT_MAX = 64 * 1024 };
struct answered {
    unsigned count; /* how often the request was answered: what follows is the last */
    int status;
    size_t body_len;
    char body[ANSWER_TEXT_MAX]; /* its beginning, when it is longer */
    struct {
        char name[48], value[2048];
    } headers[ANSWER_HEADERS_MAX + 1];
    size_t header_count;
    void (*told)(struct answered *answered); /* may be NULL */
};
/* the value of the answer's first header of that name; NULL: there is none */
const char *answered_header(const struct answered *answered, const char *name);
/* does that text stand anywhere in its headers or its body? */
bool answered_says(const struct answered *answered, const char *text);

/* as net/ makes one: on the heap, zeroed, its body a copy of its own; not driven */
struct request *request_stand_in_create(const struct sent *sent, struct worker *worker, struct answered *answered);
/* as net/ does it: releases the flow, disposes, wipes, frees */
void request_stand_in_dispose(struct request *request);

#endif
