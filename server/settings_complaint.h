/* settings_complaint: how what is wrong in the settings is told: a line each, with file, line, column and key.
 * Rule: whoever complains goes on as far as it makes sense, so that all is told at once. No secret goes into a format's
 * arguments. */
#ifndef SERVER_SETTINGS_COMPLAINT_H
#define SERVER_SETTINGS_COMPLAINT_H

#include "base/bytes.h"

/* where a value stands; all zero: nowhere (a default, or something that is missing) */
struct place {
    const char *environment; /* the variable's name; NULL: the file */
    unsigned line, column;   /* from 1; 0: unknown */
};

struct complaints {
    void (*tell)(const char *line);
    const char *file; /* NULL: there is none */
    size_t count;
};

/* "hydrant.yml:12:5: serve.public.port: ..." or "environment SERVE_PUBLIC_PORT: serve.public.port: ...". place and key
 * may be NULL. Returns false. */
bool complain(struct complaints *complaints, const struct place *place, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* the same, but nothing that is wrong: not counted */
void complaint_warn(struct complaints *complaints, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
