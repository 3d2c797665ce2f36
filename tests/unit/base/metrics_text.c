#include "base/metrics_inside.h"
#include "base/metrics_text.h"
#include "unit/test.h"

static struct arena arena;

static const char *written(void)
{
    struct text t;
    text_init(&t, &arena, 64 * 1024);
    metrics_write(&t);
    return text_bytes(&t).at;
}

static bool has(const char *page, const char *line)
{
    char searched[512];
    snprintf(searched, sizeof searched, "\n%s\n", line);
    return strstr(page, searched) != NULL;
}

static int count_of(const char *page, const char *what)
{
    int count = 0;
    for (const char *at = page; (at = strstr(at, what)) != NULL; at += strlen(what)) count++;
    return count;
}

static struct bytes put(enum metric metric, const struct bytes *values, double value)
{
    struct text t;
    text_init(&t, &arena, 256);
    metrics_put(&t, metric, values, value);
    return text_bytes(&t);
}

static bool is_name(const char *name)
{
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name) &&
           strchr("0123456789_", *name) == NULL;
}

static bool ends_with(const char *name, const char *end) { return bytes_end_with(bytes_of(name), bytes_of(end)); }

static char described[64 * 1024];

static void put_described(const char *line)
{
    size_t len = strlen(described);
    snprintf(described + len, sizeof described - len, "%s\n", line);
}

int main(void)
{
    arena_init(&arena, 16 * 1024 * 1024);
    TEST("every family that is counted has its HELP and TYPE, once, before its rows, though nothing has happened yet")
    {
        const char *page = written(), *at = page;
        for (size_t i = 0; i < METRIC_COUNT; i++) {
            const struct metric_family *family = &metric_families[i];
            char line[256];
            snprintf(line, sizeof line, "# HELP %s %s\n# TYPE %s ", family->name, family->help, family->name);
            CHECK(count_of(page, line) == (metric_row_width(family) > 0 ? 1 : 0));
            if (metric_row_width(family) == 0) continue;
            CHECK(strstr(at, line) != NULL);
            at = strstr(at, line);
        }
        CHECK(has(page, "# TYPE hydrant_refreshes_total counter") &&
              has(page, "# TYPE hydrant_connections_open gauge") &&
              has(page, "# TYPE hydrant_storage_batch_size histogram"));
    }
    TEST("names are Prometheus': small letters, counters end in _total, times in _seconds, and help is one line")
    {
        for (size_t i = 0; i < METRIC_COUNT; i++) {
            const struct metric_family *family = &metric_families[i];
            bool counts = family->kind == METRIC_KIND_COUNTER || family->kind == METRIC_KIND_READING_TOTAL;
            CHECK(is_name(family->name) && ends_with(family->name, "_total") == counts);
            if (family->kind == METRIC_KIND_WAITS || family->kind == METRIC_KIND_WORKS)
                CHECK(ends_with(family->name, "_seconds"));
            CHECK(strpbrk(family->help, "\n\\|") == NULL && ends_with(family->help, "."));
        }
        for (size_t i = 0; i < METRIC_LABEL_COUNT; i++) CHECK(is_name(metric_labels[i].name));
    }
    TEST("a family of fixed words shows all of them from the beginning, with zeros")
    {
        const char *page = written();
        CHECK(has(page, "hydrant_refreshes_total{outcome=\"rotated\"} 0"));
        CHECK(has(page, "hydrant_exchanges_total{subject_token_type=\"own_cookie\",outcome=\"failed\"} 0"));
        CHECK(has(page, "hydrant_lockouts_total 0"));
    }
    TEST("of named ones and of histograms only what has happened is shown")
    {
        unsigned token = metric_name(LABEL_ENDPOINT, BYTES("token"));
        CHECK(strstr(written(), "hydrant_requests_total{") == NULL && strstr(written(), "_bucket") == NULL);
        metric_count(METRIC_REQUESTS, LISTENER_PUBLIC, token, METHOD_WORD_POST, STATUS_200);
        metric_count(METRIC_REQUESTS, LISTENER_ADMIN, 0, METHOD_WORD_OTHER, STATUS_405);
        const char *page = written();
        CHECK(has(page,
                  "hydrant_requests_total{listener=\"public\",endpoint=\"token\",method=\"POST\",status=\"200\"} 1"));
        CHECK(has(page, "hydrant_requests_total{listener=\"admin\",endpoint=\"-\",method=\"other\",status=\"405\"} 1"));
        CHECK(count_of(page, "hydrant_requests_total{") == 2);
    }
    TEST("a histogram of time is told in microseconds and shown in seconds: buckets add up to the count")
    {
        metric_observe(METRIC_STORAGE_WAIT, 500, STORAGE_ROTATE);
        metric_observe(METRIC_STORAGE_WAIT, 501, STORAGE_ROTATE);
        metric_observe(METRIC_STORAGE_WAIT, 20000, STORAGE_ROTATE);
        metric_observe(METRIC_STORAGE_WAIT, 7000001, STORAGE_ROTATE);
        metric_observe(METRIC_STORAGE_WAIT, -1, STORAGE_ROTATE);
        const char *page = written();
        CHECK(has(page, "hydrant_storage_wait_seconds_bucket{verb=\"rotate\",le=\"0.0005\"} 2\n"
                        "hydrant_storage_wait_seconds_bucket{verb=\"rotate\",le=\"0.001\"} 3\n"
                        "hydrant_storage_wait_seconds_bucket{verb=\"rotate\",le=\"0.0025\"} 3\n"
                        "hydrant_storage_wait_seconds_bucket{verb=\"rotate\",le=\"0.005\"} 3\n"
                        "hydrant_storage_wait_seconds_bucket{verb=\"rotate\",le=\"0.01\"} 3\n"
                        "hydrant_storage_wait_seconds_bucket{verb=\"rotate\",le=\"0.025\"} 4\n"
                        "hydrant_storage_wait_seconds_bucket{verb=\"rotate\",le=\"0.05\"} 4"));
        CHECK(has(page, "hydrant_storage_wait_seconds_bucket{verb=\"rotate\",le=\"5\"} 4\n"
                        "hydrant_storage_wait_seconds_bucket{verb=\"rotate\",le=\"+Inf\"} 5\n"
                        "hydrant_storage_wait_seconds_sum{verb=\"rotate\"} 7.021002\n"
                        "hydrant_storage_wait_seconds_count{verb=\"rotate\"} 5"));
        CHECK(count_of(page, "hydrant_storage_wait_seconds_count") == 1);
    }
    TEST("a histogram of sizes is shown as it is told")
    {
        metric_observe(METRIC_STORAGE_BATCH_SIZE, 3);
        CHECK(has(written(), "hydrant_storage_batch_size_bucket{le=\"2\"} 0\n"
                             "hydrant_storage_batch_size_bucket{le=\"4\"} 1\n"
                             "hydrant_storage_batch_size_bucket{le=\"8\"} 1"));
        CHECK(has(written(), "hydrant_storage_batch_size_sum 3\nhydrant_storage_batch_size_count 1"));
    }
    TEST("a level that is seen below zero for a moment is zero")
    {
        metric_add(METRIC_STORAGE_QUEUE, -2);
        CHECK(has(written(), "hydrant_storage_queue_length 0"));
        metric_add(METRIC_STORAGE_QUEUE, 3);
        CHECK(has(written(), "hydrant_storage_queue_length 1"));
    }
    TEST("a value is escaped; what isn't plain ASCII can't break a line or a character")
    {
        const struct bytes values[] = {BYTES("a\"b\\c\nd\xff\x01"), BYTES("ES256"), BYTES("active")};
        CHECK_BYTES(
            put(METRIC_KEY_AGE, values, 1.5),
            BYTES("hydrant_key_age_seconds{kid=\"a\\\"b\\\\c\\nd??\",algorithm=\"ES256\",state=\"active\"} 1.5\n"));
    }
    TEST("a reading is shown as it is: whole, with a fraction, large")
    {
        CHECK_BYTES(put(METRIC_PROCESS_OPEN_FDS, NULL, 12), BYTES("process_open_fds 12\n"));
        CHECK_BYTES(put(METRIC_PROCESS_START, NULL, 1764000000.125),
                    BYTES("process_start_time_seconds 1764000000.125\n"));
        CHECK_BYTES(put(METRIC_PROCESS_MEMORY, NULL, 123456789012.0),
                    BYTES("process_resident_memory_bytes 123456789012\n"));
    }
    TEST("people are told every family, with the values of its labels")
    {
        metrics_describe(put_described, true);
        for (size_t i = 0; i < METRIC_COUNT; i++) CHECK(strstr(described, metric_families[i].help) != NULL);
        CHECK(count_of(described, "\n") == METRIC_COUNT);
        CHECK(strstr(described, "| `hydrant_lockouts_total` | counter |  | Times that") != NULL);
        CHECK(strstr(described, "| `by`: `grant` `session` `subject` `client`; `because`: `other` ") != NULL);
        CHECK(strstr(described, "| `endpoint`: as `endpoint` in the log | From") != NULL);
        described[0] = 0;
        metrics_describe(put_described, false);
        CHECK(strstr(described, "hydrant_lockouts_total (counter)  Times that") != NULL);
    }
    arena_release(&arena);
    return TEST_END();
}
