/* query: the parameters behind the ? of an admin request. */
#ifndef ADMIN_QUERY_H
#define ADMIN_QUERY_H

#include "net/server.h"

/* the first of that name that can be decoded (base/encoding.h, form_decode), in the request's arena; absent: none */
struct bytes query_find(struct request *request, struct bytes name);
/* how often it is there, also empty or undecodable */
size_t query_count(const struct request *request, struct bytes name);

#endif
