#include "server/token_set.h"

#include "server/token_words.h"

enum { OPS_MAX = 64 };

/* ---- what a key may do ---- */

bool key_is_for(const struct json *key, const struct json *alg)
{
    const struct json *own = json_find(key, "alg");
    if (own == NULL) return true;
    return json_is(own, JSON_STRING) && json_is(alg, JSON_STRING) && bytes_equal(own->text, alg->text);
}

static bool says(const struct json *value, const char *word)
{
    return json_is(value, JSON_STRING) && bytes_equal(value->text, bytes_of(word));
}

static bool lists(const struct json *list, const char *word)
{
    for (const struct json *one = json_is(list, JSON_ARRAY) ? list->first : NULL; one != NULL; one = one->next)
        if (says(one, word)) return true;
    return false;
}

/* RFC 7517 4.3: "use" and "key_ops" must agree. Of a use that no RFC names nobody knows what agrees with it */
static bool at_odds(const struct json *use, const struct json *ops)
{
    static const char SIGNING[] = "sign verify",
                      ENCRYPTING[] = "encrypt decrypt wrapKey unwrapKey deriveKey deriveBits";
    if (!says(use, "sig") && !says(use, "enc")) return false;
    struct bytes allowed = bytes_of(says(use, "sig") ? SIGNING : ENCRYPTING);
    for (const struct json *op = json_is(ops, JSON_ARRAY) ? ops->first : NULL; op != NULL; op = op->next)
        if (!bytes_have_word(allowed, json_string(op))) return true;
    return false;
}

/* what forbids it; NULL: nothing */
static const char *what_forbids(const struct json *use, const struct json *ops)
{
    /* RFC 7517 4.2, 4.3: a key is used for what its use and key_ops say, if it has them */
    if (use != NULL && !says(use, "sig")) return "it is not for signatures (RFC 7517 4.2)";
    if (ops != NULL && !lists(ops, "verify")) return "\"verify\" is not among them (RFC 7517 4.3)";
    return at_odds(use, ops) ? "the two say different things (RFC 7517 4.3)" : NULL;
}

static const char *what_forbids_key(const struct json *key)
{
    return what_forbids(json_find(key, "use"), json_find(key, "key_ops"));
}

bool key_may_verify(const struct json *key, struct text *words)
{
    const char *why = what_forbids_key(key);
    text_put(words, BYTES("its use is "));
    put_value(words, json_find(key, "use"));
    text_put(words, BYTES(", its key_ops "));
    put_value(words, json_find(key, "key_ops"));
    if (why != NULL) text_put_format(words, ": %s", why);
    return why == NULL;
}

bool key_is_given_away(const struct json *key, struct text *words)
{
    bool found = false;
    for (const struct json *m = json_is(key, JSON_OBJECT) ? key->first : NULL; m != NULL; m = m->next) {
        if (m->type == JSON_NULL || !jwk_member_is_private(m->name)) continue;
        text_put(words, found ? BYTES(", ") : BYTES("holds its private part, "));
        text_put(words, m->name);
        found = true;
    }
    if (found)
        text_put(words,
                 BYTES(": this set gives it away. Whoever has read it signs as the issuer does: take the key out "
                       "of use (RFC 7517 9.2)"));
    return found;
}

/* ---- which key ---- */

enum distance { OTHER_KID, OTHER_ALG, MAY_NOT, UNFIT, OTHER_SIGNATURE, WHOLE_WAY };

static enum distance distance_of(const struct json *key, const struct key_wish *wish)
{
    enum key_algorithm algorithm;
    const struct json *kid = json_find(key, "kid");
    if (!json_is(kid, JSON_STRING) || !bytes_equal(kid->text, wish->kid)) return OTHER_KID;
    if (!key_is_for(key, wish->alg)) return OTHER_ALG;
    if (what_forbids_key(key) != NULL) return MAY_NOT;
    if (!key_algorithm_parse(json_string(wish->alg), &algorithm)) return UNFIT;
    switch (jwk_check_signature(key, algorithm, wish->jws->signed_part, wish->jws->signature)) {
    case JWK_UNFIT: return UNFIT;
    case JWK_BAD_SIGNATURE: return OTHER_SIGNATURE;
    case JWK_GOOD: return WHOLE_WAY;
    }
    return UNFIT;
}

const struct json *token_set_find(const struct json *keys, const struct key_wish *wish)
{
    const struct json *found = NULL;
    enum distance furthest = OTHER_KID;
    for (const struct json *key = keys->first; key != NULL; key = key->next) {
        enum distance distance = distance_of(key, wish);
        if (distance <= furthest) continue;
        found = key;
        furthest = distance;
    }
    return found;
}

void put_kids(struct text *t, const struct json *keys)
{
    text_put_format(t, "; the set has %zu key%s", keys->count, keys->count == 1 ? "" : "s");
    for (const struct json *key = keys->first; key != NULL; key = key->next) {
        text_put(t, key == keys->first ? BYTES(": ") : BYTES(", "));
        put_value(t, json_find(key, "kid"));
    }
}

/* ---- remarks ---- */

struct remarks {
    struct arena *arena;
    struct set_remark *first, **end;
};

static void add(struct remarks *remarks, struct text *words)
{
    struct set_remark *remark = arena_take(remarks->arena, sizeof *remark);
    if (remark == NULL) return;
    *remark = (struct set_remark){.words = text_bytes(words)};
    *remarks->end = remark;
    remarks->end = &remark->next;
}

/* `key 2 (kid "a")` */
static struct text begin(struct remarks *remarks, const struct json *key, size_t place)
{
    struct text words;
    text_init(&words, remarks->arena, 128);
    text_put_format(&words, "key %zu", place);
    if (!json_is(key, JSON_OBJECT)) return words;
    text_put(&words, BYTES(" (kid "));
    put_value(&words, json_find(key, "kid"));
    text_put_char(&words, ')');
    return words;
}

static void remark_private(struct remarks *remarks, const struct json *key, size_t place)
{
    struct text words = begin(remarks, key, place);
    text_put_char(&words, ' ');
    if (key_is_given_away(key, &words)) add(remarks, &words);
}

/* RFC 7517 4.3: an array of texts, none of them twice */
static bool is_list_of_different_words(const struct json *ops)
{
    if (!json_is(ops, JSON_ARRAY) || ops->count > OPS_MAX) return false;
    for (const struct json *one = ops->first; one != NULL; one = one->next) {
        if (!json_is(one, JSON_STRING)) return false;
        for (const struct json *other = ops->first; other != one; other = other->next)
            if (bytes_equal(one->text, other->text)) return false;
    }
    return true;
}

static void remark_use(struct remarks *remarks, const struct json *key, size_t place)
{
    const struct json *use = json_find(key, "use"), *ops = json_find(key, "key_ops");
    bool sound = ops == NULL || is_list_of_different_words(ops);
    if (sound && !at_odds(use, ops)) return;
    struct text words = begin(remarks, key, place);
    text_put(&words, BYTES(": its "));
    if (sound) {
        text_put(&words, BYTES("use "));
        put_value(&words, use);
        text_put(&words, BYTES(" and its "));
    }
    text_put(&words, BYTES("key_ops "));
    put_value(&words, ops);
    text_put(&words, sound ? BYTES(" say different things") : BYTES(" are no list of different words, 64 at most"));
    text_put(&words, BYTES(" (RFC 7517 4.3)"));
    add(remarks, &words);
}

/* RFC 7517 4.5: different keys should have different kids */
static void remark_kid(struct remarks *remarks, const struct json *keys, const struct json *key, size_t place)
{
    size_t at = 1, same = 0;
    struct text words;
    const struct json *kid = json_find(key, "kid");
    for (const struct json *other = keys->first; other != key; other = other->next, at++) {
        const struct json *its = json_find(other, "kid");
        if (json_is(kid, JSON_STRING) && json_is(its, JSON_STRING) && bytes_equal(kid->text, its->text)) same = at;
    }
    if (same == 0) return;
    text_init(&words, remarks->arena, 128);
    text_put_format(&words, "keys %zu and %zu have the same kid, ", same, place);
    put_value(&words, kid);
    text_put(&words, BYTES(": other readers may take another than this one does (RFC 7517 4.5)"));
    add(remarks, &words);
}

const struct set_remark *token_set_remarks(const struct json *keys, struct arena *arena)
{
    struct remarks remarks = {.arena = arena};
    size_t place = 1;
    remarks.end = &remarks.first;
    for (const struct json *key = keys->first; key != NULL; key = key->next, place++) {
        if (!json_is(key, JSON_OBJECT)) {
            struct text words = begin(&remarks, key, place);
            text_put(&words, BYTES(" is no JSON object: left out"));
            add(&remarks, &words);
            continue;
        }
        remark_private(&remarks, key, place);
        remark_use(&remarks, key, place);
        remark_kid(&remarks, keys, key, place);
    }
    return remarks.first;
}
