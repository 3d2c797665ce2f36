#include "oauth/key_events.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum {
    SEEN_KID_MAX = 64, /* more than a thumbprint has: what stands in a row may be anything */
    TROUBLES_ARENA_MAX = 16 * 1024 * 1024,
};

struct seen_key {
    char kid[SEEN_KID_MAX];
    size_t kid_len;
    enum key_algorithm algorithm;
    enum key_state state;
    bool incomplete;
};

void key_events_init(struct key_events *events)
{
    *events = (struct key_events){.seen = NULL};
    arena_init(&events->arena, TROUBLES_ARENA_MAX);
}

void key_events_release(struct key_events *events)
{
    free(events->seen);
    arena_release(&events->arena);
    *events = (struct key_events){.seen = NULL};
}

void key_events_begin(struct log_line *line, const char *event, const struct key_material *key)
{
    log_begin(line, LOG_INFO, event);
    log_text(line, "kid", key->kid);
    log_text(line, "algorithm", key_algorithm_name(key->algorithm));
}

static void log_time(struct log_line *line, const char *name, int64_t at)
{
    char text[25];
    if (at == 0) return;
    clock_write(at, text);
    log_text(line, name, bytes_of(text));
}

static void tell(const char *event, const struct key_material *key, const char *until_name, int64_t until)
{
    struct log_line line;
    key_events_begin(&line, event, key);
    if (until_name != NULL) log_time(&line, until_name, until);
    log_end(&line);
}

/* ---- one key ---- */

static struct seen_key see(const struct key_situation *s, size_t i)
{
    const struct key_material *key = &s->rows[i];
    struct seen_key seen = {.algorithm = key->algorithm, .state = key_state_of(s, i)};
    seen.kid_len = key->kid.len < SEEN_KID_MAX ? key->kid.len : SEEN_KID_MAX;
    if (seen.kid_len > 0) memcpy(seen.kid, key->kid.at, seen.kid_len);
    bool over = seen.state == KEY_REMOVED || (key->retire_at != 0 && key->retire_at <= s->now);
    seen.incomplete = !over && !bytes_present(key->sealed_private);
    return seen;
}

static const struct seen_key *find(const struct key_events *events, const struct seen_key *key)
{
    for (size_t i = 0; i < events->count; i++) {
        const struct seen_key *seen = &events->seen[i];
        if (seen->kid_len == key->kid_len && memcmp(seen->kid, key->kid, key->kid_len) == 0) return seen;
    }
    return NULL;
}

static void tell_incomplete(const struct key_material *key)
{
    log_say(LOG_WARN, "key_incomplete",
        "key %.*s has no private part before its time is over, so it signs nothing; another takes its place by itself. Look for who writes to signing_keys; `hydrant keys revoke %.*s` takes it out",
        BYTES_PRINT(key->kid), BYTES_PRINT(key->kid));
}

static void tell_change(const struct seen_key *was, const struct seen_key *is, const struct key_material *key)
{
    enum key_state before = was == NULL ? KEY_PENDING : was->state;
    if (before == is->state) return;
    switch (is->state) {
    case KEY_PENDING: return; /* only a clock that goes back does that */
    case KEY_ACTIVE: tell("key_rotated", key, "signs_until", key->retire_at); return;
    case KEY_RETIRING: tell("key_retired", key, "published_until", key->remove_at); return;
    case KEY_REMOVED: tell("key_removed", key, NULL, 0); return;
    }
}

/* ---- all of them ---- */

static bool has_kid(const struct seen_key *now, size_t count, const struct seen_key *key)
{
    for (size_t i = 0; i < count; i++)
        if (now[i].kid_len == key->kid_len && memcmp(now[i].kid, key->kid, key->kid_len) == 0) return true;
    return false;
}

/* rows that someone took away before their time */
static void tell_vanished(const struct key_events *events, const struct seen_key *now, size_t count)
{
    for (size_t i = 0; i < events->count; i++) {
        const struct seen_key *key = &events->seen[i];
        if (key->state == KEY_REMOVED || has_kid(now, count, key)) continue;
        const struct key_material gone = {.kid = {key->kid, key->kid_len}, .algorithm = key->algorithm};
        tell("key_removed", &gone, NULL, 0);
    }
}

static bool is_configured(const struct key_rules *rules, enum key_algorithm algorithm)
{
    for (size_t i = 0; i < rules->algorithm_count; i++)
        if (rules->algorithms[i] == algorithm) return true;
    return false;
}

static void tell_unused(struct key_events *events, const struct key_rules *rules, const struct seen_key *key)
{
    if (key->state == KEY_REMOVED || is_configured(rules, key->algorithm) || events->told_unused[key->algorithm]) return;
    events->told_unused[key->algorithm] = true;
    log_say(LOG_WARN, "algorithm_unused",
        "%s is not in keys.algorithms here, so its keys sign nothing here; they stay published for their tokens, and go once no server has had it in its settings for %d hours. "
        "If that is not meant, put it back into keys.algorithms",
        key_algorithm_name(key->algorithm).at, KEYS_WANTED_MAX_MS / (60 * 60 * 1000));
}

/* ---- what can't be opened ---- */

static bool was_told(const struct key_events *events, const struct key_trouble *trouble)
{
    for (size_t i = 0; i < events->troubles.count; i++)
        if (bytes_equal(events->troubles.at[i].words, trouble->words)) return true;
    return false;
}

static void keep_troubles(struct key_events *events, struct key_troubles troubles)
{
    arena_release(&events->arena);
    struct key_trouble *kept = arena_take(&events->arena, (troubles.count + 1) * sizeof *kept);
    for (size_t i = 0; kept != NULL && i < troubles.count; i++)
        kept[i] = (struct key_trouble){.words = arena_copy(&events->arena, troubles.at[i].words)};
    events->troubles = (struct key_troubles){kept, kept == NULL ? 0 : troubles.count};
}

static void tell_troubles(struct key_events *events, struct key_troubles troubles)
{
    for (size_t i = 0; i < troubles.count; i++)
        if (!was_told(events, &troubles.at[i])) log_say(LOG_ERROR, "key_unopenable", "%.*s", BYTES_PRINT(troubles.at[i].words));
    keep_troubles(events, troubles);
}

void key_events_tell(struct key_events *events, const struct key_rules *rules, const struct key_reading *reading, struct key_troubles troubles)
{
    tell_troubles(events, troubles);
    const struct key_situation s = {reading->rows, reading->count, rules->algorithms, rules->algorithm_count, rules->times, reading->now, 0};
    struct seen_key *now = calloc(reading->count + 1, sizeof *now);
    if (now == NULL) abort();
    for (size_t i = 0; i < reading->count; i++) {
        now[i] = see(&s, i);
        const struct seen_key *was = find(events, &now[i]);
        if (events->began) tell_change(was, &now[i], &reading->rows[i]);
        if (now[i].incomplete && (was == NULL || !was->incomplete)) tell_incomplete(&reading->rows[i]);
        tell_unused(events, rules, &now[i]);
    }
    tell_vanished(events, now, reading->count);
    free(events->seen);
    events->seen = now;
    events->count = reading->count;
    events->began = true;
}

void key_events_tell_jump(int64_t drift_ms)
{
    log_say(LOG_WARN, "clock_jumped",
        "the database's clock is %lld s %s of where it was; the keys' times go by it. Nothing has to be done for the keys; see that the clock is kept right (NTP), there and here: "
        "tokens are dated by this machine's clock",
        (long long)(drift_ms < 0 ? -drift_ms : drift_ms) / 1000, drift_ms < 0 ? "behind" : "ahead");
}
