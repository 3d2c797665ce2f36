#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>

bool fault_set(struct fault *fault, enum fault_kind kind, const char *where, const char *format, ...)
{
    if (fault == NULL) return false;
    va_list args;
    fault->kind = kind;
    snprintf(fault->where, sizeof fault->where, "%s", where);
    va_start(args, format);
    vsnprintf(fault->what, sizeof fault->what, format, args);
    va_end(args);
    return false;
}

const char *fault_kind_name(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_NONE: return "none";
    case FAULT_REFUSED: return "refused";
    case FAULT_AWAY: return "away";
    case FAULT_LATE: return "late";
    case FAULT_FULL: return "full";
    case FAULT_LEFT: return "left";
    case FAULT_INPUT: return "input";
    case FAULT_BUG: return "bug";
    }
    return "unknown";
}
