/* memory_watch: sees to it that no secret stays in memory that was given back, and that everything is given back.
 * Rule: under AddressSanitizer only (elsewhere nothing is seen, and memory_watch_sees says so). For the thread that
 * begins it. Stacks are not looked at. */
#ifndef TESTS_TORTURE_MEMORY_WATCH_H
#define TESTS_TORTURE_MEMORY_WATCH_H

#include <stdbool.h>
#include <stddef.h>

enum { MEMORY_SECRETS_MAX = 16, MEMORY_SECRET_LEN_MAX = 96 };

bool memory_watch_sees(void);
/* from now on: what is allocated is counted, and what is freed is searched for the secrets */
void memory_watch_begin(void);
void memory_watch_secret(const void *at, size_t len); /* one more; copied */
/* pieces that were freed with a secret in them */
size_t memory_watch_unwiped(void);
/* pieces with a secret in them that are still there */
size_t memory_watch_holding(void);
/* pieces that were allocated since the beginning and are still there; ends the watch and forgets the secrets */
size_t memory_watch_end(void);

#endif
