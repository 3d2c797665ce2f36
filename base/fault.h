/* fault: why something of ours could not be done. The client's mistakes are not faults: see oauth/error.h (refuse).
 * Rule: who may fail returns bool and fills *fault when false; the caller must look (warn_unused_result). */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

enum fault_kind {
    FAULT_NONE,
    FAULT_REFUSED, /* the request was refused: what stands in the answer is decided already */
    FAULT_AWAY,    /* database or Kratos can't be reached, or answered nonsense: 503 */
    FAULT_LATE,    /* the deadline passed: 503 */
    FAULT_FULL,    /* a queue or a cap is full: 503 */
    FAULT_LEFT,    /* the client left: no answer */
    FAULT_INPUT,   /* a file, setting or argument is wrong: the words say what is right (start-up and commands only) */
    FAULT_BUG,     /* what must not happen: 500 */
};

struct fault {
    enum fault_kind kind;
    char where[48];  /* "storage: rotate" */
    char what[512];  /* for the log or the terminal; never a secret, never personal data */
};

#define MUST_USE __attribute__((warn_unused_result))

/* fills *fault (which may be NULL) and returns false, so that a function can end with: return fault_set(...) */
bool fault_set(struct fault *fault, enum fault_kind kind, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
const char *fault_kind_name(enum fault_kind kind); /* "away", "late", ... for logs */

#endif
