/* watchdog: one thread for the process that halts the jq programs which take too long.
 *
 * Rule: watchdog_join before the first arm, watchdog_part after the last: the thread lives between. A watch is armed
 * for one run, by the thread that runs, and disarmed before anything of its jq_state goes. A halted jq_state can be
 * started again. */
#ifndef CLAIMS_WATCHDOG_H
#define CLAIMS_WATCHDOG_H

#include <jq.h>
#include <stdbool.h>
#include <stdint.h>

struct watch {
    struct watch *next;
    jq_state *jq;
    int thread_clock;     /* of the thread that runs */
    int64_t until_cpu_us; /* by that clock: what others do on the machine doesn't count */
    bool halted;
};

void watchdog_join(void);
void watchdog_part(void);
void watchdog_arm(struct watch *watch, jq_state *jq, int64_t ms); /* of processor time */
void watchdog_halt(struct watch *watch);   /* at once, by the thread that runs it */
bool watchdog_disarm(struct watch *watch); /* was it halted? */

#endif
