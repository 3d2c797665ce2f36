/* The checks on tokens that a ring of ours signs; the rest is in tests/http/test_token_commands.py. */
#include "server/token_verify.h"

#include "base/text.h"
#include "unit/keys/fixture.h"
#include "unit/test.h"

static const int64_t NOW_MS = 1764000000000;

static struct arena arena;
static struct keyring *ring;
static const struct json *keys;

static struct bytes sign(enum key_algorithm algorithm, const char *typ, const char *payload)
{
    struct text out;
    struct fault fault;
    struct signer *signer = signer_create();
    struct signing signing = {algorithm, bytes_of(typ), bytes_of(payload)};
    text_init(&out, &arena, 512);
    CHECK(signer_sign(signer, ring, &signing, &out, &fault));
    signer_destroy(signer);
    return text_bytes(&out);
}

static struct token_report ask(struct token_question question)
{
    struct token_report report;
    question.keys = keys;
    question.now_ms = NOW_MS;
    token_verify(&question, &arena, &report);
    return report;
}

static struct token_report ask_payload(const char *payload)
{
    return ask((struct token_question){.token = sign(KEY_ES256, "at+jwt", payload),
                                       .issuer = BYTES("https://a.test"),
                                       .audience = BYTES("b"),
                                       .type = BYTES("at+jwt"),
                                       .leeway_ms = 60000});
}

static bool only_fails(const struct token_report *report, enum check_index index, const char *words)
{
    return report->failed_count == 1 && report->checks[index].outcome == CHECK_FAILED &&
           bytes_contain(report->checks[index].words, bytes_of(words));
}

static bool payload_fails(const char *payload, enum check_index index, const char *words)
{
    struct token_report report = ask_payload(payload);
    return only_fails(&report, index, words);
}

#define GOOD "\"iss\":\"https://a.test\",\"aud\":[\"a\",\"b\"]"

static void check_good(enum key_algorithm algorithm, const char *typ, const char *opinion)
{
    struct token_report report = ask((struct token_question){.token = sign(algorithm, typ, "{\"exp\":1764000900}")});
    CHECK(report.failed_count == 0 && report.checks[CHECK_SIGNATURE].outcome == CHECK_OK);
    CHECK(bytes_contain(report.checks[CHECK_SIGNATURE].words, bytes_of(opinion)));
    CHECK(report.checks[CHECK_ISS].outcome == CHECK_NOT_ASKED && report.checks[CHECK_TYP].outcome == CHECK_NOT_ASKED);
}

static void check_times(void)
{
    CHECK(ask_payload("{" GOOD ",\"exp\":1763999941}").failed_count == 0);
    CHECK(payload_fails("{" GOOD ",\"exp\":1763999940}", CHECK_EXP,
                        "2025-11-24T15:59:00Z, 1m ago: it is over (leeway 1m)"));
    CHECK(payload_fails("{" GOOD "}", CHECK_EXP, "the token has no end"));
    CHECK(payload_fails("{" GOOD ",\"exp\":\"x\"}", CHECK_EXP,
                        "\"x\" is no number of seconds since 1970, up to 9999 (RFC 7519 2)"));
    CHECK(ask_payload("{" GOOD ",\"exp\":1764000900,\"nbf\":1764000060,\"iat\":1764000060}").failed_count == 0);
    CHECK(payload_fails("{" GOOD ",\"exp\":1764000900,\"nbf\":1764000061}", CHECK_NBF, "it has not begun"));
    CHECK(payload_fails("{" GOOD ",\"exp\":1764000900,\"iat\":1764000061}", CHECK_IAT, "it lies ahead"));
    CHECK(ask_payload("{" GOOD ",\"exp\":1763999940.001,\"nbf\":1.76400006e9,\"iat\":17640000599e-1}").failed_count ==
          0);
    CHECK(payload_fails("{" GOOD ",\"exp\":1.76399994e9}", CHECK_EXP, "1m ago: it is over"));
    CHECK(payload_fails("{" GOOD ",\"exp\":1764000900,\"nbf\":1764000060.001}", CHECK_NBF,
                        "2025-11-24T16:01:00.001Z, in 1m: it has not begun"));
}

static void check_values(void)
{
    CHECK(payload_fails("{\"iss\":\"https://a.test/\",\"aud\":\"b\",\"exp\":1764000900}", CHECK_ISS,
                        "the token says \"https://a.test/\"; asked for \"https://a.test\""));
    CHECK(payload_fails("{\"iss\":\"https://a.test\",\"aud\":\"B\",\"exp\":1764000900}", CHECK_AUD,
                        "the token says \"B\"; asked for \"b\""));
    CHECK(payload_fails("{\"iss\":\"https://a.test\",\"exp\":1764000900}", CHECK_AUD, "the token says none"));
    CHECK(
        payload_fails("{\"iss\":\"https://a.test\",\"aud\":[[\"b\"],7],\"exp\":1764000900}", CHECK_AUD, "[[\"b\"],7]"));
}

/* the token with another header; its signature is nobody's then */
static struct bytes with_header(struct bytes token, const char *header)
{
    struct text out;
    size_t dot = bytes_find(token, '.');
    text_init(&out, &arena, 512);
    text_put_base64url(&out, header, strlen(header));
    text_put(&out, (struct bytes){token.at + dot, token.len - dot});
    return text_bytes(&out);
}

static void check_extension(void)
{
    struct token_question question = {.token = sign(KEY_ES256, "at+jwt", "{\"exp\":1764000900}")};
    question.token = with_header(question.token, "{\"alg\":\"ES256\",\"kid\":\"a\",\"crit\":[\"\\u001b\"]}");
    struct token_report report = ask(question);
    CHECK(report.failed_count == 2 && report.checks[CHECK_PARSED].outcome == CHECK_OK);
    CHECK(report.checks[CHECK_CRIT].outcome == CHECK_FAILED && report.checks[CHECK_KID].outcome == CHECK_FAILED);
    CHECK(bytes_start_with(report.checks[CHECK_CRIT].words, BYTES("crit is [\"\\u001b\"], b64 is none: ")));
    CHECK(report.checks[CHECK_ALG].outcome == CHECK_OK && report.checks[CHECK_EXP].outcome == CHECK_OK);
    question.token = with_header(question.token, "{\"alg\":\"ES256\",\"kid\":\"a\",\"b64\":false}");
    report = ask(question);
    CHECK(bytes_start_with(report.checks[CHECK_CRIT].words, BYTES("crit is none, b64 is false: ")));
    question.token = with_header(question.token, "{\"alg\":\"ES256\",\"kid\":\"a\"}");
    report = ask(question);
    CHECK(report.checks[CHECK_CRIT].outcome == CHECK_OK && bytes_equal(report.checks[CHECK_CRIT].words, BYTES("none")));
}

/* the ring's keys, each with these members before its own */
static const struct json *keys_with(const char *members)
{
    struct text out;
    struct bytes set = keyring_jwks(ring).json;
    text_init(&out, &arena, set.len);
    for (size_t i = 0; i < set.len; i++) {
        text_put_char(&out, set.at[i]);
        if (i > 0 && set.at[i] == '{') text_put(&out, bytes_of(members));
    }
    return json_find(json_parse(&arena, text_bytes(&out), &(struct json_limits){1 << 20, true}, NULL), "keys");
}

static struct token_report ask_keys(const char *members)
{
    const struct json *before = keys;
    keys = keys_with(members);
    struct token_report report =
        ask((struct token_question){.token = sign(KEY_ES256, "at+jwt", "{\"exp\":1764000900}")});
    keys = before;
    return report;
}

static void check_key(void)
{
    struct token_report report = ask_keys("");
    CHECK(report.failed_count == 0 && report.remarks == NULL);
    report = ask_keys("\"key_ops\":[\"verify\"],\"x5c\":[7],");
    CHECK(report.failed_count == 0 && report.remarks == NULL);
    report = ask_keys("\"key_ops\":[\"sign\"],");
    CHECK(only_fails(&report, CHECK_KEY, "its key_ops [\"sign\"]: \"verify\" is not among them"));
    CHECK(bytes_equal(report.checks[CHECK_SIGNATURE].words, BYTES("its key may not verify signatures")));
    report = ask_keys("\"d\":\"AA\",");
    CHECK(only_fails(&report, CHECK_KEY, "; it holds its private part, d: this set gives it away."));
    CHECK(report.checks[CHECK_SIGNATURE].outcome == CHECK_OK && report.remarks != NULL);
}

static void check_mistake(const char *token, const char *words)
{
    struct token_report report = ask((struct token_question){.token = bytes_of(token)});
    CHECK(only_fails(&report, CHECK_PARSED, words));
}

static void check_mistakes(void)
{
    check_mistake("hrt_AAAA", "a refresh token of Hydrant");
    check_mistake("Bearer a.b.c", "the word Bearer");
    /* {"alg":"dir","enc":"A256GCM"}, {"alg":"dir"}, and no JSON */
    check_mistake("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AA.AA.AA",
                  "five make a JWE, which is encrypted); its alg is \"dir\", its enc \"A256GCM\"");
    check_mistake("eyJhbGciOiJkaXIifQ..AA.AA.AA", "which is encrypted)");
    check_mistake("A..AA.AA.AA", "which is encrypted)");
}

int main(void)
{
    struct key_material rows[KEY_ALGORITHM_COUNT];
    arena_init(&arena, 16 << 20);
    for (enum key_algorithm a = 0; a < KEY_ALGORITHM_COUNT; a++) rows[a] = fixture_key(a, 0, 5, &arena);
    ring = fixture_ring(rows, KEY_ALGORITHM_COUNT);
    keys = json_find(json_parse(&arena, keyring_jwks(ring).json, &(struct json_limits){1 << 20, true}, NULL), "keys");
    TEST("libjwt is asked where it knows the algorithm, and it is said where it could not be")
    {
        check_good(KEY_ES256, "JWT", "by Hydrant's own verification and by libjwt's");
        check_good(KEY_ES384, "JWT", "by Hydrant's own verification and by libjwt's");
        check_good(KEY_RS256, "JWT", "by Hydrant's own verification and by libjwt's");
        check_good(KEY_PS256, "JWT", "by Hydrant's own verification alone: this libjwt does not know the algorithm");
        check_good(KEY_EDDSA, "at+jwt", "by Hydrant's own verification alone: this libjwt does not know the algorithm");
    }
    TEST("RFC 9068 4: exp, nbf and iat are held against the time, to the second and with the leeway") check_times();
    TEST("RFC 9068 4: iss letter for letter, one of aud, and the words say both values") check_values();
    TEST("typ is a media type: its case and application/ do not count")
    {
        struct token_question question = {.token = sign(KEY_ES256, "at+jwt", "{\"exp\":1764000900}")};
        question.type = BYTES("application/AT+JWT");
        CHECK(ask(question).failed_count == 0);
        question.type = BYTES("JWT");
        struct token_report report = ask(question);
        CHECK(only_fails(&report, CHECK_TYP, "the token says \"at+jwt\"; asked for \"JWT\""));
        question.token = sign(KEY_ES256, "application/", "{\"exp\":1764000900}");
        question.type = BYTES("");
        CHECK(ask(question).failed_count == 1);
    }
    TEST("RFC 7515 4.1.11: an extension fails by itself, and the other checks are made all the same") check_extension();
    TEST("RFC 7517 4.3, 9.2: a key that may not verify, or is given away, fails by itself") check_key();
    TEST("what is given in place of an access token is told") check_mistakes();
    TEST("a token that can't be taken apart fails once; nothing else is asked")
    {
        struct token_report report = ask((struct token_question){.token = BYTES("a.b"), .issuer = BYTES("x")});
        CHECK(only_fails(&report, CHECK_PARSED, "2 parts"));
        for (enum check_index i = CHECK_CRIT; i < CHECKS_LEN; i++) {
            CHECK(report.checks[i].outcome == CHECK_NOT_ASKED && report.checks[i].words.len > 0);
            CHECK(strcmp(check_name(i), check_name(CHECK_PARSED)) != 0);
        }
    }
    TEST("every outcome has a word")
    CHECK(strcmp(check_outcome_name(CHECK_OK), "ok") == 0 && strcmp(check_outcome_name(CHECK_FAILED), "FAILED") == 0 &&
          strcmp(check_outcome_name(CHECK_NOT_ASKED), "not asked") == 0);
    keyring_release(ring);
    arena_release(&arena);
    return TEST_END();
}
