/* client_response: reads one HTTP/1.1 answer from pieces as they arrive; knows nothing of sockets.
 * Rule: response_init, response_take for each piece until it says RESPONSE_DONE or RESPONSE_BAD, then take no more.
 * What it keeps is in the arena it was given, which the owner wipes. Interim answers (RFC 9110 15.2) are skipped. */
#ifndef NET_CLIENT_RESPONSE_H
#define NET_CLIENT_RESPONSE_H

#include "base/text.h"
#include "net/client.h"
#include "net/client_phr.h"

enum response_progress {
    RESPONSE_MORE,
    RESPONSE_DONE, /* response->answer is whole */
    RESPONSE_BAD,  /* response->why, in words that quote nothing */
};

struct response {
    struct arena *arena;
    struct call_answer answer;
    const char *why;
    bool begun; /* a byte has come */
    bool keep;  /* after RESPONSE_DONE: the connection can carry another call */

    enum { RESPONSE_HEAD, RESPONSE_COUNTED, RESPONSE_CHUNKED } part;
    struct text head, body;
    size_t head_from;      /* where the head being read begins, behind the interim ones */
    size_t head_tried_len; /* of it, when it was found to be incomplete */
    bool has_length, chunked;
    uint64_t length;  /* of Content-Length */
    size_t coded_len; /* bytes of the chunked coding so far */
    struct phr_chunked_decoder decoder;
};

void response_init(struct response *response, struct arena *arena);
/* at is overwritten: chunks are decoded in place */
enum response_progress response_take(struct response *response, char *at, size_t len) MUST_USE;

#endif
