#include "server/token_verify.h"

#include <jwt.h>
#include <strings.h>

#include "keys/jwk.h"
#include "keys/jws.h"
#include "server/token_words.h"

/* what is known of the token while its checks are made */
struct look {
    const struct token_question *question;
    struct arena *arena;
    struct token_report *report;
    struct jws jws;
    const struct json *header, *payload; /* NULL: none to be had */
    bool known_algorithm;
    enum key_algorithm algorithm; /* with known_algorithm */
    const struct json *key;       /* NULL: none found */
};

const char *check_name(enum check_index index)
{
    static const char *const names[CHECKS_LEN] = {"parsed", "alg", "kid", "signature", "typ",
                                                  "iss",    "aud", "exp", "nbf",       "iat"};
    return names[index];
}

const char *check_outcome_name(enum check_outcome outcome)
{
    switch (outcome) {
    case CHECK_OK: return "ok";
    case CHECK_FAILED: return "FAILED";
    case CHECK_NOT_ASKED: return "not asked";
    }
    return "";
}

/* ---- words ---- */

static void settle(struct look *look, enum check_index index, enum check_outcome outcome, struct text *words)
{
    look->report->checks[index] = (struct token_check){outcome, text_bytes(words)};
    look->report->failed_count += outcome == CHECK_FAILED;
}

static struct text words_of(struct look *look, struct bytes first)
{
    struct text words;
    text_init(&words, look->arena, 128);
    text_put(&words, first);
    return words;
}

static void say(struct look *look, enum check_index index, enum check_outcome outcome, const char *words)
{
    struct text text = words_of(look, bytes_of(words));
    settle(look, index, outcome, &text);
}

static const struct json *claim(const struct look *look, const char *name) { return json_find(look->payload, name); }

/* ---- parsed ---- */

/* a name twice means one thing to us and another to the next reader */
static const struct json *parse_payload(struct look *look, struct fault *fault)
{
    const struct json_limits limits = {.size_max = JWS_MAX, .unique_names = true};
    const struct json *payload = json_parse(look->arena, look->jws.payload, &limits, fault);
    if (payload == NULL || json_is(payload, JSON_OBJECT)) return payload;
    fault_set(fault, FAULT_INPUT, "token", "it is no object");
    return NULL;
}

static void check_parsed(struct look *look)
{
    struct fault fault;
    struct text words = words_of(look, BYTES("three parts; header and payload are JSON objects"));
    if (!jws_parse(look->question->token, look->arena, &look->jws, &fault))
        return say(look, CHECK_PARSED, CHECK_FAILED, fault.what);
    look->header = jws_header(look->jws.header, look->arena, &fault);
    if (look->header == NULL) {
        words = words_of(look, BYTES("header: "));
        put_shown(&words, bytes_of(fault.what));
    }
    look->payload = parse_payload(look, &fault);
    if (look->header != NULL && look->payload == NULL) {
        words = words_of(look, BYTES("payload: "));
        put_shown(&words, bytes_of(fault.what));
    }
    settle(look, CHECK_PARSED, look->header != NULL && look->payload != NULL ? CHECK_OK : CHECK_FAILED, &words);
}

/* ---- alg, kid, signature ---- */

/* of several with the kid, one that says the token's alg, or no other */
static const struct json *find_key(const struct look *look, struct bytes kid, struct bytes alg)
{
    const struct json *found = NULL;
    for (const struct json *key = look->question->keys->first; key != NULL; key = key->next) {
        if (!bytes_equal(json_string(json_find(key, "kid")), kid)) continue;
        const struct json *own = json_find(key, "alg");
        if (own == NULL || bytes_equal(json_string(own), alg)) return key;
        if (found == NULL) found = key;
    }
    return found;
}

static void put_kids(struct text *words, const struct json *keys)
{
    text_put_format(words, "; the set has %zu key%s", keys->count, keys->count == 1 ? "" : "s");
    for (const struct json *key = keys->first; key != NULL; key = key->next) {
        text_put(words, key == keys->first ? BYTES(": ") : BYTES(", "));
        put_shown_value(words, json_find(key, "kid"));
    }
}

static void check_kid(struct look *look)
{
    const struct json *kid = json_find(look->header, "kid");
    struct text words = words_of(look, BYTES(""));
    if (look->header == NULL) return say(look, CHECK_KID, CHECK_NOT_ASKED, "there is no header to read it from");
    if (!json_is(kid, JSON_STRING)) return say(look, CHECK_KID, CHECK_FAILED, "the header names no key");
    look->key = find_key(look, kid->text, json_string(json_find(look->header, "alg")));
    put_shown(&words, kid->text);
    text_put(&words, look->key != NULL ? BYTES(" is in the set") : BYTES(" is not in the set"));
    const struct json *use = json_find(look->key, "use");
    bool for_signatures = use == NULL || bytes_equal(json_string(use), BYTES("sig"));
    if (!for_signatures) {
        text_put(&words, BYTES(", but not for signatures: its use is "));
        put_shown_value(&words, use);
        look->key = NULL;
    }
    put_kids(&words, look->question->keys);
    settle(look, CHECK_KID, look->key != NULL ? CHECK_OK : CHECK_FAILED, &words);
}

static void check_alg(struct look *look)
{
    const struct json *alg = json_find(look->header, "alg"), *own = json_find(look->key, "alg");
    struct text words = words_of(look, BYTES(""));
    if (look->header == NULL) return say(look, CHECK_ALG, CHECK_NOT_ASKED, "there is no header to read it from");
    look->known_algorithm = key_algorithm_parse(json_string(alg), &look->algorithm);
    put_shown_value(&words, alg);
    if (!look->known_algorithm) {
        text_put(&words, BYTES(" is not allowed; allowed are: " KEY_ALGORITHM_NAMES));
        return settle(look, CHECK_ALG, CHECK_FAILED, &words);
    }
    if (own == NULL || bytes_equal(json_string(own), json_string(alg)))
        return settle(look, CHECK_ALG, CHECK_OK, &words);
    look->known_algorithm = false;
    text_put(&words, BYTES(" says the token, but its key is for "));
    put_shown_value(&words, own);
    text_put(&words, BYTES(" alone (RFC 8725 3.1)"));
    settle(look, CHECK_ALG, CHECK_FAILED, &words);
}

enum opinion { OPINION_GOOD, OPINION_BAD, OPINION_ALG_UNKNOWN, OPINION_TYP_REFUSED, OPINION_UNREADABLE };

/* an absent key: it is only taken apart */
static bool libjwt_decodes(const char *token, struct bytes key)
{
    jwt_t *jwt = NULL;
    int error = jwt_decode(&jwt, token, (const unsigned char *)key.at, (int)key.len);
    jwt_free(jwt);
    return error == 0;
}

/* libjwt, which no one here wrote; before 1.12 it takes no typ but JWT apart */
static enum opinion ask_libjwt(struct look *look)
{
    struct text pem;
    const char *token = arena_text(look->arena, look->question->token);
    const struct json *typ = json_find(look->header, "typ");
    text_init(&pem, look->arena, 1024);
    if (jwt_str_alg(key_algorithm_name(look->algorithm).at) == JWT_ALG_INVAL) return OPINION_ALG_UNKNOWN;
    if (!libjwt_decodes(token, BYTES_ABSENT))
        return look->payload == NULL || typ == NULL ? OPINION_UNREADABLE : OPINION_TYP_REFUSED;
    if (!jwk_write_pem(look->key, look->algorithm, &pem)) return OPINION_BAD;
    return libjwt_decodes(token, text_bytes(&pem)) ? OPINION_GOOD : OPINION_BAD;
}

static void say_opinions(struct look *look, bool good)
{
    enum opinion libjwt = ask_libjwt(look);
    bool agreed = libjwt != (good ? OPINION_BAD : OPINION_GOOD);
    struct text words = words_of(look, good ? BYTES("it is the key's, ") : BYTES("it is not the key's, "));
    text_put(&words, BYTES("by Hydrant's own verification"));
    switch (libjwt) {
    case OPINION_GOOD:
        text_put(&words, agreed ? BYTES(" and by libjwt's") : BYTES(", but libjwt says that it is"));
        break;
    case OPINION_BAD:
        text_put(&words, agreed ? BYTES(" and by libjwt's") : BYTES(", but libjwt says that it is not"));
        break;
    case OPINION_ALG_UNKNOWN: text_put(&words, BYTES(" alone: this libjwt does not know the algorithm")); break;
    case OPINION_TYP_REFUSED: text_put(&words, BYTES(" alone: this libjwt takes no typ but JWT")); break;
    case OPINION_UNREADABLE: text_put(&words, BYTES(" alone: this libjwt can't take the token apart")); break;
    }
    settle(look, CHECK_SIGNATURE, good && agreed ? CHECK_OK : CHECK_FAILED, &words);
}

static void check_signature(struct look *look)
{
    if (look->header == NULL) return say(look, CHECK_SIGNATURE, CHECK_NOT_ASKED, "the token could not be taken apart");
    if (look->key == NULL) return say(look, CHECK_SIGNATURE, CHECK_NOT_ASKED, "there is no key to check it with");
    if (!look->known_algorithm)
        return say(look, CHECK_SIGNATURE, CHECK_NOT_ASKED, "there is no algorithm to check it with");
    switch (jwk_check_signature(look->key, look->algorithm, look->jws.signed_part, look->jws.signature)) {
    case JWK_UNFIT:
        return say(look, CHECK_SIGNATURE, CHECK_FAILED,
                   "what the set has under this kid is no public key for this algorithm");
    case JWK_GOOD: return say_opinions(look, true);
    case JWK_BAD_SIGNATURE: return say_opinions(look, false);
    }
}

/* ---- typ, iss, aud ---- */

/* `the token says x, asked for y`, or x alone */
static void settle_value(struct look *look, enum check_index index, const struct json *value, struct bytes asked,
                         bool good)
{
    struct text words = words_of(look, BYTES(""));
    if (bytes_present(asked) && !good) text_put(&words, BYTES("the token says "));
    put_shown_value(&words, value);
    if (bytes_present(asked) && !good) {
        text_put(&words, BYTES("; asked for "));
        put_shown(&words, asked);
    }
    settle(look, index, !bytes_present(asked) ? CHECK_NOT_ASKED : good ? CHECK_OK : CHECK_FAILED, &words);
}

/* RFC 7515 4.1.9: a media type, whose case does not count, application/ being left out */
static struct bytes media_type(struct bytes typ)
{
    struct bytes prefix = BYTES("application/");
    bool whole = typ.len > prefix.len && strncasecmp(typ.at, prefix.at, prefix.len) == 0;
    return whole ? (struct bytes){typ.at + prefix.len, typ.len - prefix.len} : typ;
}

static void check_typ(struct look *look)
{
    const struct json *typ = json_find(look->header, "typ");
    struct bytes asked = look->question->type;
    if (look->header == NULL) return say(look, CHECK_TYP, CHECK_NOT_ASKED, "there is no header to read it from");
    bool good = json_is(typ, JSON_STRING) && bytes_equal_nocase(media_type(typ->text), media_type(asked));
    settle_value(look, CHECK_TYP, typ, asked, good);
}

/* RFC 8725 3.8, RFC 9068 4: exactly, letter for letter */
static void check_iss(struct look *look)
{
    const struct json *iss = claim(look, "iss");
    settle_value(look, CHECK_ISS, iss, look->question->issuer,
                 json_is(iss, JSON_STRING) && bytes_equal(iss->text, look->question->issuer));
}

/* RFC 7519 4.1.3: one text, or a list of them */
static void check_aud(struct look *look)
{
    const struct json *aud = claim(look, "aud");
    struct bytes asked = look->question->audience;
    bool good = json_is(aud, JSON_STRING) && bytes_equal(aud->text, asked);
    for (const struct json *one = json_is(aud, JSON_ARRAY) ? aud->first : NULL; one != NULL; one = one->next)
        good = good || (json_is(one, JSON_STRING) && bytes_equal(one->text, asked));
    settle_value(look, CHECK_AUD, aud, asked, good);
}

/* ---- exp, nbf, iat ---- */

/* what is wrong with a moment that is there; NULL: nothing */
static const char *wrong_with(const struct look *look, enum check_index index, int64_t at_ms)
{
    int64_t now_ms = look->question->now_ms, leeway_ms = look->question->leeway_ms;
    if (index == CHECK_EXP) return now_ms >= at_ms + leeway_ms ? "it is over" : NULL;
    if (at_ms <= now_ms + leeway_ms) return NULL;
    return index == CHECK_NBF ? "it has not begun" : "it lies ahead: the issuer's clock or this one is wrong";
}

static void check_time(struct look *look, enum check_index index)
{
    const struct json *value = claim(look, check_name(index));
    struct text words = words_of(look, BYTES(""));
    int64_t at_ms;
    /* RFC 9068 2.2: exp and iat are required; a token without an end is one that nobody can take back */
    if (value == NULL && index == CHECK_EXP) return say(look, index, CHECK_FAILED, "the token has no end");
    if (value == NULL) return say(look, index, CHECK_NOT_ASKED, "none");
    if (!numeric_date_read(value, &at_ms)) {
        put_shown_value(&words, value);
        text_put(&words, BYTES(" is no number of seconds since 1970"));
        return settle(look, index, CHECK_FAILED, &words);
    }
    const char *wrong = wrong_with(look, index, at_ms);
    put_moment(&words, at_ms, look->question->now_ms);
    if (wrong == NULL) return settle(look, index, CHECK_OK, &words);
    text_put_format(&words, ": %s (leeway ", wrong);
    put_span(&words, look->question->leeway_ms);
    text_put_char(&words, ')');
    settle(look, index, CHECK_FAILED, &words);
}

static void check_claims(struct look *look)
{
    if (look->payload == NULL) {
        for (enum check_index i = CHECK_ISS; i < CHECKS_LEN; i++)
            say(look, i, CHECK_NOT_ASKED, "there is no payload to read it from");
        return;
    }
    check_iss(look);
    check_aud(look);
    for (enum check_index i = CHECK_EXP; i < CHECKS_LEN; i++) check_time(look, i);
}

void token_verify(const struct token_question *question, struct arena *arena, struct token_report *report)
{
    struct look look = {.question = question, .arena = arena, .report = report};
    *report = (struct token_report){.failed_count = 0};
    check_parsed(&look);
    check_kid(&look);
    check_alg(&look);
    check_signature(&look);
    check_typ(&look);
    check_claims(&look);
}
