/* client_phr: picohttpparser as libh2o exports it; no header of it is installed.
 * Rule: for client_response.c only. Newer picohttpparsers keep more in the decoder: reserved is room for that, zero at
 * first. */
#ifndef NET_CLIENT_PHR_H
#define NET_CLIENT_PHR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct phr_header {
    const char *name; /* NULL: the line goes on with the value of the line before it */
    size_t name_len;
    const char *value;
    size_t value_len;
};

struct phr_chunked_decoder {
    size_t bytes_left_in_chunk;
    char consume_trailer, hex_count, state;
    uint64_t reserved[4];
};

/* the head's length; -2: more is needed; -1: not HTTP/1. already_len: what was there at the last try, which wasn't all
 */
int phr_parse_response(const char *at, size_t len, int *minor_version, int *status, const char **reason,
                       size_t *reason_len, struct phr_header *headers, size_t *header_count, size_t already_len);
/* decodes in place, *len becomes the data's length; what stands behind the end of the body; -2: more is needed; -1:
 * broken */
ssize_t phr_decode_chunked(struct phr_chunked_decoder *decoder, char *at, size_t *len);

#endif
