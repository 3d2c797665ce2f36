#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/metrics_inside.h"
#include "unit/test.h"

enum { THREADS = 6, ROUNDS = 20000 };

/* ---- blocks are seen to be taken ---- */

static atomic_int block_count;
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    atomic_fetch_add(&block_count, 1);
    return __real_aligned_alloc(alignment, size);
}

static uint64_t sum(enum metric metric, size_t row, size_t cell)
{
    metrics_lock();
    uint64_t got = metric_sum(metric, row, cell);
    metrics_unlock();
    return got;
}

static void *count_much(void *data)
{
    (void)data;
    for (int i = 0; i < ROUNDS; i++) {
        metric_count(METRIC_REFRESHES, REFRESH_ROTATED);
        metric_count(METRIC_EXCHANGES, SUBJECT_COOKIE, EXCHANGE_STEP_UP);
        metric_add(METRIC_STORAGE_QUEUE, 3);
        metric_add(METRIC_STORAGE_QUEUE, -2);
        metric_observe(METRIC_STORAGE_BATCH_SIZE, i % 300);
    }
    return NULL;
}

static void *count_once(void *data)
{
    (void)data;
    metric_count(METRIC_LOCKOUTS);
    return NULL;
}

static void *take_away(void *data)
{
    metric_add(METRIC_CONNECTIONS_OPEN, -*(int *)data, LISTENER_ADMIN);
    return NULL;
}

static void run(void *(*work)(void *data), void *data)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, work, data) == 0);
    pthread_join(thread, NULL);
}

/* reads until the threads have ended: a total that was seen is never undercut */
static bool never_falls(const pthread_t *threads)
{
    uint64_t seen = 0, now = 0;
    bool fell = false;
    while (now < (uint64_t)THREADS * ROUNDS) {
        now = sum(METRIC_REFRESHES, REFRESH_ROTATED, 0);
        fell = fell || now < seen;
        seen = now;
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    return !fell;
}

static bool aborts(const struct metric_row *row)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        fclose(stderr);
        metric_add_to(row, 1);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
}

static struct bytes kid(int number)
{
    static char name[16];
    snprintf(name, sizeof name, "kid-%d", number);
    return bytes_of(name);
}

/* the row of signatures: kid, algorithm */
static size_t signatures_row(unsigned place, enum metric_algorithm algorithm)
{
    return place * metric_labels[LABEL_ALGORITHM].value_count + algorithm;
}

static uint64_t all_signatures(void)
{
    uint64_t total = 0;
    for (size_t row = 0; row < metric_row_count(&metric_families[METRIC_SIGNATURES]); row++)
        total += sum(METRIC_SIGNATURES, row, 0);
    return total;
}

int main(void)
{
    TEST("what many threads count while somebody reads never falls, and is all there in the end")
    {
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, count_much, NULL) == 0);
        CHECK(never_falls(threads));
        CHECK(sum(METRIC_REFRESHES, REFRESH_ROTATED, 0) == (uint64_t)THREADS * ROUNDS);
        CHECK(sum(METRIC_REFRESHES, REFRESH_RETRIED, 0) == 0);
        size_t row = SUBJECT_COOKIE * metric_labels[LABEL_EXCHANGE].value_count + EXCHANGE_STEP_UP;
        CHECK(sum(METRIC_EXCHANGES, row, 0) == (uint64_t)THREADS * ROUNDS);
        CHECK(sum(METRIC_STORAGE_QUEUE, 0, 0) == (uint64_t)THREADS * ROUNDS);
    }
    TEST("a value is counted in the bucket whose bound it doesn't exceed, and in the sum")
    {
        uint64_t expected_sum = 0, in_first = 0, in_last = 0, in_open = 0;
        for (int i = 0; i < ROUNDS; i++) {
            expected_sum += (uint64_t)(i % 300);
            in_first += i % 300 <= 1;
            in_last += i % 300 > 128 && i % 300 <= 256;
            in_open += i % 300 > 256;
        }
        struct metric_buckets buckets = metric_buckets_of(&metric_families[METRIC_STORAGE_BATCH_SIZE]);
        CHECK(sum(METRIC_STORAGE_BATCH_SIZE, 0, 0) == THREADS * in_first);
        CHECK(sum(METRIC_STORAGE_BATCH_SIZE, 0, buckets.count - 1) == THREADS * in_last);
        CHECK(sum(METRIC_STORAGE_BATCH_SIZE, 0, buckets.count) == THREADS * in_open);
        CHECK(sum(METRIC_STORAGE_BATCH_SIZE, 0, buckets.count + 1) == THREADS * expected_sum);
    }
    TEST("the block of a thread that has ended is another's then: short threads take no memory, and nothing is lost")
    {
        int before = atomic_load(&block_count);
        CHECK(before >= 1); /* how many there were at once is the machine's affair */
        for (int i = 0; i < 200; i++) run(count_once, NULL);
        CHECK(atomic_load(&block_count) == before);
        CHECK(sum(METRIC_LOCKOUTS, 0, 0) == 200);
    }
    TEST("a level that goes up on one thread may go down on another")
    {
        metric_add(METRIC_CONNECTIONS_OPEN, 5, LISTENER_ADMIN);
        run(take_away, &(int){3});
        CHECK(sum(METRIC_CONNECTIONS_OPEN, LISTENER_ADMIN, 0) == 2);
        CHECK(sum(METRIC_CONNECTIONS_OPEN, LISTENER_PUBLIC, 0) == 0);
    }
    TEST("a label too few, a label too many, and a value that a label hasn't got end the program")
    {
        CHECK(aborts(METRIC_ROW(METRIC_REFRESHES)));
        CHECK(aborts(METRIC_ROW(METRIC_REFRESHES, 0, 0)));
        CHECK(aborts(METRIC_ROW(METRIC_REFRESHES, (unsigned)metric_labels[LABEL_REFRESH].value_count)));
        CHECK(aborts(METRIC_ROW(METRIC_STORAGE_WAIT, STORAGE_ROTATE)));
        CHECK(!aborts(METRIC_ROW(METRIC_REFRESHES, REFRESH_HELD)));
    }
    TEST("a name has one place; what is too long has the first, with those that were forgotten")
    {
        char long_name[METRIC_WORD_MAX + 1];
        memset(long_name, 'x', sizeof long_name);
        unsigned a = metric_name(LABEL_ENDPOINT, BYTES("a")), b = metric_name(LABEL_ENDPOINT, BYTES("b"));
        CHECK(a != 0 && b != 0 && a != b);
        CHECK(metric_name(LABEL_ENDPOINT, BYTES("a")) == a && metric_name(LABEL_ENDPOINT, BYTES("b")) == b);
        CHECK(metric_name(LABEL_ENDPOINT, BYTES("-")) == 0);
        CHECK(metric_name(LABEL_ENDPOINT, (struct bytes){long_name, sizeof long_name}) == 0);
        CHECK(metric_name(LABEL_ENDPOINT, (struct bytes){long_name, METRIC_WORD_MAX}) != 0);
        CHECK(metric_name(LABEL_ENDPOINT, BYTES("")) == 0);
    }
    TEST("where all places are taken the one asked for longest ago is forgotten, and the total stays")
    {
        unsigned places = (unsigned)metric_labels[LABEL_KID].value_count - 1, first = metric_name(LABEL_KID, kid(0));
        for (unsigned i = 0; i < places; i++)
            metric_add(METRIC_SIGNATURES, 10 + i, metric_name(LABEL_KID, kid((int)i)), ALGORITHM_ES256);
        unsigned second = metric_name(LABEL_KID, kid(1));
        uint64_t before = all_signatures();
        CHECK(metric_name(LABEL_KID, kid(0)) == first); /* asked for again: now kid-2 is the oldest */
        CHECK(metric_name(LABEL_KID, kid(1)) == second);
        unsigned third = metric_name(LABEL_KID, kid(99));
        metrics_lock();
        CHECK_BYTES(bytes_of(metric_word(LABEL_KID, third)), BYTES("kid-99"));
        metrics_unlock();
        CHECK(sum(METRIC_SIGNATURES, signatures_row(third, ALGORITHM_ES256), 0) == 0);
        CHECK(sum(METRIC_SIGNATURES, signatures_row(0, ALGORITHM_ES256), 0) == 12);
        CHECK(sum(METRIC_SIGNATURES, signatures_row(0, ALGORITHM_RS256), 0) == 0);
        CHECK(sum(METRIC_SIGNATURES, signatures_row(first, ALGORITHM_ES256), 0) == 10);
        CHECK(all_signatures() == before);
        metric_count(METRIC_SIGNATURES, third, ALGORITHM_RS256);
        CHECK(sum(METRIC_SIGNATURES, signatures_row(third, ALGORITHM_RS256), 0) == 1);
        CHECK(all_signatures() == before + 1);
    }
    return TEST_END();
}
