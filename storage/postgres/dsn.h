/* dsn: where the database is, as libpq reads it, and the endpoints that a connection may try, one by one.
 * Rule: dsn_parse once; what is borrowed from a dsn lives as long as it. No fault quotes the text: it may hold a
 * password. */
#ifndef STORAGE_POSTGRES_DSN_H
#define STORAGE_POSTGRES_DSN_H

#include <libpq-fe.h>

#include "base/bytes.h"
#include "base/fault.h"

enum { DSN_HOSTS_MAX = 16, DSN_WORDS_MAX = 64 };

/* host: a name, an address, a directory of a unix socket, or empty (libpq's default); address: what libpq shall connect
 * to, may be empty */
struct endpoint {
    char host[256];
    char address[64];
    char port[8];
};

struct dsn {
    PQconninfoOption *options;
    struct endpoint hosts[DSN_HOSTS_MAX]; /* as named, an address where one was named too */
    size_t host_count;
};

bool dsn_parse(struct dsn *dsn, const char *text, struct fault *fault) MUST_USE;
void dsn_release(struct dsn *dsn);
/* has its name to be looked up before libpq gets it? (libpq would block on it) */
bool endpoint_needs_lookup(const struct endpoint *endpoint);

/* keywords and values for PQconnectStartParams: the dsn's own, that endpoint, and what we want where the dsn is silent
 */
struct dsn_words {
    const char *keywords[DSN_WORDS_MAX], *values[DSN_WORDS_MAX];
};
void dsn_write_words(const struct dsn *dsn, const struct endpoint *endpoint, struct dsn_words *words);

#endif
