#include "base/clock.h"

#include <time.h>

#include "unit/test.h"

static bool reads_as(const char *text, int64_t want)
{
    int64_t ms;
    return clock_parse(bytes_of(text), &ms) && ms == want;
}

static bool is_refused(const char *text)
{
    int64_t ms;
    return !clock_parse(bytes_of(text), &ms);
}

static bool writes_as(int64_t ms, const char *want)
{
    char text[25];
    clock_write(ms, text);
    return strcmp(text, want) == 0;
}

static bool lasts(const char *text, int64_t want)
{
    int64_t ms;
    return clock_parse_duration(bytes_of(text), &ms) && ms == want;
}

static bool is_no_duration(const char *text)
{
    int64_t ms;
    return !clock_parse_duration(bytes_of(text), &ms);
}

/* each day from 1600 to 2399, twice the period after which the calendar repeats, against the C library's own */
static bool every_day_is_right(void)
{
    for (int64_t day = -135140; day < 157054; day++) {
        time_t second = (time_t)(day * 86400);
        char text[25], want[64];
        int64_t ms;
        struct tm tm;
        gmtime_r(&second, &tm);
        snprintf(want, sizeof want, "%04d-%02d-%02dT00:00:00.000Z", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
        clock_write(day * 86400000, text);
        if (strcmp(text, want) != 0 || !clock_parse(bytes_of(text), &ms) || ms != day * 86400000) return false;
    }
    return true;
}

static void work_a_little(void)
{
    volatile uint64_t sum = 0;
    for (uint64_t i = 0; i < 20000000; i++) sum += i;
}

static void test_cpu(void)
{
    TEST("a thread's processor time grows by its work, and not by waiting")
    {
        int own = clock_of_this_thread();
        int64_t before = clock_cpu_us(own), steady = clock_steady_us();
        work_a_little();
        int64_t worked = clock_cpu_us(own) - before;
        CHECK(worked > 1000 && worked <= clock_steady_us() - steady + 1000);
        nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
        CHECK(clock_cpu_us(own) - before - worked < 25000);
    }
}

int main(void)
{
    test_cpu();
    TEST("RFC 3339 5.6: times are read with and without a fraction")
    {
        CHECK(reads_as("1970-01-01T00:00:00Z", 0));
        CHECK(reads_as("2026-11-24T06:01:46Z", 1795500106000));
        CHECK(reads_as("2026-11-24T06:01:46.1Z", 1795500106100));
        CHECK(reads_as("2026-11-24T06:01:46.123Z", 1795500106123));
        CHECK(reads_as("2026-11-24T06:01:46.123999999Z", 1795500106123));
        CHECK(reads_as("1969-12-31T23:59:59.999Z", -1));
    }
    TEST("an offset is taken off")
    {
        CHECK(reads_as("2026-11-24T08:01:46+02:00", 1795500106000));
        CHECK(reads_as("2026-11-23T18:31:46.5-11:30", 1795500106500));
        CHECK(reads_as("2026-11-24T06:01:46-00:00", 1795500106000));
    }
    TEST("the ends of the calendar are read, what lies beyond in UTC is not")
    {
        CHECK(reads_as("0001-01-01T00:00:00Z", -62135596800000) &&
              reads_as("9999-12-31T23:59:59.999Z", 253402300799999));
        CHECK(is_refused("0000-12-31T23:59:59Z") && is_refused("0001-01-01T00:00:00+00:01"));
        CHECK(is_refused("9999-12-31T23:59:59-00:01") && !is_refused("9999-12-31T23:59:59+00:01"));
    }
    TEST("days that no month has are refused")
    {
        CHECK(!is_refused("2024-02-29T00:00:00Z") && is_refused("2023-02-29T00:00:00Z"));
        CHECK(is_refused("1900-02-29T00:00:00Z") && !is_refused("2000-02-29T00:00:00Z"));
        CHECK(is_refused("2026-04-31T00:00:00Z") && is_refused("2026-12-32T00:00:00Z"));
        CHECK(is_refused("2026-00-01T00:00:00Z") && is_refused("2026-13-01T00:00:00Z") &&
              is_refused("2026-01-00T00:00:00Z"));
    }
    TEST("every other spelling is refused")
    {
        static const char *const wrong[] = {"",
                                            "2026-11-24",
                                            "2026-11-24T06:01:46",
                                            "2026-11-24t06:01:46Z",
                                            "2026-11-24T06:01:46z",
                                            "2026-11-24 06:01:46Z",
                                            "2026-11-24T06:01Z",
                                            "2026-11-24T06:01:46.Z",
                                            "2026-11-24T06:01:46.1234567890Z",
                                            "2026-11-24T06:01:46,5Z",
                                            "2026-11-24T24:00:00Z",
                                            "2026-11-24T06:60:00Z",
                                            "2016-12-31T23:59:60Z",
                                            "2026-11-24T06:01:46+2:00",
                                            "2026-11-24T06:01:46+24:00",
                                            "2026-11-24T06:01:46+02:60",
                                            "2026-11-24T06:01:46+0200",
                                            "2026-11-24T06:01:46Z ",
                                            " 2026-11-24T06:01:46Z",
                                            "+026-11-24T06:01:46Z",
                                            "2026-11-24T06:01:46ZZ",
                                            "26-11-24T06:01:46Z"};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) CHECK(is_refused(wrong[i]));
    }
    TEST("a time that is cut off anywhere is refused, and never read beyond its end")
    {
        static const char whole[] = "2026-11-24T06:01:46.123+02:00";
        for (size_t len = 0; len < sizeof whole - 1; len++) {
            int64_t ms;
            char *part = malloc(len);
            memcpy(part, whole, len);
            CHECK(!clock_parse((struct bytes){part, len}, &ms));
            free(part);
        }
    }
    TEST("times are written with milliseconds, before 1970 too")
    {
        CHECK(writes_as(0, "1970-01-01T00:00:00.000Z") && writes_as(-1, "1969-12-31T23:59:59.999Z"));
        CHECK(writes_as(1795500106123, "2026-11-24T06:01:46.123Z"));
        CHECK(writes_as(951782400000, "2000-02-29T00:00:00.000Z"));
    }
    TEST("what lies beyond the calendar is written as its end")
    {
        CHECK(writes_as(INT64_MIN, "0001-01-01T00:00:00.000Z") && writes_as(INT64_MAX, "9999-12-31T23:59:59.999Z"));
    }
    TEST("every day of eight centuries is written and read right") CHECK(every_day_is_right());
    TEST("durations are a whole number and a unit")
    {
        CHECK(lasts("250ms", 250) && lasts("90s", 90000) && lasts("15m", 900000));
        CHECK(lasts("24h", 86400000) && lasts("14d", 1209600000) && lasts("0s", 0));
    }
    TEST("anything else is no duration")
    {
        CHECK(is_no_duration("") && is_no_duration("s") && is_no_duration("90") && is_no_duration("-1s"));
        CHECK(is_no_duration("1.5h") && is_no_duration("1h30m") && is_no_duration("1 h") && is_no_duration("1H"));
        CHECK(is_no_duration("1w") && is_no_duration("9223372036854776s") && is_no_duration("1us"));
        CHECK(lasts("9223372036854775s", 9223372036854775000));
    }
    TEST("the clock can be set for tests, the steady one goes on")
    {
        int64_t steady = clock_steady_us(), now = clock_now_ms();
        clock_set_skew_ms(-3600000);
        int64_t earlier = clock_now_ms();
        clock_set_skew_ms(0);
        CHECK(now - earlier > 3590000 && now - earlier <= 3600000);
        CHECK(clock_steady_us() >= steady && clock_steady_ms() >= steady / 1000);
        CHECK(now / 1000 - (int64_t)time(NULL) >= -10 && now / 1000 - (int64_t)time(NULL) <= 1);
    }
    return TEST_END();
}
