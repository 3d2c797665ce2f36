/* ending_reader: reads what other processes ended out of the database, and tells it (ending_news.h): at once when the
 * database hints at it, and every second in any case, since hints get lost. */
#ifndef STORAGE_ENDING_READER_H
#define STORAGE_ENDING_READER_H

#include "storage/storage.h"

enum {
    ENDING_READ_EVERY_MS = 1000,
    /* An instant is taken a while before its commit lets others see it, and a database that takes over may have a clock
     * that is behind: so each reading goes back behind the last one by this much. */
    ENDING_OVERLAP_MS = 10 * 1000,
};

struct ending_reader;
/* on the store's loop, its hints taken */
struct ending_reader *ending_reader_create(struct store *store);
void ending_reader_destroy(struct ending_reader *reader);
struct store *ending_reader_store(const struct ending_reader *reader);

#endif
