/* process: what the system says of this process. What it doesn't say is 0. */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <stdint.h>

struct process {
    int64_t cpu_us; /* user and system */
    int64_t resident_bytes;
    uint64_t open_fds, max_fds;
};
struct process process_look(void);

#endif
