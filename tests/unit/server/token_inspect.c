#include "server/token_inspect.h"

#include "oauth/refresh_token.h"
#include "unit/keys/fixture.h"
#include "unit/test.h"

static const int64_t NOW_MS = 1764000000000;
static struct arena arena;
static struct fault fault;

static struct bytes inspect(struct bytes token, bool as_json)
{
    struct text out;
    const struct inspection inspection = {token, NOW_MS, as_json};
    text_init(&out, &arena, 512);
    fault.what[0] = '\0';
    return token_inspect(&inspection, &out, &fault) ? text_bytes(&out) : BYTES_ABSENT;
}

static struct bytes make_jwt(const char *header, const char *payload)
{
    struct text out;
    text_init(&out, &arena, 512);
    text_put_base64url(&out, header, strlen(header));
    text_put_char(&out, '.');
    text_put_base64url(&out, payload, strlen(payload));
    text_put(&out, BYTES(".AAAA"));
    return text_bytes(&out);
}

static struct bytes make_refresh_token(void)
{
    struct system_secrets secrets = fixture_secrets();
    const struct token_binding binding = {BYTES("https://a.test"), BYTES("spa")};
    struct refresh_token token = {.mac_kid = secrets.at[0].kid, .gen = 0x01020304};
    struct text out;
    memset(token.grant_id, 0x5a, sizeof token.grant_id);
    memset(token.secret, 0x11, sizeof token.secret);
    text_init(&out, &arena, 128);
    CHECK(refresh_token_write(&secrets, &binding, &token, &out));
    return text_bytes(&out);
}

static void check_refresh_token(void)
{
    struct bytes token = make_refresh_token(), table = inspect(token, false), json = inspect(token, true);
    CHECK(bytes_start_with(table, BYTES("NOTHING HERE WAS VERIFIED")));
    CHECK(bytes_contain(table, BYTES("grant id     5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a")));
    CHECK(bytes_contain(table, BYTES("generation   16909060")) && bytes_contain(table, BYTES("version      1\n")));
    CHECK(bytes_contain(json, BYTES("\"verified\":false")) && bytes_contain(json, BYTES("\"generation\":16909060")));
    /* base64url of the secret's octets */
    CHECK(bytes_contain(token, BYTES("ERERERER")));
    CHECK(!bytes_contain(table, BYTES("ERERERER")) && !bytes_contain(json, BYTES("ERERERER")));
    CHECK(!bytes_contain(table, BYTES("1111")) && !bytes_contain(json, BYTES("1111")));
    CHECK(
        !bytes_present(inspect(
            BYTES("hrt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), false)) &&
        strstr(fault.what, "another version") != NULL);
    token.len--;
    CHECK(!bytes_present(inspect(token, false)) && strstr(fault.what, "cut off") != NULL);
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    TEST("a JWT's members are shown in their order, its times as dates, and it is said that nothing was verified")
    CHECK_BYTES(
        inspect(make_jwt("{\"alg\":\"none\"}", "{\"sub\":\"a\",\"exp\":1764000900,\"n\":[1]}"), false),
        BYTES("NOTHING HERE WAS VERIFIED: it is what the token says, and anyone can write one.\n"
              "\nheader\n  alg          \"none\"\n"
              "\npayload\n  sub          \"a\"\n  exp          1764000900 = 2025-11-24T16:15:00Z, in 15m\n  n      "
              "      [1]\n"
              "\nsignature\n  3 octets, not looked at; `hydrant token verify` does\n"));
    TEST("as JSON it says so too")
    CHECK_BYTES(inspect(make_jwt("{\"alg\":\"none\"}", "{\"iat\":1763999999,\"exp\":\"x\"}"), true),
                BYTES("{\"kind\":\"jwt\",\"verified\":false,\"header\":{\"alg\":\"none\"},\"payload\":{\"iat\":"
                      "1763999999,\"exp\":\"x\"},"
                      "\"times\":{\"iat\":\"2025-11-24T15:59:59Z, 1s ago\"},\"signature_octets\":3}\n"));
    TEST("a refresh token's grant and generation are shown, never its secret") check_refresh_token();
    TEST("what the token says can't read as words of ours, nor reach the terminal as anything but text")
    CHECK(bytes_contain(
        inspect(make_jwt("{\"alg\":\"a\\\" \\u001b[2J\\u202e\"}", "{\"exp  1\":\"none\",\"iat\":1.7e9}"), false),
        BYTES("\n  alg          \"a\\\" \\u001b[2J\\u202e\"\n"
              "\npayload\n  \"exp  1\"     \"none\"\n  iat          1.7e9 = 2023-11-14T22:13:20Z, ")));
    TEST("what is no token is refused with words")
    {
        CHECK(!bytes_present(inspect(BYTES("Bearer e30.e30.AA"), false)) && strstr(fault.what, "Bearer") != NULL);
        CHECK(!bytes_present(inspect(BYTES("a.b"), false)) && strstr(fault.what, "2 parts") != NULL);
        CHECK(!bytes_present(inspect(make_jwt("[]", "{}"), false)) &&
              strstr(fault.what, "header is no JSON object") != NULL);
        CHECK(!bytes_present(inspect(make_jwt("{}", "{"), true)) &&
              strstr(fault.what, "payload is no JSON object: ") != NULL);
    }
    arena_release(&arena);
    return TEST_END();
}
