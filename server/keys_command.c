/* keys_command: `hydrant keys list|rotate|revoke|reseal`, on top of the admin API. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "server/command.h"
#include "server/command_answer.h"
#include "server/token_words.h"

enum { PIECE_MAX = 32, WHAT_MAX = 128, BODY_MAX = 4096, KID_TEXT_MAX = 64 * 1024 };

/* ---- times ---- */

/* "29d 3h", "24h 35m", "90s": the two largest units that it has */
static void write_length(int64_t s, char out[PIECE_MAX])
{
    static const struct {
        int64_t s;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
    size_t len = 0, i = 0;
    while (i < 3 && s < units[i].s) i++;
    if (i == 0 && s < 2 * units[0].s) i = 1;
    for (size_t end = i + 2; i < 4 && i < end; i++) {
        int64_t n = s / units[i].s;
        if (n > 0 || (len == 0 && i == 3)) len += (size_t)snprintf(out + len, PIECE_MAX - len, "%s%lld%s", len > 0 ? " " : "", (long long)n, units[i].unit);
        s -= n * units[i].s;
    }
    out[len] = 0;
}

static bool read_time(const struct json *object, const char *name, int64_t *at)
{
    return clock_parse(json_string(json_find(object, name)), at);
}

/* "2026-11-24 06:01"; "-" for none */
static void write_minute(const struct json *object, const char *name, char out[PIECE_MAX])
{
    struct bytes text = json_string(json_find(object, name));
    if (text.len < 16) snprintf(out, PIECE_MAX, "-");
    else snprintf(out, PIECE_MAX, "%.10s %.5s", text.at, text.at + 11);
}

/* ---- the table ---- */

static bool is_configured(const struct json *key)
{
    const struct json *configured = json_find(key, "configured");
    return configured != NULL && configured->truth;
}

static void say(char what[WHAT_MAX], const char *before, int64_t ms, const char *behind)
{
    char length[PIECE_MAX];
    write_length(ms / 1000, length);
    snprintf(what, WHAT_MAX, "%s%s%s", before, length, behind);
}

/* what a person wants to know of it first */
static void write_what(const struct json *key, int64_t now, char what[WHAT_MAX])
{
    struct bytes state = json_string(json_find(key, "state"));
    int64_t at;
    what[0] = 0;
    if (bytes_equal(state, BYTES("retiring")) && read_time(key, "remove_at", &at)) say(what, "goes in ", at - now, "");
    else if (!is_configured(key)) snprintf(what, WHAT_MAX, "not in keys.algorithms: signs nothing");
    else if (bytes_equal(state, BYTES("pending")) && read_time(key, "activate_at", &at)) say(what, "next, in ", at - now, "");
    else if (bytes_equal(state, BYTES("active")) && read_time(key, "retire_at", &at) && at > now) say(what, "SIGNS NOW, for ", at - now, " more");
    else if (bytes_equal(state, BYTES("active"))) snprintf(what, WHAT_MAX, "SIGNS NOW, until another may");
}

static bool is_past(const struct json *key)
{
    return bytes_equal(json_string(json_find(key, "state")), BYTES("removed"));
}

/* a row may say anything */
static struct bytes shown_kid(const struct json *kid, struct arena *arena)
{
    struct text t;
    arena_init(arena, KID_TEXT_MAX);
    text_init(&t, arena, 64);
    put_shown(&t, json_string(kid));
    return text_bytes(&t);
}

static void print_key(const struct json *key, int64_t now)
{
    char from[PIECE_MAX], until[PIECE_MAX], gone[PIECE_MAX], what[WHAT_MAX];
    struct arena arena;
    struct bytes kid = shown_kid(json_find(key, "kid"), &arena);
    write_minute(key, "activate_at", from);
    write_minute(key, "retire_at", until);
    write_minute(key, "remove_at", gone);
    write_what(key, now, what);
    printf("%-9.*s %-9.*s %-43.*s  %-16s  %-16s  %-16s  %s\n", BYTES_PRINT(json_string(json_find(key, "algorithm"))), BYTES_PRINT(json_string(json_find(key, "state"))),
        BYTES_PRINT(kid), from, until, gone, what);
    arena_release(&arena);
}

static void write_rule(const struct json *rules, const char *name, char out[PIECE_MAX])
{
    int64_t s = 0;
    if (json_integer(json_find(rules, name), 0, INT64_MAX, &s)) write_length(s, out);
    else snprintf(out, PIECE_MAX, "?");
}

static void print_rules(const struct json *rules)
{
    char rotate[PIECE_MAX], rotate_least[PIECE_MAX], publish[PIECE_MAX], publish_least[PIECE_MAX], keep[PIECE_MAX], keep_least[PIECE_MAX];
    char age[PIECE_MAX], stale[PIECE_MAX], ttl[PIECE_MAX], poll[PIECE_MAX], skew[PIECE_MAX];
    write_rule(rules, "rotate_every_s", rotate);
    write_rule(rules, "rotate_every_least_s", rotate_least);
    write_rule(rules, "publish_before_s", publish);
    write_rule(rules, "publish_before_least_s", publish_least);
    write_rule(rules, "keep_after_s", keep);
    write_rule(rules, "keep_after_least_s", keep_least);
    write_rule(rules, "jwks_max_age_s", age);
    write_rule(rules, "stale_if_error_s", stale);
    write_rule(rules, "token_ttl_max_s", ttl);
    write_rule(rules, "poll_s", poll);
    write_rule(rules, "skew_s", skew);
    printf("\nA key is published for %s before it signs (at least %s: max-age %s + stale-if-error %s + 2 polls of %s + skew %s),\n", publish, publish_least, age, stale, poll, skew);
    printf("signs for %s (at least %s: twice that), and is published for %s after (at least %s: tokens of up to %s + skew %s + max-age %s + stale-if-error %s).\n", rotate,
        rotate_least, keep, keep_least, ttl, skew, age, stale);
}

static void print_seals(const struct json *keys)
{
    size_t count = 0;
    for (const struct json *key = keys->first; key != NULL; key = key->next)
        count += bytes_equal(json_string(json_find(key, "sealed_under_secret")), BYTES("another"));
    if (count > 0) printf("\n%zu of them are not sealed under the first of secrets.system: once every server has it, run `hydrant keys reseal`.\n", count);
}

static void print_removed(const struct json *removed)
{
    if (removed == NULL || removed->first == NULL) return;
    puts("Out of the key set and of signing; tokens that they signed die:");
    for (const struct json *kid = removed->first; kid != NULL; kid = kid->next) {
        struct arena arena;
        struct bytes shown = shown_kid(kid, &arena);
        printf("  %.*s\n", BYTES_PRINT(shown));
        arena_release(&arena);
    }
    putchar('\n');
}

static int show_listing(const struct admin_order *order, const struct json *listing)
{
    const struct json *keys = json_find(listing, "keys");
    int64_t now;
    if (!json_is(keys, JSON_ARRAY) || !read_time(listing, "now", &now)) return fprintf(stderr, "hydrant %s: the server's answer can't be read\n", order->words), EXIT_FAILED;
    char minute[PIECE_MAX];
    write_minute(listing, "now", minute);
    print_removed(json_find(listing, "removed"));
    printf("It is %s UTC by the database's clock.\n\n", minute);
    printf("%-9s %-9s %-43s  %-16s  %-16s  %-16s\n", "ALGORITHM", "STATE", "KID", "SIGNS FROM", "UNTIL", "PUBLISHED UNTIL");
    for (const struct json *key = keys->first; key != NULL; key = key->next)
        if (!is_past(key)) print_key(key, now);
    print_rules(json_find(listing, "rules"));
    print_seals(keys);
    return EXIT_DONE;
}

/* ---- the commands ---- */

int keys_list_command(int argc, char **argv)
{
    static const char WORDS[] = "keys list";
    struct output output = {NULL, NULL};
    if (take_nothing(WORDS, argc, argv, &output) != EXIT_DONE) return EXIT_WRONG_USE;
    return give_order(&(struct admin_order){.words = WORDS, .output = &output, .method = "GET", .path = "/admin/keys", .show = show_listing});
}

struct rotate_options {
    const char *algorithm;
    bool force, fresh;
};

static struct bytes write_rotation(const struct rotate_options *o, struct arena *arena)
{
    struct text t;
    text_init(&t, arena, 128);
    text_put_char(&t, '{');
    if (o->algorithm != NULL) {
        text_put_json_name(&t, BYTES("algorithm"));
        text_put_json(&t, bytes_of(o->algorithm));
    }
    text_put_json_name(&t, BYTES("force"));
    text_put(&t, o->force ? BYTES("true") : BYTES("false"));
    text_put_json_name(&t, BYTES("fresh"));
    text_put(&t, o->fresh ? BYTES("true") : BYTES("false"));
    text_put_char(&t, '}');
    return text_bytes(&t);
}

int keys_rotate_command(int argc, char **argv)
{
    static const char WORDS[] = "keys rotate";
    struct output output = {NULL, NULL};
    struct rotate_options o = {.algorithm = NULL};
    struct arena arena;
    const struct command_option options[] = {
        {.name = "--algorithm", .value = &o.algorithm}, {.name = "--force", .flag = &o.force}, {.name = "--fresh", .flag = &o.fresh},
        {.name = "--format", .value = &output.format}, {.name = "--endpoint", .value = &output.endpoint}, {.name = NULL},
    };
    int rest = take_options(WORDS, argc, argv, options);
    if (rest < 0) return EXIT_WRONG_USE;
    if (rest > 0) return wrong_use(WORDS, "what is %s?", argv[0]);
    if (check_format(WORDS, &output) != EXIT_DONE) return EXIT_WRONG_USE;
    arena_init(&arena, BODY_MAX);
    int exit_code = give_order(&(struct admin_order){.words = WORDS, .output = &output, .method = "POST", .path = "/admin/keys/rotate",
        .body = write_rotation(&o, &arena), .show = show_listing});
    arena_release(&arena);
    return exit_code;
}

/* which tokens die by it, and when: whoever has the key signs what he likes, for any time */
static int show_revoked(const struct admin_order *order, const struct json *revoked)
{
    char from[PIECE_MAX], until[PIECE_MAX], tokens[PIECE_MAX], cached[PIECE_MAX];
    write_minute(revoked, "signed_from", from);
    write_minute(revoked, "signed_until", until);
    write_minute(revoked, "tokens_until", tokens);
    write_minute(revoked, "cached_until", cached);
    printf("revoked %s, which was %.*s; it is out of the key set.\n", order->segment, BYTES_PRINT(json_string(json_find(revoked, "state"))));
    if (from[0] == '-')
        puts("No server signed with it, so no token of theirs dies. It was published: if it leaked, what a thief signed with it was accepted until now.");
    else
        printf("Servers signed with it from %s to %s UTC at the latest: their tokens that have not expired (the last would by %s)\n"
               "are refused from now on by whoever fetches the key set; their clients refresh.\n", from, until, tokens);
    printf("Whoever keeps a key set of before still takes what is signed with this key, a thief's tokens too: until %s UTC where he goes by\n"
           "max-age and stale-if-error; some keep a set for up to 12 hours whatever they say. Restart those that matter.\n", cached);
    return EXIT_DONE;
}

int keys_revoke_command(int argc, char **argv)
{
    static const char WORDS[] = "keys revoke";
    struct output output = {NULL, NULL};
    int taken = take_one(WORDS, argc, argv, &output, "which key? Give one kid (a kid that begins with - goes behind --)");
    if (taken != EXIT_DONE) return taken;
    return give_order(&(struct admin_order){.words = WORDS, .output = &output, .method = "DELETE", .path = "/admin/keys/", .segment = argv[0], .show = show_revoked});
}

static int show_resealed(const struct admin_order *order, const struct json *answer)
{
    int64_t count;
    (void)order;
    if (json_integer(json_find(answer, "resealed"), 0, INT64_MAX, &count))
        printf("%lld keys sealed anew; every private key is under the first of secrets.system now.\n", (long long)count);
    return EXIT_DONE;
}

int keys_reseal_command(int argc, char **argv)
{
    static const char WORDS[] = "keys reseal";
    struct output output = {NULL, NULL};
    if (take_nothing(WORDS, argc, argv, &output) != EXIT_DONE) return EXIT_WRONG_USE;
    return give_order(&(struct admin_order){.words = WORDS, .output = &output, .method = "POST", .path = "/admin/keys/reseal", .show = show_resealed});
}
