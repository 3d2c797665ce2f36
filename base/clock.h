/* clock: what time it is, and how times are written. Everything that asks for the time asks here, so tests can set it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <time.h>

#include "base/bytes.h"

int64_t clock_now_ms(void);    /* milliseconds since the epoch, UTC; may jump */
/* Milliseconds since some moment; never goes back, and goes on while the machine sleeps: what was true before a sleep is old after it. */
int64_t clock_steady_ms(void);
int64_t clock_steady_us(void); /* the same in microseconds */
/* That long from now, by CLOCK_MONOTONIC: for pthread_cond_clockwait, which waits by no clock that goes on in a sleep. */
struct timespec clock_deadline(int64_t ms);
/* The processor time of a thread, for bounds on work: on a busy machine short work takes long by every other clock.
 * Another thread may read it while the first lives. */
int clock_of_this_thread(void);
int64_t clock_cpu_us(int thread_clock); /* microseconds used so far */
/* for tests: clock_now_ms answers this much later (negative: earlier) than the machine's clock */
void clock_set_skew_ms(int64_t skew_ms);
/* for tests: the same for clock_steady_ms and clock_steady_us; never back */
void clock_set_steady_skew_ms(int64_t skew_ms);
/* RFC 3339 as Kratos writes it: 0 to 9 digits of a fraction, Z or an offset (+02:00), years 0001 to 9999 (in UTC too). The fraction is cut to milliseconds. */
bool clock_parse(struct bytes text, int64_t *ms) __attribute__((warn_unused_result));
/* the earlier of two times, the shorter of two durations */
static inline int64_t clock_earlier(int64_t a, int64_t b) { return a < b ? a : b; }
/* "2026-11-24T06:01:46.123Z" and a NUL; the years 0001 and 9999 are the ends, beyond which nothing is written */
void clock_write(int64_t ms, char text[25]);
/* "90s", "15m", "24h", "14d", "250ms" as a settings file has them (a whole number and a unit); false for anything else */
bool clock_parse_duration(struct bytes text, int64_t *ms) __attribute__((warn_unused_result));

#endif
