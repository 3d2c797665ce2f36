#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/log_queue.h"
#include "base/text.h"

/* what log_end writes at most */
#define CUT_JSON ",\"cut\":true}\n"
#define CUT_TEXT " cut=true\n"
enum { END_ROOM = sizeof CUT_JSON };
static_assert(LOG_LINE_MAX <= (int)LOG_QUEUE_LINE_MAX, "a line is one for the queue");

static struct {
    enum log_level level;
    enum log_format format;
    int fd;
} kept = {LOG_INFO, LOG_JSON, STDERR_FILENO};

void log_set(enum log_level level, enum log_format format)
{
    kept.level = level;
    kept.format = format;
}

void log_set_fd(int fd) { kept.fd = fd; }

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG: return "debug";
    case LOG_INFO: return "info";
    case LOG_WARN: return "warn";
    case LOG_ERROR: return "error";
    }
    return "unknown";
}

static size_t room_of(const struct log_line *l) { return LOG_LINE_MAX - END_ROOM - l->len; }

static void put(struct log_line *l, struct bytes b)
{
    memcpy(l->at + l->len, b.at, b.len);
    l->len += b.len;
}

/* a value in quotes, escaped; cut between two characters where the room ends */
static void put_quoted(struct log_line *l, struct bytes value)
{
    char scratch[8];
    put(l, BYTES("\""));
    while (value.len > 0) {
        struct bytes piece = text_take_json_piece(&value, scratch);
        if (piece.len + 1 > room_of(l)) {
            /* only a run of plain ASCII may be cut in two */
            l->cut = true;
            if (piece.at != scratch && (unsigned char)piece.at[0] < 0x80)
                put(l, (struct bytes){piece.at, room_of(l) - 1});
            break;
        }
        put(l, piece);
    }
    put(l, BYTES("\""));
}

/* as text a value that is one plain word needs no quotes */
static bool is_word(struct bytes value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] <= ' ' || value.at[i] > '~' || value.at[i] == '"' || value.at[i] == '=') return false;
    return value.len > 0;
}

/* the name and what stands around it; false when the value has no room behind it */
static bool put_name(struct log_line *l, const char *name)
{
    size_t len = strlen(name);
    if (l->dropped || l->cut) return false;
    l->cut = len + sizeof ",\"\":\"\"" > room_of(l);
    if (l->cut) return false;
    put(l, kept.format == LOG_JSON ? BYTES(",\"") : BYTES(" "));
    put(l, (struct bytes){name, len});
    put(l, kept.format == LOG_JSON ? BYTES("\":") : BYTES("="));
    return true;
}

void log_begin(struct log_line *l, enum log_level level, const char *event)
{
    char time[25];
    l->len = 0;
    l->cut = false;
    l->dropped = level < kept.level;
    if (l->dropped) return;
    clock_write(clock_now_ms(), time);
    bool json = kept.format == LOG_JSON;
    int len = json ? snprintf(l->at, sizeof l->at, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%.100s\"", time,
                              level_name(level), event)
                   : snprintf(l->at, sizeof l->at, "%s %s %.100s", time, level_name(level), event);
    l->len = (size_t)len;
}

void log_text(struct log_line *l, const char *name, struct bytes value)
{
    if (!bytes_present(value) || !put_name(l, name)) return;
    if (kept.format == LOG_TEXT && is_word(value) && value.len <= room_of(l))
        put(l, value);
    else
        put_quoted(l, value);
}

void log_number(struct log_line *l, const char *name, int64_t value)
{
    char room[NUMBER_TEXT_MAX];
    if (l->dropped) return;
    struct bytes digits = number_write(value, room);
    if (room_of(l) < strlen(name) + 8 + digits.len) l->cut = true;
    if (put_name(l, name)) put(l, digits);
}

static void close_line(struct log_line *l)
{
    if (kept.format == LOG_JSON)
        put(l, l->cut ? BYTES(CUT_JSON) : BYTES("}\n"));
    else
        put(l, l->cut ? BYTES(CUT_TEXT) : BYTES("\n"));
}

void log_end(struct log_line *l)
{
    if (l->dropped) return;
    close_line(l);
    if (log_queue_put((struct bytes){l->at, l->len})) return;
    /* a log that is full or gone must not stop the work */
    while (write(kept.fd, l->at, l->len) < 0 && errno == EINTR) continue;
}

static size_t tell_lost(uint64_t lost, char *line)
{
    struct log_line l;
    log_begin(&l, LOG_WARN, "log_lines_lost");
    if (l.dropped) return 0;
    log_number(&l, "count", (int64_t)lost);
    close_line(&l);
    memcpy(line, l.at, l.len);
    return l.len;
}

bool log_start(struct fault *fault) { return log_queue_start(kept.fd, tell_lost, fault); }

void log_stop(void) { log_queue_stop(); }

void log_fault(enum log_level level, const char *event, const struct fault *fault)
{
    struct log_line line;
    log_begin(&line, level, event);
    log_text(&line, "where", bytes_of(fault->where));
    log_text(&line, "kind", bytes_of(fault_kind_name(fault->kind)));
    log_text(&line, "what", bytes_of(fault->what));
    log_end(&line);
}

void log_say(enum log_level level, const char *event, const char *format, ...)
{
    struct log_line line;
    char text[1024];
    va_list args;
    log_begin(&line, level, event);
    if (line.dropped) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_text(&line, "text", bytes_of(text));
    log_end(&line);
}
