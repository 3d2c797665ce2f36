#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "unit/test.h"

static struct arena a;
static int reading;
static char lines[20000];

/* what was logged since the last call */
static struct bytes logged(void)
{
    ssize_t len = read(reading, lines, sizeof lines);
    return (struct bytes){lines, len < 0 ? 0 : (size_t)len};
}

static const struct json *logged_json(void)
{
    struct bytes line = logged();
    if (bytes_find(line, '\n') != line.len - 1) return NULL;
    return json_parse(&a, line, &(struct json_limits){LOG_LINE_MAX, true}, NULL);
}

static bool says(const struct json *line, const char *name, struct bytes want)
{
    return bytes_present(json_string(json_find(line, name))) && bytes_equal(json_string(json_find(line, name)), want);
}

static int64_t status = -400;

static void log_request(struct bytes reason)
{
    struct log_line l;
    log_begin(&l, LOG_INFO, "request");
    log_text(&l, "client", BYTES("spa"));
    log_text(&l, "trace", BYTES_ABSENT);
    log_text(&l, "reason", reason);
    log_number(&l, "status", status);
    log_end(&l);
}

static void open_pipe(void)
{
    int ends[2];
    if (pipe2(ends, O_NONBLOCK) != 0) abort();
    reading = ends[0];
    log_set_fd(ends[1]);
}

/* fills lines with a value that ends at each place around the limit */
static bool is_whole_at_every_length(const char *unit)
{
    static char value[LOG_LINE_MAX + 100];
    size_t unit_len = strlen(unit);
    status = INT64_MIN;
    for (size_t len = LOG_LINE_MAX - 200; len < LOG_LINE_MAX + 50; len++) {
        memset(value, 'x', len);
        for (size_t at = len % unit_len; at + unit_len <= len; at += unit_len) memcpy(value + at, unit, unit_len);
        log_request((struct bytes){value, len});
        struct bytes line = logged();
        bool whole = line.len <= LOG_LINE_MAX && bytes_find(line, '\n') == line.len - 1;
        const struct json *json = json_parse(&a, line, &(struct json_limits){LOG_LINE_MAX, true}, NULL);
        bool rest = json_find(json, "status") != NULL, cut = json_find(json, "cut") != NULL;
        if (!whole || json == NULL || rest == cut) return false;
        arena_release(&a);
    }
    status = -400;
    return true;
}

/* reads to the end: how many lines there are, and how many are said to be lost */
static struct counted {
    int64_t read, lost;
} counted;
static void *count_lines(void *data)
{
    (void)data;
    char line[LOG_LINE_MAX + 1];
    FILE *in = fdopen(reading, "r");
    while (fgets(line, sizeof line, in) != NULL) {
        const char *at = strstr(line, "\"level\":\"warn\",\"event\":\"log_lines_lost\",\"count\":");
        if (at != NULL)
            counted.lost += strtoll(strrchr(at, ':') + 1, NULL, 10);
        else
            counted.read++;
    }
    return NULL;
}

int main(void)
{
    arena_init(&a, 1 << 20);
    open_pipe();

    TEST("a line is one JSON object with time, level, event and fields; absent fields are left out")
    {
        log_request(BYTES("reused"));
        const struct json *line = logged_json();
        CHECK(says(line, "level", BYTES("info")) && says(line, "event", BYTES("request")));
        CHECK(says(line, "client", BYTES("spa")) && says(line, "reason", BYTES("reused")));
        CHECK(json_string(json_find(line, "time")).len == 24 && json_find(line, "trace") == NULL);
        int64_t number;
        CHECK(json_integer(json_find(line, "status"), -1000, 1000, &number) && number == -400 && line->count == 6);
    }
    TEST("a value from outside can't make a line or a field of its own")
    {
        log_request(BYTES("a\n{\"event\":\"forged\"}\r\"\\\x1b[31m"));
        CHECK(says(logged_json(), "reason", BYTES("a\n{\"event\":\"forged\"}\r\"\\\x1b[31m")));
        log_request(BYTES("\xff\xc2\x9b"));
        struct bytes line = logged();
        CHECK(bytes_contain(line, BYTES("\"\ufffd\\u009b\"")));
    }
    TEST("what is below the level is not written")
    {
        log_say(LOG_DEBUG, "start", "quiet");
        CHECK(logged().len == 0);
        log_set(LOG_WARN, LOG_JSON);
        log_request(BYTES("quiet"));
        CHECK(logged().len == 0);
        log_say(LOG_WARN, "start", "%d workers", 2);
        CHECK(says(logged_json(), "text", BYTES("2 workers")));
        log_set(LOG_DEBUG, LOG_JSON);
        log_say(LOG_DEBUG, "start", "loud");
        CHECK(says(logged_json(), "level", BYTES("debug")));
    }
    TEST("a fault is a line with where, kind and what")
    {
        struct fault fault;
        fault_set(&fault, FAULT_AWAY, "storage: rotate", "no answer");
        log_fault(LOG_ERROR, "storage", &fault);
        const struct json *line = logged_json();
        CHECK(says(line, "where", BYTES("storage: rotate")) && says(line, "kind", BYTES("away")));
        CHECK(says(line, "what", BYTES("no answer")) && says(line, "level", BYTES("error")));
    }
    TEST("a line that is too long is cut, says so, and is JSON still")
    {
        CHECK(is_whole_at_every_length("x") && is_whole_at_every_length("\n"));
        CHECK(is_whole_at_every_length("\u20ac") && is_whole_at_every_length("\x01") &&
              is_whole_at_every_length("\xff"));
    }
    TEST("many fields stop at the limit")
    {
        struct log_line l;
        log_begin(&l, LOG_INFO, "request");
        for (int i = 0; i < 2000; i++) {
            log_number(&l, "n", i);
            log_text(&l, "t", BYTES("v"));
        }
        log_end(&l);
        struct bytes line = logged();
        CHECK(line.len <= LOG_LINE_MAX && line.len > LOG_LINE_MAX - 64 &&
              bytes_end_with(line, BYTES(",\"cut\":true}\n")));
    }
    TEST("once a line is cut nothing is added, however short")
    {
        struct log_line l;
        static char name[LOG_LINE_MAX];
        memset(name, 'n', sizeof name - 1);
        log_begin(&l, LOG_INFO, "request");
        log_text(&l, name, BYTES("v"));
        log_number(&l, "n", 1);
        log_text(&l, "t", BYTES("v"));
        log_end(&l);
        const struct json *line = logged_json();
        CHECK(line->count == 4 && json_find(line, "cut") != NULL);
    }
    TEST("as text a line reads as words; quotes stand where they are needed")
    {
        log_set(LOG_INFO, LOG_TEXT);
        log_request(BYTES("two words"));
        struct bytes line = logged();
        CHECK_BYTES(((struct bytes){line.at + 24, line.len - 24}),
                    BYTES(" info request client=spa reason=\"two words\" status=-400\n"));
        CHECK(line.at[10] == 'T' && line.at[23] == 'Z');
        log_request(BYTES("a\nb"));
        CHECK(bytes_contain(logged(), BYTES(" reason=\"a\\nb\" ")));
        log_request(BYTES("x=1"));
        CHECK(bytes_contain(logged(), BYTES(" reason=\"x=1\" ")));
        log_request(BYTES("\"x"));
        CHECK(bytes_contain(logged(), BYTES(" reason=\"\\\"x\" ")));
        log_request(BYTES(""));
        CHECK(bytes_contain(logged(), BYTES(" reason=\"\" ")));
        log_request(BYTES("\xc3\xbc"));
        CHECK(bytes_contain(logged(), BYTES(" reason=\"\xc3\xbc\" ")));
    }
    TEST("as text a line that is too long is cut too")
    {
        static char value[2 * LOG_LINE_MAX];
        memset(value, 'x', sizeof value);
        log_request((struct bytes){value, sizeof value});
        struct bytes line = logged();
        CHECK(line.len <= LOG_LINE_MAX && bytes_end_with(line, BYTES("x\" cut=true\n")));
    }
    TEST("a log that is full or closed does not stop the work")
    {
        for (int i = 0; i < 200; i++) log_request(BYTES("nobody reads this"));
        int full = 0;
        while (logged().len > 0) full++;
        CHECK(full > 0);
        log_set_fd(-1);
        log_request(BYTES("gone"));
    }
    TEST("behind log_start a thread writes the lines, and behind log_stop they are there")
    {
        struct fault fault;
        log_set(LOG_INFO, LOG_JSON);
        open_pipe();
        CHECK(log_start(&fault));
        log_say(LOG_INFO, "start", "one");
        log_stop();
        CHECK(says(logged_json(), "text", BYTES("one")));
        log_say(LOG_INFO, "start", "two");
        CHECK(says(logged_json(), "text", BYTES("two")));
    }
    TEST("how many lines were lost is a line of its own")
    {
        enum { COUNT = 20000 };
        struct fault fault;
        pthread_t reader;
        int ends[2];
        CHECK(pipe(ends) == 0);
        reading = ends[0];
        log_set_fd(ends[1]);
        CHECK(log_start(&fault));
        for (int i = 0; i < COUNT; i++) log_request(BYTES("nobody reads this for as long as it would take to write"));
        pthread_create(&reader, NULL, count_lines, NULL);
        log_stop();
        log_set_fd(-1);
        close(ends[1]);
        pthread_join(reader, NULL);
        CHECK(counted.lost > 1000 && counted.read > 1000 && counted.lost + counted.read == COUNT);
    }
    arena_release(&a);
    return TEST_END();
}
