#include "server/process.h"

#include <fcntl.h>
#include <unistd.h>

#include "unit/test.h"

static void work(void)
{
    volatile unsigned long sum = 0;
    for (unsigned long i = 0; i < 50UL * 1000 * 1000; i++) sum = sum + i;
}

int main(void)
{
    TEST("an open descriptor is one more, and a closed one one less")
    {
        uint64_t before = process_look().open_fds;
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        CHECK(fd >= 0 && process_look().open_fds == before + 1);
        close(fd);
        CHECK(process_look().open_fds == before && process_look().max_fds > before);
    }
    TEST("work takes processor time, and memory is more than nothing")
    {
        int64_t before = process_look().cpu_us;
        work();
        CHECK(process_look().cpu_us > before);
        CHECK(process_look().resident_bytes > 100 * 1024);
    }
    return TEST_END();
}
