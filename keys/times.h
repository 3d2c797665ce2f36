/* times: what a key's timestamps let it do at a moment (docs/keys.md's table). */
#ifndef KEYS_TIMES_H
#define KEYS_TIMES_H

#include "keys/keys.h"

bool times_removed(const struct key_material *key, int64_t now);
/* From when its row is there until it is removed. (Its created_at lies ahead only where the clock went back: whoever
 * fetched it then shall find it still.) */
bool times_published(const struct key_material *key, int64_t now);
/* May it sign? Published, and its activate_at has passed: past its retire_at too, when there is no better one
 * (times_better), so that a server which nobody rotates never stops signing. */
bool times_may_sign(const struct key_material *key, int64_t now);
/* Of two of one algorithm that may sign, does a go before b? One within its window goes before one past it, then the
 * younger. b may be NULL. */
bool times_better(const struct key_material *a, const struct key_material *b, int64_t now);
/* is its time to sign still to come? */
bool times_waiting(const struct key_material *key, int64_t now);

#endif
