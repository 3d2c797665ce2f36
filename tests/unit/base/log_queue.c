#include "base/log_queue.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics_text.h"
#include "unit/test.h"

enum { THREADS = 4, LINES_EACH = 5000, MANY = 20000 };

static struct fault fault;
static uint64_t told;

static size_t tell_lost(uint64_t lost, char *line)
{
    told += lost;
    return (size_t)sprintf(line, "some were lost\n");
}

static bool put_numbered(unsigned who, unsigned number)
{
    char line[300];
    int len = snprintf(line, sizeof line, "%u %06u %0*u\n", who, number, 40 + (int)(number % 200), 0);
    return log_queue_put((struct bytes){line, (size_t)len});
}

static void *put_many(void *data)
{
    for (unsigned i = 0; i < LINES_EACH; i++) put_numbered(*(unsigned *)data, i);
    return NULL;
}

/* every line that is read must be whole; counts them, and those of each thread must come in order */
static unsigned check_lines(FILE *in)
{
    char line[400];
    unsigned next[THREADS] = {0}, count = 0, who, number;
    while (fgets(line, sizeof line, in) != NULL) {
        if (strcmp(line, "some were lost\n") == 0) continue;
        bool whole = sscanf(line, "%u %6u", &who, &number) == 2 && who < THREADS && number >= next[who];
        if (!whole || strlen(line) != 10 + 40 + number % 200) return 0;
        next[who] = number + 1;
        count++;
    }
    return count;
}

/* lines counted as lost, of all queues so far */
static bool metric_is(uint64_t lost)
{
    struct arena arena;
    struct text t;
    char want[64];
    arena_init(&arena, SIZE_MAX);
    text_init(&t, &arena, 64 * 1024);
    metrics_write(&t);
    snprintf(want, sizeof want, "\nhydrant_log_lines_lost_total %u\n", (unsigned)lost);
    bool is = bytes_contain(text_bytes(&t), bytes_of(want));
    arena_release(&arena);
    return is;
}

static void *reading(void *data)
{
    static unsigned count;
    count = check_lines(fdopen(*(int *)data, "r"));
    return &count;
}

static void test_order(void)
{
    TEST("without a thread a line is the caller's to write") CHECK(!put_numbered(0, 0));
    TEST("lines of many threads come whole, and each thread's in order")
    {
        pthread_t threads[THREADS];
        unsigned who[THREADS];
        int file = memfd_create("log", 0);
        CHECK(log_queue_start(file, tell_lost, &fault));
        for (unsigned i = 0; i < THREADS; i++) {
            who[i] = i;
            pthread_create(&threads[i], NULL, put_many, &who[i]);
        }
        for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        log_queue_stop();
        lseek(file, 0, SEEK_SET);
        FILE *in = fdopen(file, "r");
        unsigned count = check_lines(in);
        CHECK(count > 0 && count + told == THREADS * LINES_EACH);
        fclose(in);
    }
    TEST("a line is written while the queue runs, soon, and whatever the steady clock says")
    {
        int ends[2];
        char line[400];
        CHECK(pipe(ends) == 0 && log_queue_start(ends[1], tell_lost, &fault));
        clock_set_steady_skew_ms(3600 * 1000);
        for (unsigned i = 0; i < 3; i++) {
            put_numbered(0, i);
            CHECK(poll(&(struct pollfd){.fd = ends[0], .events = POLLIN}, 1, 5000) == 1);
            CHECK(read(ends[0], line, sizeof line) == 10 + 40 + i);
        }
        log_queue_stop();
        close(ends[0]);
        close(ends[1]);
    }
    TEST("what is written at once is whole lines, and not more than no other process can tear")
    {
        int ends[2];
        char packet[2 * PIPE_BUF];
        unsigned lines = 0, packets = 0;
        CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0 && log_queue_start(ends[1], tell_lost, &fault));
        for (unsigned i = 0; i < 100; i++) put_numbered(0, i);
        log_queue_stop();
        close(ends[1]);
        for (ssize_t len; (len = read(ends[0], packet, sizeof packet)) > 0; packets++) {
            CHECK(len <= PIPE_BUF && packet[len - 1] == '\n');
            for (ssize_t i = 0; i < len; i++) lines += packet[i] == '\n';
        }
        CHECK(lines == 100 && packets < 20);
        close(ends[0]);
    }
}

static void test_trouble(void)
{
    TEST("who logs does not wait for the reader; what has no room is lost, counted, and told of when there is room")
    {
        int ends[2];
        void *count;
        pthread_t reader;
        uint64_t before = told;
        told = 0;
        CHECK(pipe(ends) == 0 && log_queue_start(ends[1], tell_lost, &fault));
        for (unsigned i = 0; i < MANY; i++) CHECK(put_numbered(0, i));
        pthread_create(&reader, NULL, reading, &ends[0]);
        log_queue_stop();
        close(ends[1]);
        pthread_join(reader, &count);
        CHECK(told > 0 && *(unsigned *)count > 0 && *(unsigned *)count + told == MANY);
        CHECK(metric_is(before + told));
    }
    TEST("a log that can't be written to loses its lines, and ends")
    {
        int ends[2];
        told = 0;
        CHECK(pipe(ends) == 0 && close(ends[0]) == 0 && log_queue_start(ends[1], tell_lost, &fault));
        for (unsigned i = 0; i < 100; i++) CHECK(put_numbered(0, i));
        log_queue_stop();
        CHECK(told == 0 && !put_numbered(0, 0));
        close(ends[1]);
    }
    TEST("a line that was written in part is ended before the next, and no line is counted that is there")
    {
        char page[8192];
        struct rlimit limit, before;
        int file = memfd_create("log", 0);
        told = 0;
        getrlimit(RLIMIT_FSIZE, &before);
        limit = before;
        limit.rlim_cur = 1000; /* in the middle of a line */
        setrlimit(RLIMIT_FSIZE, &limit);
        CHECK(log_queue_start(file, tell_lost, &fault));
        for (unsigned i = 0; i < 20; i++) CHECK(put_numbered(0, i));
        while (lseek(file, 0, SEEK_END) < 1000) usleep(1000);
        usleep(50 * 1000);
        setrlimit(RLIMIT_FSIZE, &before);
        for (unsigned i = 20; i < 23; i++) CHECK(put_numbered(0, i));
        log_queue_stop();
        lseek(file, 0, SEEK_SET);
        struct bytes written = {page, (size_t)read(file, page, sizeof page)};
        unsigned whole = 0, torn = 0;
        for (struct bytes line; bytes_take_word(&written, '\n', &line);) {
            if (bytes_equal(line, BYTES("some were lost"))) continue;
            bool is_whole = line.len == 9 + 40 + strtoul(line.at + 2, NULL, 10);
            whole += is_whole;
            torn += !is_whole;
        }
        CHECK(torn == 1 && whole + told == 23);
        close(file);
    }
    TEST("what doesn't block is written whole, as far as somebody reads")
    {
        int ends[2];
        void *count;
        pthread_t reader;
        CHECK(pipe(ends) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
        CHECK(log_queue_start(ends[1], tell_lost, &fault));
        for (unsigned i = 0; i < 2000; i++) put_numbered(0, i);
        pthread_create(&reader, NULL, reading, &ends[0]);
        log_queue_stop();
        close(ends[1]);
        pthread_join(reader, &count);
        CHECK(*(unsigned *)count == 2000);
    }
    TEST("an end does not wait for a reader who has stopped, and who logs then doesn't either")
    {
        int ends[2];
        CHECK(pipe(ends) == 0 && log_queue_start(ends[1], tell_lost, &fault));
        for (unsigned i = 0; i < 2000; i++) put_numbered(0, i);
        log_queue_stop();
        CHECK(put_numbered(0, 0));
        log_queue_stop();
    }
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    test_order();
    test_trouble();
    return TEST_END();
}
