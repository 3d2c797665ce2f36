/* member: an object's members as the admin API writes them: null where there is nothing. */
#ifndef ADMIN_MEMBER_H
#define ADMIN_MEMBER_H

#include "base/text.h"

void member_put_text(struct text *t, const char *name, struct bytes value); /* absent: null */
void member_put_time(struct text *t, const char *name, int64_t at);         /* RFC 3339; 0: null */

#endif
