/* resolve: looks the hosts' names up on a thread of its own, since libpq would block the loop on them.
 * Rule: on_done runs on the loop's thread, once, never from inside resolve_start, unless resolve_cancel came before;
 * either ends the resolve. */
#ifndef STORAGE_POSTGRES_RESOLVE_H
#define STORAGE_POSTGRES_RESOLVE_H

#include "net/loop.h"
#include "storage/postgres/dsn.h"

enum { ENDPOINTS_MAX = 32 };

struct endpoints {
    struct endpoint all[ENDPOINTS_MAX]; /* each with an address, where its host is a name */
    size_t count;                       /* 0: none of the names is known */
};

struct resolve;
/* NULL when no thread or descriptor is to be had. The hosts are copied. */
struct resolve *resolve_start(struct loop *loop, const struct dsn *dsn,
                              void (*on_done)(void *data, const struct endpoints *endpoints), void *data);
void resolve_cancel(struct resolve *resolve); /* NULL is nothing; does not wait */

/* for a caller that may block: the same on this thread */
void resolve_now(const struct dsn *dsn, struct endpoints *endpoints);
/* does any host need it at all? */
bool resolve_needed(const struct dsn *dsn);

#endif
