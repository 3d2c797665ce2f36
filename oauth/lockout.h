/* lockout: who gives too many wrong secrets waits (RFC 6749 2.3.1: protection against guessing).
 * LOCKOUT_FAILURES_MAX failures within a minute for one client from one network (/24 or /64) close that pair for the rest of the minute: a stranger elsewhere can't lock a client out.
 * Rule: one for the process, locked inside. It counts at most LOCKOUT_PAIRS_MAX pairs; of those that share a set of eight the one that began first makes room. */
#ifndef OAUTH_LOCKOUT_H
#define OAUTH_LOCKOUT_H

#include "base/bytes.h"

enum { LOCKOUT_FAILURES_MAX = 10, LOCKOUT_WINDOW_MS = 60 * 1000, LOCKOUT_PAIRS_MAX = 8192 };

struct lockout;
struct lockout *lockout_create(void);
void lockout_destroy(struct lockout *lockout);
/* seconds until this pair is heard again; 0: now */
int lockout_wait_s(struct lockout *lockout, struct bytes client_id, struct bytes peer_ip);
/* counts a failure; true when it closed the pair (for the log: client_locked) */
bool lockout_count(struct lockout *lockout, struct bytes client_id, struct bytes peer_ip);

#endif
