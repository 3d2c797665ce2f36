/* thread: starts a thread that no signal reaches, so that the process's handlers run on its main thread. */
#ifndef STORAGE_SQLITE_THREAD_H
#define STORAGE_SQLITE_THREAD_H

#include <pthread.h>

pthread_t thread_start(void *(*run)(void *data), void *data); /* aborts when there can't be one */

#endif
