#include "oauth/key_view.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/log.h"
#include "unit/keys/fixture.h"
#include "unit/test.h"

static const enum key_algorithm only[] = {KEY_ES256};
static const struct key_times times = {
    .rotate_every_ms = 30LL * DAY_MS, .publish_before_ms = DAY_MS, .keep_after_ms = DAY_MS};
static struct system_secrets secrets;
static struct key_rules rules = {
    .algorithms = only, .algorithm_count = 1, .times = &times, .making = {&secrets, RSA_BITS_MIN}};
static struct arena arena;
static struct fault fault;
static int lines_fd;
static char lines[64 * 1024];

/* what was logged since the last call */
static const char *logged(void)
{
    ssize_t len = read(lines_fd, lines, sizeof lines - 1);
    lines[len < 0 ? 0 : len] = 0;
    return lines;
}

static bool says(const char *text, const char *event, struct bytes kid)
{
    char begin[64];
    snprintf(begin, sizeof begin, "\"event\":\"%s\"", event);
    const char *at = strstr(text, begin);
    if (at == NULL) return false;
    struct bytes line = {at, strcspn(at, "\n")};
    return bytes_contain(line, kid);
}

static struct key_reading read_at(const struct key_material *rows, size_t count, int64_t now, int64_t asked_us)
{
    return (struct key_reading){.rows = rows, .count = count, .now = now, .asked_steady_us = asked_us};
}

/* as key_work.c does it */
static bool put_reading(struct key_view *view, const struct key_reading *reading)
{
    if (key_view_confirm(view, &rules, reading)) return true;
    struct keyring *ring = key_view_open(view, &rules, reading, &fault);
    if (ring != NULL) key_view_replace(view, &rules, reading, ring);
    return ring != NULL;
}

static bool put(struct key_view *view, const struct key_material *rows, size_t count, int64_t now)
{
    const struct key_reading reading = read_at(rows, count, now, clock_steady_us());
    return put_reading(view, &reading);
}

static void check_seats(struct key_material first, struct key_material second)
{
    struct key_view *view = key_view_create();
    struct key_seat a, b;
    int64_t now = clock_now_ms();
    CHECK(put(view, &first, 1, now));
    key_seat_init(&a, view);
    key_seat_init(&b, view);
    struct keyring *ring = key_seat_ring(&a);
    CHECK(key_seat_ring(&a) == ring && key_seat_ring(&b) == ring);
    CHECK(put(view, &first, 1, now) && key_seat_ring(&a) == ring);
    struct key_material both[] = {first, second};
    CHECK(put(view, both, 2, now) && key_seat_ring(&a) != ring);
    CHECK(key_seat_ring(&a) == key_seat_ring(&b));
    key_seat_release(&a);
    key_seat_release(&b);
    key_view_destroy(view);
}

static void check_order(struct key_material first, struct key_material second)
{
    struct key_view *view = key_view_create();
    struct key_seat seat;
    int64_t now = clock_now_ms(), asked_us = clock_steady_us();
    struct key_material both[] = {first, second};
    struct key_reading early = read_at(both, 2, now, asked_us), late = read_at(&first, 1, now, asked_us + 1);
    CHECK(put_reading(view, &late));
    key_seat_init(&seat, view);
    struct keyring *ring = key_seat_ring(&seat);
    CHECK(put_reading(view, &early) && key_seat_ring(&seat) == ring);
    early.asked_steady_us = asked_us + 2;
    CHECK(put_reading(view, &early) && key_seat_ring(&seat) != ring);
    key_seat_release(&seat);
    key_view_destroy(view);
}

/* two readings at once, on two threads: the earlier one is the slower */
static void check_late_comer(struct key_material first, struct key_material second)
{
    struct key_view *view = key_view_create();
    struct key_seat seat;
    int64_t now = clock_now_ms(), asked_us = clock_steady_us();
    struct key_material both[] = {first, second};
    struct key_reading early = read_at(both, 2, now, asked_us - 2000000), late = read_at(&first, 1, now, asked_us);
    CHECK(put_reading(view, &late));
    key_seat_init(&seat, view);
    struct keyring *ring = key_seat_ring(&seat);
    key_view_replace(view, &rules, &early, key_view_open(view, &rules, &early, &fault));
    CHECK(key_seat_ring(&seat) == ring);
    early = read_at(&first, 1, now, asked_us - 2000000);
    CHECK(key_view_confirm(view, &rules, &early) && keyring_age_ms(ring) < 1500);
    key_seat_release(&seat);
    key_view_destroy(view);
}

static void check_age(struct key_material key)
{
    struct key_view *view = key_view_create();
    struct key_seat seat;
    CHECK(put(view, &key, 1, clock_now_ms()));
    key_seat_init(&seat, view);
    clock_set_steady_skew_ms(KEYS_VIEW_MAX_MS + 1000);
    CHECK(!keyring_can_sign(key_seat_ring(&seat), KEY_ES256));
    CHECK(put(view, &key, 1, clock_now_ms() + KEYS_VIEW_MAX_MS + 1000) &&
          keyring_can_sign(key_seat_ring(&seat), KEY_ES256));
    key_seat_release(&seat);
    key_view_destroy(view);
}

static size_t count_of(const char *text, const char *event)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, event)) != NULL; at++) count++;
    return count;
}

static void check_start(struct key_material first, struct key_material second)
{
    struct key_view *view = key_view_create();
    second.sealed_private = BYTES("\1\2");
    struct key_material both[] = {first, second};
    CHECK(!put(view, both, 2, clock_now_ms()) && fault.kind == FAULT_INPUT);
    CHECK(bytes_contain(bytes_of(fault.what), second.kid) && key_view_is_empty(view));
    CHECK(key_view_troubles(view, &arena).count == 0);
    key_view_destroy(view);
}

static void check_unopenable(struct key_material first, struct key_material second)
{
    struct key_view *view = key_view_create();
    struct key_seat seat;
    CHECK(put(view, &first, 1, clock_now_ms()) && !key_view_is_empty(view));
    key_seat_init(&seat, view);
    struct bytes seal = second.sealed_private;
    second.sealed_private = BYTES("\1\2");
    logged();
    struct key_material both[] = {second, first};
    for (int i = 0; i < 3; i++) CHECK(put(view, both, 2, clock_now_ms() + 2000 * i)); /* a new ring each time */
    const char *text = logged();
    CHECK(says(text, "key_unopenable", second.kid) && count_of(text, "key_unopenable") == 1);
    const struct key_troubles troubles = key_view_troubles(view, &arena);
    CHECK(troubles.count == 1 && bytes_equal(troubles.at[0].kid, second.kid));
    CHECK(put(view, both, 1, clock_now_ms())); /* what is gone is gone, whatever else is wrong */
    CHECK(!keyring_can_sign(key_seat_ring(&seat), KEY_ES256));
    both[0].sealed_private = seal;
    CHECK(put(view, both, 1, clock_now_ms()) && keyring_can_sign(key_seat_ring(&seat), KEY_ES256));
    CHECK(key_view_troubles(view, &arena).count == 0);
    both[0].sealed_private = BYTES("\1\2\3");
    CHECK(put(view, both, 1, clock_now_ms()) && count_of(logged(), "key_unopenable") == 1);
    key_seat_release(&seat);
    key_view_destroy(view);
}

static void check_unread(struct key_material key)
{
    const struct key_trouble strange = {BYTES("of-tomorrow"),
                                        BYTES("signing key of-tomorrow: install another version")};
    struct key_view *view = key_view_create();
    CHECK(put(view, &key, 1, clock_now_ms()));
    logged();
    for (int i = 0; i < 2; i++) {
        struct key_reading reading = read_at(&key, 1, clock_now_ms(), clock_steady_us());
        reading.unread = (struct key_troubles){&strange, 1};
        CHECK(put_reading(view, &reading));
    }
    CHECK(count_of(logged(), "of-tomorrow") == 1 && key_view_troubles(view, &arena).count == 1);
    CHECK(put(view, &key, 1, clock_now_ms()) && key_view_troubles(view, &arena).count == 0);
    key_view_destroy(view);
}

/* asked: seconds from now, by the steady clock; now: the same by the database's */
static int64_t even_for_s(struct key_view *view, struct key_material key, int64_t asked_s, int64_t now_s)
{
    clock_set_steady_skew_ms(1000 * asked_s);
    const struct key_reading reading = read_at(&key, 1, clock_now_ms() + 1000 * now_s, clock_steady_us());
    int64_t even_for_ms = key_view_even_for_ms(view, &reading);
    CHECK(put_reading(view, &reading));
    return (even_for_ms + 500) / 1000;
}

static void check_even(struct key_material key)
{
    struct key_view *view = key_view_create();
    CHECK(even_for_s(view, key, 1000, 0) == 0);
    CHECK(even_for_s(view, key, 1100, 101) == 100);
    CHECK(even_for_s(view, key, 2000, 1000) == 1000);
    CHECK(even_for_s(view, key, 2010, 9000) == 0 && even_for_s(view, key, 2020, 9010) == 10);
    CHECK(even_for_s(view, key, 3000, 0) == 0 && even_for_s(view, key, 3600, 600) == 600);
    key_view_destroy(view);
}

/* first signs, second is ahead */
static void check_events(struct key_material first, struct key_material second)
{
    struct key_view *view = key_view_create();
    int64_t now = clock_now_ms();
    first.retire_at = second.activate_at = now + DAY_MS;
    first.remove_at = now + 2 * DAY_MS;
    second.retire_at = now + 90LL * DAY_MS;
    struct key_material rows[] = {first, second};
    logged();
    CHECK(put(view, rows, 2, now));
    CHECK(strcmp(logged(), "") == 0);
    CHECK(put(view, rows, 2, now + DAY_MS));
    const char *text = logged();
    CHECK(says(text, "key_rotated", second.kid) && says(text, "key_retired", first.kid));
    CHECK(says(text, "clock_jumped", BYTES("86400 s ahead")) || says(text, "clock_jumped", BYTES("86399 s ahead")));
    CHECK(put(view, rows, 2, now + 2 * DAY_MS));
    CHECK(says(logged(), "key_removed", first.kid));
    rows[1].sealed_private = BYTES_ABSENT;
    CHECK(put(view, rows, 2, now + 2 * DAY_MS));
    CHECK(says(logged(), "key_incomplete", second.kid));
    CHECK(put(view, rows, 2, now + 2 * DAY_MS));
    CHECK(strcmp(logged(), "") == 0);
    CHECK(put(view, rows, 1, now + 2 * DAY_MS));
    CHECK(says(logged(), "key_removed", second.kid));
    CHECK(put(view, rows, 1, now));
    CHECK(says(logged(), "clock_jumped", BYTES("behind")));
    key_view_destroy(view);
}

static void check_unused(struct key_material key, struct key_material other)
{
    struct key_view *view = key_view_create();
    struct key_material rows[] = {key, other};
    logged();
    CHECK(put(view, rows, 2, clock_now_ms()) && put(view, rows, 2, clock_now_ms()));
    const char *text = logged();
    CHECK(says(text, "algorithm_unused", BYTES("EdDSA")));
    CHECK(strstr(strstr(text, "algorithm_unused") + 1, "algorithm_unused") == NULL);
    key_view_destroy(view);
}

static atomic_bool over;

static void *look(void *data)
{
    struct key_seat seat;
    key_seat_init(&seat, data);
    while (!atomic_load(&over))
        if (keyring_jwks(key_seat_ring(&seat)).json.len == 0) abort();
    key_seat_release(&seat);
    return NULL;
}

static void check_threads(struct key_material first, struct key_material second)
{
    struct key_view *view = key_view_create();
    struct key_material both[] = {first, second};
    pthread_t threads[3];
    CHECK(put(view, both, 1, clock_now_ms()));
    for (size_t i = 0; i < 3; i++) pthread_create(&threads[i], NULL, look, view);
    for (size_t i = 0; i < 200; i++) CHECK(put(view, both, 1 + i % 2, clock_now_ms()));
    atomic_store(&over, true);
    for (size_t i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    key_view_destroy(view);
}

int main(void)
{
    int ends[2];
    if (pipe(ends) != 0) abort();
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    lines_fd = ends[0];
    log_set_fd(ends[1]);
    arena_init(&arena, 16 << 20);
    secrets = fixture_secrets();
    struct key_material first = fixture_key(KEY_ES256, 0, 5, &arena), second = fixture_key(KEY_ES256, 1, 6, &arena);
    struct key_material edwards = fixture_key(KEY_EDDSA, 0, 5, &arena);
    TEST("every seat sees the newest ring at once, and the same one while nothing changed") check_seats(first, second);
    TEST("a reading that was asked for earlier never takes the place of a later one") check_order(first, second);
    TEST("nor does one that overlaps with it, nor does it make the ring older") check_late_comer(first, second);
    TEST("a reading that shows no change makes the ring young again") check_age(first);
    TEST("a key that can't be opened ends a start, and is named") check_start(first, second);
    TEST("in a process that runs it is told of once, and the reading takes effect") check_unopenable(first, second);
    TEST("so it is with a row that this version can't read") check_unread(first);
    TEST("how long the database's clock has gone evenly is known, from the last jump on") check_even(first);
    TEST("what happens to the keys, and to the clock, is told once") check_events(first, second);
    TEST("keys of an algorithm that is not configured are told of once") check_unused(first, edwards);
    TEST("threads may look while the ring is changed") check_threads(first, second);
    arena_release(&arena);
    return TEST_END();
}
