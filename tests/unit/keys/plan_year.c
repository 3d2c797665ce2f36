/* A year of polls, and who fetched the key set in it: nobody ever meets a token whose key he couldn't have. */
#include "unit/keys/world.h"

enum { SETS_MAX = 64, TOKENS_MAX = 4096 };

struct year {
    const char *sentence;
    int64_t rotate_every_ms, publish_before_ms, max_age_ms, ttl_ms;
    int64_t poll_ms;
    int64_t asleep_from_ms, asleep_until_ms; /* no poll between these */
    int expected_keys;                       /* made in all; 0: any number */
};

static const struct year years[] = {
    {"the settings' defaults, a poll an hour", DAYS(30), HOURS(24), MINUTES(15), HOURS(24), HOURS(1), 0, 0, 14},
    {"the shortest that may be: 72 minutes a key", MINUTES(72), MINUTES(36), MINUTES(15), MINUTES(15), MINUTES(1), 0, 0,
     0},
    {"a key a week, tokens of a day, sets kept for a day", DAYS(7), DAYS(3), HOURS(24), HOURS(24), HOURS(1), 0, 0, 54},
    {"a poll a day only", DAYS(30), HOURS(24), MINUTES(15), HOURS(24), HOURS(24), 0, 0, 0},
    {"asleep through two rotations", DAYS(30), HOURS(24), MINUTES(15), HOURS(24), HOURS(1), DAYS(50), DAYS(130), 0},
    {"asleep for half a year, awake in a pending key's time", DAYS(30), HOURS(24), MINUTES(15), HOURS(24), HOURS(1),
     DAYS(29), DAYS(210), 0},
};

struct token {
    struct bytes kid;
    int64_t expires_at;
};

static struct world w;
static struct token tokens[TOKENS_MAX];
static size_t token_count;

/* the table as someone fetched it a while ago */
struct fetched {
    char kids[WORLD_ROWS_MAX][24];
    size_t count;
    int64_t at;
};
static struct fetched caches[2]; /* one that was fetched lately, one that is about to be fetched again */

static void fetch(struct fetched *cache)
{
    cache->count = 0;
    cache->at = w.now;
    for (size_t i = 0; i < w.count; i++)
        if (times_published(&w.rows[i], w.now))
            snprintf(cache->kids[cache->count++], sizeof cache->kids[0], "%.*s", BYTES_PRINT(w.rows[i].kid));
}

static bool has(const struct fetched *cache, struct bytes kid)
{
    for (size_t i = 0; i < cache->count; i++)
        if (bytes_equal(bytes_of(cache->kids[i]), kid)) return true;
    return false;
}

static void sign(const struct year *year)
{
    struct key_material *key = world_the(&w, KEY_ES256, KEY_ACTIVE);
    CHECK(key != NULL && times_published(key, w.now));
    if (key == NULL) return;
    for (int i = 0; i < 2; i++) CHECK(has(&caches[i], key->kid));
    size_t kept = 0;
    for (size_t i = 0; i < token_count; i++)
        if (tokens[i].expires_at > w.now) tokens[kept++] = tokens[i];
    token_count = kept;
    CHECK(token_count < TOKENS_MAX);
    tokens[token_count++] = (struct token){key->kid, w.now + year->ttl_ms};
}

static void check_tokens(void)
{
    for (size_t i = 0; i < token_count; i++) {
        const struct key_material *key = world_find(&w, tokens[i].kid);
        CHECK(tokens[i].expires_at <= w.now || (key != NULL && times_published(key, w.now)));
    }
}

static void check_privates(void)
{
    struct key_situation s = world_situation(&w);
    for (size_t i = 0; i < w.count; i++) {
        enum key_state state = key_state_of(&s, i);
        CHECK(bytes_present(w.rows[i].sealed_private) == (state == KEY_ACTIVE || state == KEY_PENDING));
    }
}

/* each cache is used as long as its max-age and stale-if-error allow; the two are fetched in turn */
static void refetch(const struct year *year)
{
    int64_t kept_ms = 2 * year->max_age_ms;
    struct fetched *older = caches[0].at <= caches[1].at ? &caches[0] : &caches[1];
    if (w.now - older->at >= kept_ms) fetch(older);
}

static void run(const struct year *year)
{
    world_begin(&w);
    w.times = (struct key_times){year->rotate_every_ms, year->publish_before_ms, year->ttl_ms,
                                 keys_keep_after_least_ms(year->max_age_ms, year->ttl_ms)};
    CHECK(year->publish_before_ms >= keys_publish_before_least_ms(year->max_age_ms));
    CHECK(year->rotate_every_ms >= keys_rotate_every_least_ms(year->publish_before_ms));
    int64_t began = w.now;
    token_count = 0;
    world_tend(&w);
    for (int i = 0; i < 2; i++) fetch(&caches[i]);
    int64_t step_ms = year->poll_ms < MINUTES(10) ? year->poll_ms : MINUTES(10);
    for (int64_t passed = step_ms; passed <= DAYS(365) && test_failed == 0; passed += step_ms) {
        w.now = began + passed;
        bool asleep = passed >= year->asleep_from_ms && passed < year->asleep_until_ms;
        if (!asleep && passed % year->poll_ms == 0) {
            world_tend(&w);
            check_privates();
            CHECK(world_count(&w, KEY_ES256, KEY_ACTIVE) == 1 && world_count(&w, KEY_ES256, KEY_PENDING) == 1);
        }
        refetch(year);
        sign(year);
        check_tokens();
    }
    CHECK(w.count < 80);
    if (year->expected_keys > 0) CHECK(w.made == (size_t)year->expected_keys);
}

int main(void)
{
    for (size_t i = 0; i < sizeof years / sizeof *years; i++) {
        TEST(years[i].sentence) run(&years[i]);
        printf("%s: %zu keys made\n", years[i].sentence, w.made);
    }
    return TEST_END();
}
