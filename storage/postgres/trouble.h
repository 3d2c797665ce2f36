/* trouble: what kind of trouble an SQLSTATE is, for those whose transaction it ended. */
#ifndef STORAGE_POSTGRES_TROUBLE_H
#define STORAGE_POSTGRES_TROUBLE_H

#include <stdbool.h>

enum trouble {
    TROUBLE_RACE,    /* others were in the way: again, with fewer in the transaction */
    TROUBLE_ROW,     /* one of the values: it alone can't be done */
    TROUBLE_TIME,    /* it took too long */
    TROUBLE_SESSION, /* the connection is to a server, or in a state, that is of no use: another one */
    TROUBLE_OTHER,   /* full, forbidden, no such table, ...: nobody's next try would do better */
};
enum trouble trouble_of(const char *sqlstate);
/* did the server hear us and say no, for as long as nobody changes a setting, a password or a right? */
bool trouble_is_refusal(const char *sqlstate);

#endif
