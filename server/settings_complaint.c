#include "server/settings_complaint.h"

#include <stdarg.h>
#include <stdio.h>

struct line {
    char at[1024];
    size_t len;
};

static void put_args(struct line *line, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void put_args(struct line *line, const char *format, va_list args)
{
    int wanted = vsnprintf(line->at + line->len, sizeof line->at - line->len, format, args);
    line->len += wanted < 0 ? 0 : (size_t)wanted;
    if (line->len > sizeof line->at - 1) line->len = sizeof line->at - 1;
}

static void put(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_args(line, format, args);
    va_end(args);
}

/* what the file holds is quoted: it must not steer a terminal, nor make a line of its own */
static void tell(const struct complaints *complaints, struct line *line)
{
    for (size_t i = 0; i < line->len; i++)
        if ((unsigned char)line->at[i] < 0x20 || line->at[i] == 0x7f) line->at[i] = ' ';
    complaints->tell(line->at);
}

static void put_place(struct line *line, const struct complaints *complaints, const struct place *place)
{
    if (place != NULL && place->environment != NULL) {
        put(line, "environment %s: ", place->environment);
        return;
    }
    put(line, "%s", complaints->file == NULL ? "settings" : complaints->file);
    if (place != NULL && place->line > 0) put(line, ":%u:%u", place->line, place->column);
    put(line, ": ");
}

bool complain(struct complaints *complaints, const struct place *place, const char *key, const char *format, ...)
{
    struct line line = {.len = 0};
    va_list args;
    put_place(&line, complaints, place);
    if (key != NULL && *key != 0) put(&line, "%s: ", key);
    va_start(args, format);
    put_args(&line, format, args);
    va_end(args);
    tell(complaints, &line);
    complaints->count++;
    return false;
}

void complaint_warn(struct complaints *complaints, const char *format, ...)
{
    struct line line = {.len = 0};
    va_list args;
    put_place(&line, complaints, NULL);
    put(&line, "warning: ");
    va_start(args, format);
    put_args(&line, format, args);
    va_end(args);
    tell(complaints, &line);
}
