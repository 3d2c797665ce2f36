#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

static const int64_t EARLIEST_MS = -62135596800000; /* 0001-01-01T00:00:00.000Z */
static const int64_t LATEST_MS = 253402300799999;   /* 9999-12-31T23:59:59.999Z */

static _Atomic int64_t skew, steady_skew;

static int64_t read_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_now_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000 + atomic_load_explicit(&skew, memory_order_relaxed);
}

int64_t clock_steady_ms(void) { return clock_steady_us() / 1000; }

int64_t clock_steady_us(void)
{
    return read_us(CLOCK_BOOTTIME) + 1000 * atomic_load_explicit(&steady_skew, memory_order_relaxed);
}

struct timespec clock_deadline(int64_t ms)
{
    int64_t at_us = read_us(CLOCK_MONOTONIC) + 1000 * ms;
    return (struct timespec){.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
}

void clock_set_skew_ms(int64_t skew_ms) { atomic_store_explicit(&skew, skew_ms, memory_order_relaxed); }

void clock_set_steady_skew_ms(int64_t skew_ms) { atomic_store_explicit(&steady_skew, skew_ms, memory_order_relaxed); }

/* Days since 1970-01-01 of a day in the Gregorian calendar. Years are counted from March, so that the leap day is a
 * year's last; 146097 days are 400 years. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t from_march = (month + 9) % 12;
    int64_t y = month < 3 ? year - 1 : year;
    int64_t leap_days = y / 4 - y / 100 + y / 400;
    return 365 * y + leap_days + (153 * from_march + 2) / 5 + day - 1 - 719468;
}

static int64_t days_in(int64_t year, int64_t month)
{
    return month == 12 ? 31 : days_of(year, month + 1, 1) - days_of(year, month, 1);
}

/* takes exactly count digits, whose number must lie between min and max */
static bool take_digits(struct bytes *rest, size_t count, uint64_t min, uint64_t max, int64_t *number)
{
    uint64_t n;
    if (rest->len < count) return false;
    if (!bytes_to_number((struct bytes){rest->at, count}, max, &n) || n < min) return false;
    *number = (int64_t)n;
    *rest = (struct bytes){rest->at + count, rest->len - count};
    return true;
}

static bool take_char(struct bytes *rest, char c)
{
    if (rest->len == 0 || rest->at[0] != c) return false;
    *rest = (struct bytes){rest->at + 1, rest->len - 1};
    return true;
}

static bool take_date(struct bytes *rest, int64_t *days)
{
    int64_t year, month, day;
    if (!take_digits(rest, 4, 1, 9999, &year) || !take_char(rest, '-')) return false;
    if (!take_digits(rest, 2, 1, 12, &month) || !take_char(rest, '-')) return false;
    if (!take_digits(rest, 2, 1, (uint64_t)days_in(year, month), &day)) return false;
    *days = days_of(year, month, day);
    return true;
}

static bool take_hour_and_minute(struct bytes *rest, int64_t *ms)
{
    int64_t hour, minute;
    if (!take_digits(rest, 2, 0, 23, &hour) || !take_char(rest, ':')) return false;
    if (!take_digits(rest, 2, 0, 59, &minute)) return false;
    *ms = hour * HOUR_MS + minute * MINUTE_MS;
    return true;
}

static bool take_fraction(struct bytes *rest, int64_t *ms)
{
    *ms = 0;
    if (!take_char(rest, '.')) return true;
    int64_t digit, weight = 100;
    size_t count = 0;
    for (; count < 9 && take_digits(rest, 1, 0, 9, &digit); count++) {
        *ms += digit * weight;
        weight /= 10;
    }
    return count > 0;
}

static bool take_offset(struct bytes *rest, int64_t *ms)
{
    *ms = 0;
    if (take_char(rest, 'Z')) return true;
    if (take_char(rest, '+')) return take_hour_and_minute(rest, ms);
    if (!take_char(rest, '-') || !take_hour_and_minute(rest, ms)) return false;
    *ms = -*ms;
    return true;
}

bool clock_parse(struct bytes text, int64_t *ms)
{
    int64_t days, time_ms, second, fraction_ms, offset_ms;
    if (!take_date(&text, &days) || !take_char(&text, 'T')) return false;
    if (!take_hour_and_minute(&text, &time_ms) || !take_char(&text, ':')) return false;
    if (!take_digits(&text, 2, 0, 59, &second)) return false;
    if (!take_fraction(&text, &fraction_ms) || !take_offset(&text, &offset_ms) || text.len > 0) return false;
    int64_t sum = days * DAY_MS + time_ms + second * SECOND_MS + fraction_ms - offset_ms;
    if (sum < EARLIEST_MS || sum > LATEST_MS) return false;
    *ms = sum;
    return true;
}

void clock_write(int64_t ms, char text[25])
{
    ms = ms < EARLIEST_MS ? EARLIEST_MS : ms > LATEST_MS ? LATEST_MS : ms;
    int64_t since_march_0000 = ms - EARLIEST_MS + 306 * (int64_t)DAY_MS; /* never negative */
    int64_t days = since_march_0000 / DAY_MS, of_day = since_march_0000 % DAY_MS;
    /* an era is 400 years; within it the days that leap years added are taken out to find the year */
    int64_t era = days / 146097, of_era = days % 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    int64_t day = of_year - (153 * from_march + 2) / 5 + 1;
    int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    int64_t year = era * 400 + year_of_era + (month < 3 ? 1 : 0);
    snprintf(text, 25, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)year % 10000, (unsigned)month % 100,
             (unsigned)day % 100, (unsigned)(of_day / HOUR_MS) % 100, (unsigned)(of_day / MINUTE_MS % 60),
             (unsigned)(of_day / SECOND_MS % 60), (unsigned)(of_day % SECOND_MS));
}

bool clock_parse_duration(struct bytes text, int64_t *ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", SECOND_MS}, {"m", MINUTE_MS}, {"h", HOUR_MS}, {"d", DAY_MS}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct bytes unit = bytes_of(units[i].unit), count = text;
        if (!bytes_end_with(text, unit)) continue;
        uint64_t number;
        count.len -= unit.len;
        if (!bytes_to_number(count, INT64_MAX / units[i].ms, &number)) continue;
        *ms = (int64_t)(number * units[i].ms);
        return true;
    }
    return false;
}

/* ---- processor time ---- */

int clock_of_this_thread(void)
{
    clockid_t clock;
    if (pthread_getcpuclockid(pthread_self(), &clock) != 0) abort();
    return clock;
}

int64_t clock_cpu_us(int thread_clock) { return read_us(thread_clock); }
