#include "server/token_set.h"

#include "base/encoding.h"
#include "unit/keys/vectors.h"
#include "unit/test.h"

static struct arena arena;

static const struct json *parse(const char *text)
{
    const struct json *json = json_parse(&arena, bytes_of(text), &(struct json_limits){1 << 20, true}, NULL);
    CHECK(json != NULL);
    return json;
}

/* ---- what a key may do ---- */

static void check_may(const char *key, bool expected, const char *words)
{
    struct text said;
    text_init(&said, &arena, 64);
    CHECK(key_may_verify(parse(key), &said) == expected);
    CHECK_BYTES(text_bytes(&said), bytes_of(words));
}

static void check_use_and_key_ops(void)
{
    check_may("{}", true, "its use is none, its key_ops none");
    check_may("{\"use\":\"sig\"}", true, "its use is \"sig\", its key_ops none");
    check_may("{\"key_ops\":[\"verify\"]}", true, "its use is none, its key_ops [\"verify\"]");
    check_may("{\"use\":\"sig\",\"key_ops\":[\"sign\",\"verify\"]}", true,
              "its use is \"sig\", its key_ops [\"sign\",\"verify\"]");
    check_may("{\"use\":\"enc\"}", false,
              "its use is \"enc\", its key_ops none: it is not for signatures (RFC 7517 4.2)");
    check_may("{\"use\":\"SIG\"}", false,
              "its use is \"SIG\", its key_ops none: it is not for signatures (RFC 7517 4.2)");
    check_may("{\"use\":[\"sig\"]}", false,
              "its use is [\"sig\"], its key_ops none: it is not for signatures (RFC 7517 4.2)");
    check_may("{\"key_ops\":[\"sign\"]}", false,
              "its use is none, its key_ops [\"sign\"]: \"verify\" is not among them (RFC 7517 4.3)");
    check_may("{\"key_ops\":[]}", false,
              "its use is none, its key_ops []: \"verify\" is not among them (RFC 7517 4.3)");
    check_may("{\"key_ops\":\"verify\"}", false,
              "its use is none, its key_ops \"verify\": \"verify\" is not among them (RFC 7517 4.3)");
    check_may("{\"key_ops\":[\"Verify\",[\"verify\"]]}", false,
              "its use is none, its key_ops [\"Verify\",[\"verify\"]]: \"verify\" is not among them (RFC 7517 4.3)");
    check_may("{\"use\":\"sig\",\"key_ops\":[\"verify\",\"encrypt\"]}", false,
              "its use is \"sig\", its key_ops [\"verify\",\"encrypt\"]: the two say different things (RFC 7517 4.3)");
    check_may("{\"use\":\"\\u001b[2J\",\"key_ops\":[\"verify\"]}", false,
              "its use is \"\\u001b[2J\", its key_ops [\"verify\"]: it is not for signatures (RFC 7517 4.2)");
}

/* ---- remarks ---- */

static struct bytes remarks(const char *keys)
{
    struct text out;
    text_init(&out, &arena, 256);
    for (const struct set_remark *r = token_set_remarks(parse(keys), &arena); r != NULL; r = r->next) {
        text_put(&out, r->words);
        text_put_char(&out, '\n');
    }
    return text_bytes(&out);
}

#define GIVEN_AWAY                                                                                                     \
    ": this set gives it away. Whoever has read it signs as the issuer does: take the key out of use (RFC 7517 9.2)"

static void check_private(void)
{
    CHECK_BYTES(remarks("[" EC_JWK(ES256_X, ES256_Y) "]"), BYTES(""));
    CHECK_BYTES(remarks("[{\"kty\":\"EC\",\"kid\":\"a\",\"d\":\"AQAB\"}]"),
                BYTES("key 1 (kid \"a\") holds its private part, d" GIVEN_AWAY "\n"));
    CHECK_BYTES(remarks("[{},{\"kty\":\"RSA\",\"oth\":[],\"p\":\"\",\"q\":1,\"n\":\"AQAB\",\"dp\":\"\"}]"),
                BYTES("key 2 (kid none) holds its private part, oth, p, q, dp" GIVEN_AWAY "\n"));
    CHECK_BYTES(remarks("[{\"kty\":\"oct\",\"k\":\"AQAB\"}]"),
                BYTES("key 1 (kid none) holds its private part, k" GIVEN_AWAY "\n"));
    CHECK_BYTES(remarks("[{\"kty\":\"EC\",\"d\":null,\"D\":\"a\",\"d p\":\"a\",\"\":\"a\"}]"), BYTES(""));
}

/* with so many different ones, and no use */
static const char *key_with_ops(size_t count)
{
    struct text t;
    text_init(&t, &arena, 512);
    text_put(&t, BYTES("[{\"key_ops\":["));
    for (size_t i = 0; i < count; i++) text_put_format(&t, "%s\"%zu\"", i > 0 ? "," : "", i);
    text_put(&t, BYTES("]}]"));
    return text_bytes(&t).at;
}

static void check_others(void)
{
    CHECK_BYTES(remarks("[]"), BYTES(""));
    CHECK_BYTES(
        remarks("[7,{},null,\"a\"]"),
        BYTES("key 1 is no JSON object: left out\nkey 3 is no JSON object: left out\nkey 4 is no JSON object: left "
              "out\n"));
    CHECK_BYTES(remarks("[{\"kid\":\"a\",\"use\":\"enc\",\"key_ops\":[\"verify\"]}]"),
                BYTES("key 1 (kid \"a\"): its use \"enc\" and its key_ops [\"verify\"] say different things (RFC 7517 "
                      "4.3)\n"));
    CHECK_BYTES(
        remarks("[{\"use\":\"sig\",\"key_ops\":[\"verify\",\"sign\"]},{\"use\":\"enc\",\"key_ops\":[\"wrapKey\"]},{"
                "\"use\":\"own\",\"key_ops\":[\"verify\"]}]"),
        BYTES(""));
    CHECK_BYTES(remarks("[{\"key_ops\":[\"verify\",\"verify\"]},{\"key_ops\":7}]"),
                BYTES("key 1 (kid none): its key_ops [\"verify\",\"verify\"] are no list of different words, 64 at "
                      "most (RFC 7517 4.3)\n"
                      "key 2 (kid none): its key_ops 7 are no list of different words, 64 at most (RFC 7517 4.3)\n"));
    CHECK_BYTES(remarks(key_with_ops(64)), BYTES(""));
    CHECK(bytes_contain(remarks(key_with_ops(65)), BYTES("64 at most")));
    CHECK_BYTES(
        remarks("[{\"kid\":\"a\"},{\"kid\":\"b\"},{\"kid\":\"a\"},{},{},{\"kid\":\"a\"}]"),
        BYTES("keys 1 and 3 have the same kid, \"a\": other readers may take another than this one does (RFC 7517 "
              "4.5)\nkeys 3 and 6 have the same kid, \"a\": other readers may take another than this one does (RFC "
              "7517 4.5)\n"));
}

/* ---- which key a token asks for ---- */

/* RFC 7515 A.3's token, ES256 */
static struct jws es256_jws(void)
{
    struct jws jws;
    CHECK(jws_parse(BYTES(ES256_INPUT "." ES256_SIGNATURE), &arena, &jws, NULL));
    return jws;
}

/* the place in the list, from 1; 0: none */
static size_t place_of(const char *keys, const char *kid, const char *alg)
{
    size_t place = 1;
    struct jws jws = es256_jws();
    const struct json *list = parse(keys);
    const struct key_wish wish = {bytes_of(kid), parse(alg), &jws};
    const struct json *found = token_set_find(list, &wish);
    if (found == NULL) return 0;
    for (const struct json *key = list->first; key != found; key = key->next) place++;
    return place;
}

#define COORDINATES "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" ES256_X "\",\"y\":\"" ES256_Y "\""
#define OTHER_COORDINATES "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7517_EC_X "\",\"y\":\"" RFC7517_EC_Y "\""

static void check_found(void)
{
    CHECK(place_of("[{\"kid\":\"b\"},{\"kid\":\"a\"}]", "a", "\"ES256\"") == 2);
    CHECK(place_of("[{\"kid\":\"b\"},{\"kid\":5},7,{}]", "a", "\"ES256\"") == 0);
    CHECK(place_of("[{},{\"kid\":5},7]", "", "\"ES256\"") == 0 && place_of("[{\"kid\":\"\"}]", "", "\"ES256\"") == 1);
    CHECK(place_of("[]", "a", "\"ES256\"") == 0);
}

static void check_of_several(void)
{
    CHECK(place_of("[{\"kid\":\"a\",\"alg\":\"RS256\"},{\"kid\":\"a\",\"alg\":\"ES256\"}]", "a", "\"ES256\"") == 2);
    CHECK(place_of("[{\"kid\":\"a\",\"alg\":\"RS256\"},{\"kid\":\"a\"},{\"kid\":\"a\"}]", "a", "\"ES256\"") == 2);
    CHECK(place_of("[{\"kid\":\"a\",\"use\":\"enc\"},{\"kid\":\"a\",\"use\":\"sig\"}]", "a", "\"ES256\"") == 2);
    CHECK(place_of("[{\"kid\":\"a\",\"kty\":\"RSA\"},{\"kid\":\"a\"," OTHER_COORDINATES "}]", "a", "\"ES256\"") == 2);
    CHECK(place_of("[{\"kid\":\"a\"," OTHER_COORDINATES "},{\"kid\":\"a\"," COORDINATES "}]", "a", "\"ES256\"") == 2);
    CHECK(place_of("[{\"kid\":\"a\"," COORDINATES "},{\"kid\":\"a\"," COORDINATES "}]", "a", "\"ES256\"") == 1);
    /* a signature that fits is worth nothing where the key is for another algorithm, or not for signatures */
    CHECK(place_of("[{\"kid\":\"a\",\"alg\":\"ES256\"," OTHER_COORDINATES
                   "},{\"kid\":\"a\",\"alg\":\"RS256\"," COORDINATES
                   "},{\"kid\":\"a\",\"key_ops\":[\"sign\"]," COORDINATES "}]",
                   "a", "\"ES256\"") == 1);
    CHECK(place_of("[{\"kid\":\"a\",\"alg\":\"x\"},{\"kid\":\"a\"}]", "a", "\"x\"") == 1);
    CHECK(place_of("[{\"kid\":\"a\"},{\"kid\":\"a\"," COORDINATES "}]", "a", "[\"ES256\"]") == 1);
}

static void check_key_is_for(void)
{
    CHECK(key_is_for(parse("{}"), parse("\"ES256\"")) && key_is_for(parse("{}"), NULL));
    CHECK(key_is_for(parse("{\"alg\":\"ES256\"}"), parse("\"ES256\"")));
    CHECK(!key_is_for(parse("{\"alg\":\"ES256\"}"), parse("\"ES384\"")));
    CHECK(!key_is_for(parse("{\"alg\":5}"), parse("\"5\"")) && !key_is_for(parse("{\"alg\":5}"), parse("5")) &&
          !key_is_for(parse("{\"alg\":5}"), NULL));
    CHECK(!key_is_for(parse("{\"alg\":\"\"}"), NULL) && !key_is_for(parse("{\"alg\":null}"), parse("\"ES256\"")));
}

/* ---- RFC 7517 appendix A ---- */

static void check_rfc_7517_a_1(void)
{
    const struct json *keys = parse("[" RFC7517_EC_PUBLIC "," RFC7517_RSA_PUBLIC "]");
    struct text words;
    text_init(&words, &arena, 64);
    CHECK(token_set_remarks(keys, &arena) == NULL);
    CHECK(!key_may_verify(keys->first, &words) && key_may_verify(keys->first->next, &words));
    CHECK(!key_is_given_away(keys->first, &words) && !key_is_given_away(keys->first->next, &words));
}

static void check_rfc_7517_a_2(void)
{
    CHECK_BYTES(remarks("[" RFC7517_EC_PRIVATE "," RFC7517_RSA_PRIVATE "]"),
                BYTES("key 1 (kid \"1\") holds its private part, d" GIVEN_AWAY "\n"
                      "key 2 (kid \"2011-04-29\") holds its private part, d, p, q, dp, dq, qi" GIVEN_AWAY "\n"));
}

static void check_rfc_7517_a_3(void)
{
    CHECK_BYTES(
        remarks("[" RFC7517_OCT_128 "," RFC7517_OCT_HMAC "]"),
        BYTES("key 1 (kid none) holds its private part, k" GIVEN_AWAY "\n"
              "key 2 (kid \"HMAC key used in JWS spec Appendix A.1 example\") holds its private part, k" GIVEN_AWAY
              "\n"));
}

int main(void)
{
    arena_init(&arena, 4 << 20);
    TEST("RFC 7517 4.2, 4.3: a key verifies if use and key_ops let it, and agree") check_use_and_key_ops();
    TEST("a key whose private part stands in the set is remarked, with the members' names") check_private();
    TEST("RFC 7517 4.3, 4.5, 5: use and key_ops at odds, one kid twice and what is no key are remarked") check_others();
    TEST("a key is found by its kid, which is a text: one without is not the one of an empty kid") check_found();
    TEST("RFC 7517 4.5: of several with one kid the one that comes furthest is taken, else the first")
    check_of_several();
    TEST("RFC 8725 3.1: a key is for its own alg; one without is for any") check_key_is_for();
    TEST("RFC 7517 A.1: the public keys: no remark; the EC key is for encryption, the RSA key may verify")
    check_rfc_7517_a_1();
    TEST("RFC 7517 A.2: the private keys are given away, each by its members") check_rfc_7517_a_2();
    TEST("RFC 7517 A.3: the symmetric keys are given away") check_rfc_7517_a_3();
    TEST("the keys are named by their kids, quoted")
    {
        struct text t;
        text_init(&t, &arena, 64);
        put_kids(&t, parse("[{\"kid\":\"a\\u001b\"},{},7]"));
        CHECK_BYTES(text_bytes(&t), BYTES("; the set has 3 keys: \"a\\u001b\", none, none"));
        text_init(&t, &arena, 64);
        put_kids(&t, parse("[]"));
        CHECK_BYTES(text_bytes(&t), BYTES("; the set has 0 keys"));
    }
    arena_release(&arena);
    return TEST_END();
}
