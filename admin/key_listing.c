#include "admin/key_listing.h"

#include "admin/member.h"
#include "keys/seal.h"

static void put_seconds(struct text *t, const char *name, int64_t ms)
{
    text_put_json_name(t, bytes_of(name));
    text_put_number(t, ms / 1000);
}

/* docs/keys.md: the inequalities, each side with what it is made of */
static void put_rules(struct text *t, const struct key_listing *l)
{
    const struct key_times *times = l->rules->times;
    text_put_json_name(t, BYTES("rules"));
    text_put_char(t, '{');
    put_seconds(t, "rotate_every_s", times->rotate_every_ms);
    put_seconds(t, "rotate_every_least_s", keys_rotate_every_least_ms(times->publish_before_ms));
    put_seconds(t, "publish_before_s", times->publish_before_ms);
    put_seconds(t, "publish_before_least_s", keys_publish_before_least_ms(l->jwks_max_age_ms));
    put_seconds(t, "keep_after_s", times->keep_after_ms);
    put_seconds(t, "keep_after_least_s", keys_keep_after_least_ms(l->jwks_max_age_ms, times->token_ttl_max_ms));
    put_seconds(t, "jwks_max_age_s", l->jwks_max_age_ms);
    put_seconds(t, "stale_if_error_s", l->jwks_max_age_ms);
    put_seconds(t, "token_ttl_max_s", times->token_ttl_max_ms);
    put_seconds(t, "poll_s", KEYS_POLL_MS);
    put_seconds(t, "skew_s", KEYS_SKEW_MS);
    text_put_char(t, '}');
}

static bool is_configured(const struct key_rules *rules, enum key_algorithm algorithm)
{
    for (size_t i = 0; i < rules->algorithm_count; i++)
        if (rules->algorithms[i] == algorithm) return true;
    return false;
}

static struct bytes seal_words(const struct key_rules *rules, struct bytes sealed)
{
    if (!bytes_present(sealed)) return BYTES_ABSENT;
    return seal_is_first(rules->making.secrets, sealed) ? BYTES("first") : BYTES("another");
}

static void put_key(struct text *t, const struct key_listing *l, const struct key_situation *s, size_t i)
{
    const struct key_material *key = &s->rows[i];
    text_put_char(t, '{');
    member_put_text(t, "kid", key->kid);
    member_put_text(t, "algorithm", key_algorithm_name(key->algorithm));
    text_put(t, is_configured(l->rules, key->algorithm) ? BYTES(",\"configured\":true") : BYTES(",\"configured\":false"));
    member_put_text(t, "state", key_state_name(key_state_of(s, i)));
    text_put_json_name(t, BYTES("epoch"));
    text_put_number(t, key->epoch);
    member_put_time(t, "created_at", key->created_at);
    member_put_time(t, "activate_at", key->activate_at);
    member_put_time(t, "retire_at", key->retire_at);
    member_put_time(t, "remove_at", key->remove_at);
    member_put_text(t, "sealed_under_secret", seal_words(l->rules, key->sealed_private));
    text_put_char(t, '}');
}

static void put_removed(struct text *t, const struct key_report *order)
{
    text_put_json_name(t, BYTES("removed"));
    text_put_char(t, '[');
    for (size_t i = 0; i < order->removed_count; i++) {
        if (i > 0) text_put_char(t, ',');
        text_put_json(t, order->removed[i]);
    }
    text_put_char(t, ']');
}

/* what was ordered is done; these keys want looking after all the same */
static void put_warnings(struct text *t, struct key_troubles troubles)
{
    if (troubles.count == 0) return;
    text_put_json_name(t, BYTES("warnings"));
    text_put_char(t, '[');
    for (size_t i = 0; i < troubles.count; i++) {
        if (i > 0) text_put_char(t, ',');
        text_put_json(t, troubles.at[i].words);
    }
    text_put_char(t, ']');
}

struct bytes key_listing_write(const struct key_listing *l, struct arena *arena)
{
    const struct key_reading *reading = l->reading;
    const struct key_situation s = {reading->rows, reading->count, l->rules->algorithms, l->rules->algorithm_count, l->rules->times, reading->now, 0};
    struct text t;
    text_init(&t, arena, 1024);
    text_put_char(&t, '{');
    member_put_time(&t, "now", reading->now);
    put_rules(&t, l);
    text_put_json_name(&t, BYTES("keys"));
    text_put_char(&t, '[');
    for (size_t i = 0; i < s.count; i++) {
        if (i > 0) text_put_char(&t, ',');
        put_key(&t, l, &s, i);
    }
    text_put_char(&t, ']');
    if (l->order != NULL) put_removed(&t, l->order);
    put_warnings(&t, l->troubles);
    text_put_char(&t, '}');
    return text_bytes(&t);
}

struct bytes key_revoked_write(const struct key_revoked *revoked, struct arena *arena)
{
    const struct planned_revocation *how = &revoked->report->revoked;
    int64_t stale_if_error_ms = revoked->jwks_max_age_ms;
    struct text t;
    text_init(&t, arena, 256);
    text_put_char(&t, '{');
    member_put_text(&t, "kid", revoked->kid);
    member_put_text(&t, "state", key_state_name(how->state));
    member_put_time(&t, "signed_from", how->signed_from);
    member_put_time(&t, "signed_until", how->signed_until);
    member_put_time(&t, "tokens_until", how->signed_until == 0 ? 0 : how->signed_until + revoked->token_ttl_max_ms);
    member_put_time(&t, "cached_until", revoked->report->reading.now + KEYS_POLL_MS + revoked->jwks_max_age_ms + stale_if_error_ms);
    put_warnings(&t, revoked->report->troubles);
    text_put_char(&t, '}');
    return text_bytes(&t);
}

struct bytes key_resealed_write(const struct key_report *report, struct arena *arena)
{
    struct text t;
    text_init(&t, arena, 64);
    text_put(&t, BYTES("{\"resealed\":"));
    text_put_number(&t, (int64_t)report->resealed);
    put_warnings(&t, report->troubles);
    text_put_char(&t, '}');
    return text_bytes(&t);
}
