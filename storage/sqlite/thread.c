#include "storage/sqlite/thread.h"

#include <signal.h>
#include <stdlib.h>

pthread_t thread_start(void *(*run)(void *data), void *data)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, run, data) != 0) abort();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return thread;
}
