#include "claims/watchdog.h"

#include <glob.h>
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "unit/test.h"

/* runs until it has a result or is halted; ms it took */
static int64_t run(jq_state *jq, int64_t ms, bool *halted)
{
    struct watch watch;
    int64_t began = clock_steady_ms();
    jq_start(jq, jv_null(), 0);
    watchdog_arm(&watch, jq, ms);
    jv_free(jq_next(jq));
    *halted = watchdog_disarm(&watch);
    return clock_steady_ms() - began;
}

static jq_state *compile(const char *text)
{
    jq_state *jq = jq_init();
    if (jq == NULL || jq_compile(jq, text) == 0) abort();
    return jq;
}

static void *run_for_ever(void *data)
{
    bool *halted = data;
    jq_state *jq = compile("def f: f; f");
    int64_t took = run(jq, 30, halted);
    *halted = *halted && took >= 30 && took < 1000;
    jq_teardown(&jq);
    return NULL;
}

/* of this process, by their name: sanitizers have threads of their own */
static int count_watchdogs(void)
{
    glob_t tasks;
    int count = 0;
    if (glob("/proc/self/task/*/comm", 0, NULL, &tasks) != 0) abort();
    for (size_t i = 0; i < tasks.gl_pathc; i++) {
        char name[32] = "";
        FILE *file = fopen(tasks.gl_pathv[i], "r");
        count += file != NULL && fgets(name, sizeof name, file) != NULL && strcmp(name, "jq watchdog\n") == 0;
        if (file != NULL) fclose(file);
    }
    globfree(&tasks);
    return count;
}

/* armed for 30 ms of work, and 150 ms of something else than work */
static bool halted_by_waiting(jq_state *jq)
{
    struct watch watch;
    watchdog_arm(&watch, jq, 30);
    nanosleep(&(struct timespec){.tv_nsec = 150 * 1000 * 1000}, NULL);
    return watchdog_disarm(&watch);
}

int main(void)
{
    bool halted;
    CHECK(count_watchdogs() == 0);
    watchdog_join();
    watchdog_join();
    jq_state *endless = compile("def f: f; f"), *quick = compile("1");
    TEST("what other threads and programs take of the machine does not count as the run's time") CHECK(!halted_by_waiting(quick));
    TEST("a program without end is halted soon after its time")
    {
        int64_t took = run(endless, 30, &halted);
        CHECK(halted && took >= 30 && took < 1000);
    }
    TEST("a halted program can be run, and halted, again") CHECK(run(endless, 20, &halted) < 1000 && halted);
    TEST("one that ends in time is not halted")
    {
        for (int i = 0; i < 1000; i++) {
            run(quick, 50, &halted);
            CHECK(!halted);
        }
    }
    TEST("several threads are watched at once")
    {
        pthread_t threads[4];
        bool all[4] = {false};
        for (size_t i = 0; i < 4; i++) pthread_create(&threads[i], NULL, run_for_ever, &all[i]);
        for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
        CHECK(all[0] && all[1] && all[2] && all[3]);
    }
    TEST("there is one thread, until the last has parted; and it can come back")
    {
        CHECK(count_watchdogs() == 1);
        watchdog_part();
        CHECK(count_watchdogs() == 1);
        watchdog_part();
        CHECK(count_watchdogs() == 0);
        watchdog_join();
        CHECK(run(endless, 20, &halted) < 1000 && halted);
        watchdog_part();
    }
    jq_teardown(&endless);
    jq_teardown(&quick);
    return TEST_END();
}
