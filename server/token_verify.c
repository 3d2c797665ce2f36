#include "server/token_verify.h"

#include <jwt.h>
#include <strings.h>

#include "base/encoding.h"
#include "keys/jwk.h"
#include "keys/jws.h"
#include "server/token_set.h"
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
    bool key_may_verify;          /* with key */
};

const char *check_name(enum check_index index)
{
    static const char *const names[CHECKS_LEN] = {"parsed", "crit", "alg", "kid", "key", "signature",
                                                  "typ",    "iss",  "aud", "exp", "nbf", "iat"};
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
static const struct json *parse_part(struct look *look, struct bytes text, size_t size_max, struct fault *fault)
{
    const struct json_limits limits = {.size_max = size_max, .unique_names = true};
    const struct json *part = json_parse(look->arena, text, &limits, fault);
    if (part == NULL || json_is(part, JSON_OBJECT)) return part;
    fault_set(fault, FAULT_INPUT, "token", "it is no JSON object");
    return NULL;
}

/* of a JWE: how it is encrypted */
static void put_encryption(struct look *look, struct text *words)
{
    char header[JWS_HEADER_MAX];
    size_t len;
    struct fault fault;
    struct bytes token = look->question->token, first = {token.at, bytes_find(token, '.')};
    if (!base64url_decode(first, header, sizeof header, &len)) return;
    const struct json *json = parse_part(look, (struct bytes){header, len}, sizeof header, &fault);
    if (json_find(json, "enc") == NULL) return;
    text_put(words, BYTES("; its alg is "));
    put_value(words, json_find(json, "alg"));
    text_put(words, BYTES(", its enc "));
    put_value(words, json_find(json, "enc"));
}

static void say_no_jws(struct look *look, const struct fault *fault)
{
    const char *mistake = mistake_in(look->question->token);
    struct text words = words_of(look, bytes_of(mistake != NULL ? mistake : fault->what));
    if (mistake == NULL) put_encryption(look, &words);
    settle(look, CHECK_PARSED, CHECK_FAILED, &words);
}

static void check_parsed(struct look *look)
{
    struct fault of_header, of_payload;
    struct text words = words_of(look, BYTES(""));
    if (!jws_parse(look->question->token, look->arena, &look->jws, &of_header)) return say_no_jws(look, &of_header);
    look->header = parse_part(look, look->jws.header, JWS_HEADER_MAX, &of_header);
    look->payload = parse_part(look, look->jws.payload, JWS_MAX, &of_payload);
    bool good = look->header != NULL && look->payload != NULL;
    if (good) text_put(&words, BYTES("three parts; header and payload are JSON objects"));
    if (look->header == NULL) text_put_format(&words, "header: %s", of_header.what);
    if (look->payload == NULL)
        text_put_format(&words, "%spayload: %s", look->header == NULL ? "; " : "", of_payload.what);
    settle(look, CHECK_PARSED, good ? CHECK_OK : CHECK_FAILED, &words);
}

/* RFC 7515 4.1.11, RFC 7797 3: what crit lists must be understood, and b64 changes what is signed; no extension is
 * understood here */
static void check_crit(struct look *look)
{
    const struct json *crit = json_find(look->header, "crit"), *b64 = json_find(look->header, "b64");
    struct text words = words_of(look, BYTES("crit is "));
    if (look->header == NULL) return say(look, CHECK_CRIT, CHECK_NOT_ASKED, "there is no header to read it from");
    if (crit == NULL && b64 == NULL) return say(look, CHECK_CRIT, CHECK_OK, "none");
    put_value(&words, crit);
    text_put(&words, BYTES(", b64 is "));
    put_value(&words, b64);
    text_put(&words,
             BYTES(": a reader must understand the extension or refuse the token, and none is understood here"));
    settle(look, CHECK_CRIT, CHECK_FAILED, &words);
}

/* ---- alg, kid, key, signature ---- */

static void check_kid(struct look *look)
{
    const struct json *kid = json_find(look->header, "kid");
    struct text words = words_of(look, BYTES(""));
    if (look->header == NULL) return say(look, CHECK_KID, CHECK_NOT_ASKED, "there is no header to read it from");
    if (!json_is(kid, JSON_STRING)) return say(look, CHECK_KID, CHECK_FAILED, "the header names no key");
    const struct key_wish wish = {kid->text, json_find(look->header, "alg"), &look->jws};
    look->key = token_set_find(look->question->keys, &wish);
    put_value(&words, kid);
    text_put(&words, look->key != NULL ? BYTES(" is in the set") : BYTES(" is not in the set"));
    put_kids(&words, look->question->keys);
    settle(look, CHECK_KID, look->key != NULL ? CHECK_OK : CHECK_FAILED, &words);
}

static void check_key(struct look *look)
{
    struct text words = words_of(look, BYTES("")), given = words_of(look, BYTES("; it "));
    if (look->key == NULL) return say(look, CHECK_KEY, CHECK_NOT_ASKED, "there is none to look at");
    look->key_may_verify = key_may_verify(look->key, &words);
    /* the signature of a key that anyone can use says nothing of who signed */
    bool given_away = key_is_given_away(look->key, &given);
    if (given_away) text_put(&words, text_bytes(&given));
    settle(look, CHECK_KEY, look->key_may_verify && !given_away ? CHECK_OK : CHECK_FAILED, &words);
}

static void check_alg(struct look *look)
{
    const struct json *alg = json_find(look->header, "alg");
    struct text words = words_of(look, BYTES(""));
    if (look->header == NULL) return say(look, CHECK_ALG, CHECK_NOT_ASKED, "there is no header to read it from");
    look->known_algorithm = key_algorithm_parse(json_string(alg), &look->algorithm);
    put_value(&words, alg);
    if (!look->known_algorithm) {
        text_put(&words, BYTES(" is not allowed; allowed are: " KEY_ALGORITHM_NAMES));
        return settle(look, CHECK_ALG, CHECK_FAILED, &words);
    }
    if (key_is_for(look->key, alg)) return settle(look, CHECK_ALG, CHECK_OK, &words);
    look->known_algorithm = false;
    text_put(&words, BYTES(" says the token, but its key is for "));
    put_value(&words, json_find(look->key, "alg"));
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

static void say_unfit(struct look *look)
{
    struct text words = words_of(look, BYTES("what the set has under this kid is no public key for "));
    text_put(&words, key_algorithm_name(look->algorithm));
    text_put(&words, BYTES(": its kty is "));
    put_value(&words, json_find(look->key, "kty"));
    text_put(&words, BYTES(", its crv "));
    put_value(&words, json_find(look->key, "crv"));
    settle(look, CHECK_SIGNATURE, CHECK_FAILED, &words);
}

/* what there is no checking without; NULL: all is there */
static const char *what_lacks(const struct look *look)
{
    if (look->header == NULL) return "the token could not be taken apart";
    if (look->key == NULL) return "there is no key to check it with";
    if (!look->known_algorithm) return "there is no algorithm to check it with";
    return look->key_may_verify ? NULL : "its key may not verify signatures";
}

static void check_signature(struct look *look)
{
    const char *lacking = what_lacks(look);
    if (lacking != NULL) return say(look, CHECK_SIGNATURE, CHECK_NOT_ASKED, lacking);
    switch (jwk_check_signature(look->key, look->algorithm, look->jws.signed_part, look->jws.signature)) {
    case JWK_UNFIT: return say_unfit(look);
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
    put_value(&words, value);
    if (bytes_present(asked) && !good) {
        text_put(&words, BYTES("; asked for "));
        put_quoted(&words, asked);
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
        put_value(&words, value);
        text_put(&words, BYTES(" is no number of seconds since 1970, up to 9999 (RFC 7519 2)"));
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
    *report = (struct token_report){.remarks = token_set_remarks(question->keys, arena)};
    check_parsed(&look);
    check_crit(&look);
    check_kid(&look);
    check_alg(&look);
    check_key(&look);
    check_signature(&look);
    check_typ(&look);
    check_claims(&look);
}
