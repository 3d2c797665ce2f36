/* setup: a new connection's session: its settings and its prepared statements, in one pipeline. */
#ifndef STORAGE_POSTGRES_SETUP_H
#define STORAGE_POSTGRES_SETUP_H

#include "base/fault.h"
#include "storage/postgres/connection.h"

/* where changes of the keys are told (keys.c), and endings (revoke.c), both without words: whoever hears it reads the
 * table. The first connection of a store that wants to know listens. Not every engine that speaks Postgres knows this;
 * none needs it. */
#define KEY_HINT_CHANNEL "hydrant_keys"
#define ENDING_HINT_CHANNEL "hydrant_endings"

bool setup_send(struct connection *connection) MUST_USE;
enum setup_progress { SETUP_GOES_ON, SETUP_DONE, SETUP_FAILED };
enum setup_progress setup_receive(struct connection *connection);

#endif
