/* log_queue: lines on their way to the log, written by a thread of their own.
 *
 * Rule: one for the process. Who logs leaves a line here and goes on, whatever becomes of it: whoever reads the log may
 * be slow, or have stopped. LOG_QUEUE_MAX bytes may wait beside as many that are being written; a line that finds no
 * room is lost, and so is one that can't be written. Lines are written in the order they came in, as many whole ones at
 * once as no other process can tear (PIPE_BUF). A line rests for LOG_QUEUE_REST_MS, for others to share its write. A
 * process that crashes loses what waits. */
#ifndef BASE_LOG_QUEUE_H
#define BASE_LOG_QUEUE_H

#include "base/bytes.h"
#include "base/fault.h"

enum {
    LOG_QUEUE_MAX = 1024 * 1024, /* bytes */
    LOG_QUEUE_LINE_MAX = 4096,   /* bytes of a line, with its end */
    LOG_QUEUE_REST_MS = 5,
    LOG_QUEUE_END_MS = 1000, /* log_queue_stop waits for the reader no longer */
};

/* Writes the line that says how many were lost before it, at most LOG_QUEUE_LINE_MAX long; on the thread. How long it
 * is; 0: it is not to be said. */
typedef size_t log_queue_tell(uint64_t lost, char *line);
/* FAULT_FULL: no thread was to be had. Not after a stop that did not wait for the reader. */
bool log_queue_start(int fd, log_queue_tell *tell, struct fault *fault) MUST_USE;
/* A whole line, with its end, at most LOG_QUEUE_LINE_MAX long. false: no queue runs, it is the caller's to write. */
bool log_queue_put(struct bytes line);
/* Writes what waits. Where the reader has stopped it may be lost, and what comes later is. */
void log_queue_stop(void);

#endif
