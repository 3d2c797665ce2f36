/* vet: reads the head of a request a second time, as it came, and finds what two HTTP parsers could understand
 * differently. Rule: libh2o is lenient where RFC 9112 is not (two lengths, a length and a coding, folded lines, bare
 * LF, no Host), and that is how requests are smuggled past a proxy. Whatever is found ends the connection. Knows
 * nothing of libh2o. */
#ifndef NET_VET_H
#define NET_VET_H

#include "base/bytes.h"

/* VET_CODED: good but for a transfer coding instead of a length */
enum vet_outcome { VET_GOOD, VET_CODED, VET_BAD, VET_TOO_LARGE };

struct vet {
    enum vet_outcome outcome;
    size_t head_len;   /* with the empty line; 0 when bad or too large */
    struct bytes host; /* absent then, and in an HTTP/1.0 request without one */
};

/* input begins with the request (and maybe an empty line before it); names in any case. http_1_0: what came before
 * HTTP/1.1. */
struct vet vet_head(struct bytes input, size_t head_max, bool http_1_0);

#endif
