/* listing: the lists of grants and of endings on their way to who asked: for storage.c. */
#ifndef STORAGE_LISTING_H
#define STORAGE_LISTING_H

#include "storage/storage.h"

/* copies what its rows point to, and the rows, into arena */
void grant_page_keep(struct grant_page *page, struct arena *arena);
void ending_page_keep(struct ending_page *page, struct arena *arena);
/* storage.c's: a grant's bytes */
void grant_keep(struct arena *arena, struct grant *grant);

#endif
