/* ending_news: tells the stores of a process what was ended as a whole (storage/storage.h, storage_on_ending).
 *
 * Rule: what happens in this process is told from storage.c, when the verb has ended; what happens in others by the
 * ending_reader, of which a process has one, on the first store that wants to know. A store hears it on its own loop.
 */
#ifndef STORAGE_ENDING_NEWS_H
#define STORAGE_ENDING_NEWS_H

#include "storage/call.h"

/* a verb has ended, well or not: if it may have ended something, that is told */
void ending_news_note(const struct storage_call *call);
/* from any thread */
void ending_news_tell(struct storage *storage, enum revoke_by by, struct bytes name);
void ending_news_leave(struct store *store); /* on its loop's thread; nothing when it wanted no news */

#endif
