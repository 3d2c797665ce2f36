/* log: one line for one event, JSON or text, to standard error.
 * Rule: log_begin, log_ fields, log_end; values are escaped, so nothing from outside can make a line of its own. Never
 * a token, secret, cookie, or a person's data: ids only. Lines are cut at LOG_LINE_MAX. A line is one write(2), or,
 * from log_start to log_stop, left to a thread (log_queue.h). A line that can't be written is lost. As text:
 * 2026-11-24T06:01:46.123Z info request client=spa reason="two words". Names and events are literals of ours. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/bytes.h"
#include "base/fault.h"

enum { LOG_LINE_MAX = 4096 };
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_JSON, LOG_TEXT };

struct log_line {
    size_t len;
    bool dropped; /* below the level that is kept */
    bool cut;     /* LOG_LINE_MAX was reached: log_end says so in the line ("cut": true) */
    char at[LOG_LINE_MAX];
};

/* once, before threads start; defaults: info, JSON, standard error */
void log_set(enum log_level level, enum log_format format);
void log_set_fd(int fd); /* for tests, and not between log_start and log_stop */
/* From here on nobody waits for who reads the log. FAULT_FULL: no thread was to be had. */
bool log_start(struct fault *fault) MUST_USE;
/* Writes what waits. Lines after it are one write(2) again, unless the reader has stopped: it waits for him no longer
 * than LOG_QUEUE_END_MS, and they are lost. */
void log_stop(void);
/* {"time":"2026-11-24T06:01:46.123Z","level":"info","event":"request" */
void log_begin(struct log_line *l, enum log_level level, const char *event);
void log_text(struct log_line *l, const char *name, struct bytes value); /* absent: left out */
void log_number(struct log_line *l, const char *name, int64_t value);
void log_end(struct log_line *l);
/* a whole line about a fault: where, kind, what */
void log_fault(enum log_level level, const char *event, const struct fault *fault);
/* a line with one text: for the start and the end of things */
void log_say(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
