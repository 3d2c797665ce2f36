/* random: bytes nobody can guess, from OpenSSL's private generator. Aborts when there are none: no answer is better than a guessable one. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_fill(void *at, size_t len);
/* 0 <= n < bound, evenly; for jitter */
uint32_t random_below(uint32_t bound);

#endif
