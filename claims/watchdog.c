#include "claims/watchdog.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

enum { LOOK_EVERY_MS = 5 };

static struct {
    pthread_mutex_t life; /* over users, and the thread's beginning and end */
    unsigned users;
    pthread_t thread;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t changed;
    struct watch *armed;
    bool ending;
} dog = {.life = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void halt(struct watch *watch)
{
    if (!watch->halted) jq_halt(watch->jq, jv_null(), jv_null());
    watch->halted = true;
}

static void halt_late_ones(void)
{
    for (struct watch *watch = dog.armed; watch != NULL; watch = watch->next)
        if (clock_cpu_us(watch->thread_clock) >= watch->until_cpu_us) halt(watch);
}

static void *keep_watch(void *data)
{
    pthread_mutex_lock(&dog.lock);
    while (!dog.ending) {
        if (dog.armed == NULL) {
            pthread_cond_wait(&dog.changed, &dog.lock);
            continue;
        }
        pthread_mutex_unlock(&dog.lock);
        nanosleep(&(struct timespec){.tv_nsec = LOOK_EVERY_MS * 1000 * 1000}, NULL);
        pthread_mutex_lock(&dog.lock);
        halt_late_ones();
    }
    pthread_mutex_unlock(&dog.lock);
    return data;
}

/* signals are for others */
static void start_thread(void)
{
    sigset_t all, before;
    sigfillset(&all);
    dog.ending = false;
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&dog.thread, NULL, keep_watch, NULL) != 0) abort();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_setname_np(dog.thread, "jq watchdog");
}

static void end_thread(void)
{
    pthread_mutex_lock(&dog.lock);
    dog.ending = true;
    pthread_cond_signal(&dog.changed);
    pthread_mutex_unlock(&dog.lock);
    pthread_join(dog.thread, NULL);
}

void watchdog_join(void)
{
    pthread_mutex_lock(&dog.life);
    if (dog.users++ == 0) start_thread();
    pthread_mutex_unlock(&dog.life);
}

void watchdog_part(void)
{
    pthread_mutex_lock(&dog.life);
    if (--dog.users == 0) end_thread();
    pthread_mutex_unlock(&dog.life);
}

void watchdog_arm(struct watch *watch, jq_state *jq, int64_t ms)
{
    int thread_clock = clock_of_this_thread();
    *watch = (struct watch){.jq = jq, .thread_clock = thread_clock, .until_cpu_us = clock_cpu_us(thread_clock) + ms * 1000};
    pthread_mutex_lock(&dog.lock);
    watch->next = dog.armed;
    dog.armed = watch;
    if (watch->next == NULL) pthread_cond_signal(&dog.changed);
    pthread_mutex_unlock(&dog.lock);
}

void watchdog_halt(struct watch *watch)
{
    pthread_mutex_lock(&dog.lock);
    halt(watch);
    pthread_mutex_unlock(&dog.lock);
}

bool watchdog_disarm(struct watch *watch)
{
    pthread_mutex_lock(&dog.lock);
    struct watch **at = &dog.armed;
    while (*at != watch) at = &(*at)->next;
    *at = watch->next;
    pthread_mutex_unlock(&dog.lock);
    return watch->halted;
}
