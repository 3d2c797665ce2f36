#include "storage/postgres/trouble.h"

#include <stddef.h>
#include <string.h>

enum trouble trouble_of(const char *sqlstate)
{
    /* a code, or with fewer characters its class; the first that fits */
    static const struct {
        const char *begin;
        enum trouble trouble;
    } troubles[] = {
        {"40003", TROUBLE_SESSION}, /* statement_completion_unknown */
        {"40", TROUBLE_RACE},       /* serialization_failure, deadlock_detected, ... */
        {"55P03", TROUBLE_RACE},    /* lock_not_available: lock_timeout */
        {"22", TROUBLE_ROW},        /* data exceptions: text that isn't JSON or UTF-8, numbers out of range */
        {"23", TROUBLE_ROW},        /* integrity constraints */
        {"54", TROUBLE_ROW},        /* program limits: a name too long for its index */
        {"57014", TROUBLE_TIME},    /* query_canceled: statement_timeout */
        {"57", TROUBLE_SESSION},    /* shut down, crashed, can't connect now */
        {"08", TROUBLE_SESSION},    /* connection exceptions */
        {"25006", TROUBLE_SESSION}, /* read_only_sql_transaction: it is a standby by now */
        {"25P0", TROUBLE_SESSION},  /* idle in transaction for too long */
        {"26", TROUBLE_SESSION},    /* no such prepared statement: a pooler gave us another session */
        {"42P05", TROUBLE_SESSION}, /* that prepared statement exists already: the same */
        {"0A000", TROUBLE_SESSION}, /* a plan that a migration made invalid */
    };
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++)
        if (strncmp(sqlstate, troubles[i].begin, strlen(troubles[i].begin)) == 0) return troubles[i].trouble;
    return TROUBLE_OTHER;
}

bool trouble_is_refusal(const char *sqlstate)
{
    static const char *const refusals[] = {
        "28",    /* who we are: no such role, a wrong password, no line in pg_hba.conf */
        "3D000", /* no such database */
        "42501", /* insufficient_privilege */
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strncmp(sqlstate, refusals[i], strlen(refusals[i])) == 0) return true;
    return false;
}
