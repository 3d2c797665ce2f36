/* The tokens that keyring_verify takes and refuses; libjwt is the second opinion. */
#include <jwt.h>
#include <openssl/pem.h>

#include <openssl/hmac.h>

#include "base/encoding.h"
#include "base/text.h"
#include "keys/jws.h"
#include "keys/ring.h"
#include "keys/signature.h"
#include "unit/keys/fixture.h"
#include "unit/keys/vectors.h"
#include "unit/test.h"

static struct arena arena;
static struct keyring *ring;
static struct bytes es_kid, es384_kid, rs_kid;

static struct bytes encode(struct bytes text)
{
    struct text out;
    text_init(&out, &arena, text.len);
    text_put_base64url(&out, text.at, text.len);
    return text_bytes(&out);
}

static struct bytes join(struct bytes a, struct bytes between, struct bytes b)
{
    struct text out;
    text_init(&out, &arena, a.len + between.len + b.len);
    text_put(&out, a);
    text_put(&out, between);
    text_put(&out, b);
    return text_bytes(&out);
}

/* a token with any header, well signed by the key of that kid */
static struct bytes sign_with(struct bytes kid, struct bytes header, struct bytes payload)
{
    const struct ring_key *key = ring_find(ring, kid);
    struct signature signature;
    struct bytes input = join(encode(header), BYTES("."), encode(payload));
    struct prepared *prepared = signature_prepare(key->row.algorithm, key->pair);
    CHECK(signature_make(prepared, input, &signature));
    signature_release(prepared);
    return join(input, BYTES("."), encode((struct bytes){(char *)signature.at, signature.len}));
}

/* the template with the kid in place of @ */
static struct bytes header_of(const char *template, struct bytes kid)
{
    struct bytes text = bytes_of(template);
    size_t at = bytes_find(text, '@');
    return join((struct bytes){text.at, at}, kid, (struct bytes){text.at + at + 1, text.len - at - 1});
}

static bool verifies(struct bytes token)
{
    struct bytes payload;
    return keyring_verify(ring, token, &arena, &payload);
}

static bool header_passes(const char *template)
{
    return verifies(sign_with(es_kid, header_of(template, es_kid), BYTES("{\"sub\":\"a\"}")));
}

#define GOOD "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"@\"}"

static void check_headers(void)
{
    CHECK(header_passes(GOOD));
    CHECK(header_passes("{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"@\"}"));
    CHECK(!header_passes("{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\",\"kid\":\"@\"}"));
    CHECK(!header_passes("{\"alg\":\"ES256\",\"kid\":\"@\"}"));
    CHECK(!header_passes("{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"@\"}"));
    CHECK(!header_passes("{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"@\"}"));
    CHECK(!header_passes("{\"alg\":\"es256\",\"typ\":\"at+jwt\",\"kid\":\"@\"}"));
    CHECK(!header_passes("{\"typ\":\"at+jwt\",\"kid\":\"@\"}"));
    CHECK(!header_passes("{\"alg\":[\"ES256\"],\"typ\":\"at+jwt\",\"kid\":\"@\"}"));
    CHECK(!header_passes("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"x@\"}"));
    CHECK(!header_passes("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"id\":\"@\"}"));
    CHECK(!header_passes("[\"@\"]"));
}

static void check_twice_and_crit(void)
{
    CHECK(!header_passes("{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"@\"}"));
    CHECK(!header_passes("{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"@\",\"alg\":\"ES256\"}"));
    CHECK(!header_passes("{\"alg\":\"ES256\",\"\\u0061lg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"@\"}"));
    CHECK(!header_passes("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"@\",\"crit\":[\"exp\"],\"exp\":1}"));
    CHECK(!header_passes("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"@\",\"crit\":[]}"));
    CHECK(!header_passes(GOOD " {}"));
    CHECK(!header_passes("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"@\",\"b64\":true}"));
    CHECK(!header_passes("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"@\",\"b64\":false}"));
    CHECK(!header_passes("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"@\",\"b64\":false,\"crit\":[\"b64\"]}"));
}

static struct bytes cut(struct bytes b, size_t from, size_t len) { return (struct bytes){b.at + from, len}; }

static void check_forms(void)
{
    struct bytes token = sign_with(es_kid, header_of(GOOD, es_kid), BYTES("{\"sub\":\"a\"}"));
    size_t dot = bytes_find(token, '.');
    struct bytes signature = cut(token, token.len - 86, 86), input = cut(token, 0, token.len - 87);
    CHECK(verifies(token));
    CHECK(!verifies(BYTES_ABSENT) && !verifies(BYTES("")) && !verifies(BYTES(".")) && !verifies(BYTES("..")));
    CHECK(!verifies(input) && !verifies(cut(token, 0, token.len - 86)));
    CHECK(!verifies(cut(token, dot, token.len - dot)) && !verifies(cut(token, dot + 1, token.len - dot - 1)));
    CHECK(!verifies(join(token, BYTES("."), BYTES_ABSENT)) && !verifies(join(token, BYTES("."), signature)));
    CHECK(!verifies(join(BYTES("."), token, BYTES_ABSENT)) && !verifies(join(input, BYTES(".."), signature)));
    CHECK(!verifies(join(token, BYTES("="), BYTES_ABSENT)) && !verifies(join(token, BYTES("=="), BYTES_ABSENT)));
    CHECK(!verifies(join(token, BYTES(" "), BYTES_ABSENT)) && !verifies(join(token, BYTES("\n"), BYTES_ABSENT)));
    CHECK(!verifies(join(BYTES(" "), token, BYTES_ABSENT)) && !verifies(join(input, BYTES(".+/"), signature)));
    CHECK(!verifies(join(input, BYTES(".A"), signature)));
}

/* 86 characters are 516 bits for 512: the last four have one right value */
static void check_last_character(void)
{
    struct bytes token = sign_with(es_kid, header_of(GOOD, es_kid), BYTES("{\"sub\":\"a\"}"));
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t passed = 0;
    for (const char *c = alphabet; *c != '\0'; c++) {
        char *other = arena_text(&arena, token);
        other[token.len - 1] = *c;
        passed += verifies((struct bytes){other, token.len});
    }
    CHECK(passed == 1);
}

static void check_sizes(void)
{
    char *filler = arena_take(&arena, 16384);
    memset(filler, ' ', 16384);
    struct bytes header = header_of(GOOD, es_kid);
    CHECK(verifies(sign_with(es_kid, header, (struct bytes){filler, 12000})));
    CHECK(!verifies(sign_with(es_kid, header, (struct bytes){filler, 12288})));
    CHECK(!verifies(sign_with(es_kid, join((struct bytes){filler, 1024}, BYTES(""), header), BYTES("{}"))));
}

static void check_bit_flips(struct bytes token)
{
    for (size_t i = 0; i < token.len; i++) {
        char *other = arena_text(&arena, token);
        other[i] = (char)(other[i] == 'A' ? 'B' : 'A');
        CHECK(!verifies((struct bytes){other, token.len}));
    }
}

/* what jws_parse says of a token that it refuses */
static const char *refusal(const char *token)
{
    static struct fault fault;
    struct jws jws;
    fault.what[0] = '\0';
    CHECK(!jws_parse(bytes_of(token), &arena, &jws, &fault) && fault.kind == FAULT_INPUT);
    return fault.what;
}

static void check_words(void)
{
    struct fault fault;
    CHECK(strstr(refusal(""), "1 part;") != NULL && strstr(refusal("a.b"), "2 parts;") != NULL);
    CHECK(strstr(refusal("a.b.c.d"), "4 parts;") != NULL && strstr(refusal("a.b.c.d.e"), "JWE") != NULL);
    CHECK(strstr(refusal("e30=.e30.e30"), "the header is not base64url") != NULL);
    CHECK(strstr(refusal("e30.e+0.e30"), "the payload is not base64url") != NULL);
    CHECK(strstr(refusal("e30.e30.e"), "the signature is not base64url") != NULL);
    CHECK(strstr(refusal("e30.e30."), "the signature is empty") != NULL);
    CHECK(jws_header(BYTES("[]"), &arena, &fault) == NULL && strstr(fault.what, "no JSON object") != NULL);
    CHECK(jws_header(BYTES("{\"crit\":[]}"), &arena, &fault) == NULL && strstr(fault.what, "crit") != NULL);
    CHECK(jws_header(BYTES("{\"b64\":true}"), &arena, &fault) == NULL && strstr(fault.what, "b64") != NULL);
    CHECK(jws_header(BYTES("{\"a\":1,\"a\":1}"), &arena, &fault) == NULL && fault.kind == FAULT_INPUT);
}

/* the pair as PEM, for libjwt */
static struct bytes pem_of(struct bytes kid, bool private)
{
    BIO *memory = BIO_new(BIO_s_mem());
    EVP_PKEY *pair = ring_find(ring, kid)->pair;
    char *at;
    if (private)
        PEM_write_bio_PrivateKey(memory, pair, NULL, NULL, 0, NULL, NULL);
    else
        PEM_write_bio_PUBKEY(memory, pair);
    long len = BIO_get_mem_data(memory, &at);
    struct bytes pem = arena_copy(&arena, (struct bytes){at, (size_t)len});
    BIO_free(memory);
    return pem;
}

/* RFC 8725 2.1: who takes any alg takes the public key, which everyone has, for a secret */
static void check_public_key_as_secret(struct bytes kid, enum key_algorithm algorithm)
{
    unsigned char mac[32];
    struct bytes pem = pem_of(kid, false);
    struct bytes header = header_of("{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"@\"}", kid);
    struct bytes input = join(encode(header), BYTES("."), encode(BYTES("{\"sub\":\"a\"}")));
    HMAC(EVP_sha256(), pem.at, (int)pem.len, (const unsigned char *)input.at, input.len, mac, NULL);
    CHECK(!verifies(join(input, BYTES("."), encode((struct bytes){(char *)mac, sizeof mac}))));
    CHECK(ring_find(ring, kid)->row.algorithm == algorithm);
}

/* every algorithm's key with every other algorithm's name */
static void check_every_pair(void)
{
    struct key_material rows[KEY_ALGORITHM_COUNT];
    struct keyring *before = ring;
    for (enum key_algorithm a = 0; a < KEY_ALGORITHM_COUNT; a++) rows[a] = fixture_key(a, 0, 5, &arena);
    ring = fixture_ring(rows, KEY_ALGORITHM_COUNT);
    for (enum key_algorithm a = 0; a < KEY_ALGORITHM_COUNT; a++)
        for (enum key_algorithm b = 0; b < KEY_ALGORITHM_COUNT; b++) {
            char template[80];
            snprintf(template, sizeof template, "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"@\"}",
                     key_algorithm_name(b).at);
            struct bytes token = sign_with(rows[a].kid, header_of(template, rows[a].kid), BYTES("{}"));
            CHECK(verifies(token) == (a == b));
            if (a == b) check_bit_flips(token);
        }
    keyring_release(ring);
    ring = before;
}

static const unsigned char *octets(struct bytes b) { return (const unsigned char *)b.at; }

static void check_libjwt_reads_ours(enum key_algorithm algorithm, struct bytes kid)
{
    struct text out;
    struct fault fault;
    struct bytes pem = pem_of(kid, false);
    struct signer *signer = signer_create();
    struct signing signing = {algorithm, BYTES("JWT"), BYTES("{\"sub\":\"someone\"}")};
    text_init(&out, &arena, 512);
    CHECK(signer_sign(signer, ring, &signing, &out, &fault));
    jwt_t *jwt = NULL;
    CHECK(jwt_decode(&jwt, text_bytes(&out).at, octets(pem), (int)pem.len) == 0);
    CHECK(jwt != NULL && strcmp(jwt_get_grant(jwt, "sub"), "someone") == 0);
    CHECK(jwt != NULL && strcmp(jwt_get_header(jwt, "typ"), "JWT") == 0);
    CHECK(jwt != NULL && bytes_equal(bytes_of(jwt_get_header(jwt, "kid")), kid));
    jwt_free(jwt);
    signer_destroy(signer);
}

static void check_we_read_libjwts(jwt_alg_t algorithm, struct bytes kid)
{
    struct bytes pem = pem_of(kid, true), payload = BYTES_ABSENT;
    jwt_t *jwt = NULL;
    CHECK(jwt_new(&jwt) == 0);
    jwt_add_grant(jwt, "sub", "someone");
    jwt_add_header(jwt, "kid", arena_text(&arena, kid));
    CHECK(jwt_set_alg(jwt, algorithm, octets(pem), (int)pem.len) == 0);
    char *token = jwt_encode_str(jwt);
    CHECK(token != NULL && keyring_verify(ring, bytes_of(token), &arena, &payload));
    CHECK_BYTES(payload, BYTES("{\"sub\":\"someone\"}"));
    free(token);
    jwt_free(jwt);
}

int main(void)
{
    arena_init(&arena, 256 << 20);
    struct key_material rows[] = {fixture_key(KEY_ES256, 0, 5, &arena), fixture_key(KEY_ES384, 0, 5, &arena),
                                  fixture_key(KEY_RS256, 0, 5, &arena)};
    ring = fixture_ring(rows, 3);
    es_kid = rows[0].kid;
    es384_kid = rows[1].kid;
    rs_kid = rows[2].kid;
    TEST("RFC 8725 3.1, 3.11: only our typ, the key's own alg and a kid of the ring pass") check_headers();
    TEST("RFC 7515 4, 4.1.11, RFC 7797 3: a member twice, crit, b64, or anything behind the header is refused")
    check_twice_and_crit();
    TEST("a token that is refused before its key is known says why, for who looks into one") check_words();
    TEST("RFC 7515 A.1: the HS256 example is refused: no MAC is an algorithm here")
    CHECK(!verifies(BYTES(HS256_JWS)));
    TEST("RFC 7515 A.5: the unsecured example is refused") CHECK(!verifies(BYTES(NONE_JWS)));
    TEST("RFC 8725 2.1: the public key is no secret of a MAC")
    {
        check_public_key_as_secret(es_kid, KEY_ES256);
        check_public_key_as_secret(rs_kid, KEY_RS256);
    }
    TEST("RFC 8725 3.1: each algorithm's token verifies, under its own name alone, and no other spelling of it")
    check_every_pair();
    TEST("RFC 7515 7.1: exactly three parts, base64url without padding, nothing around them") check_forms();
    TEST("RFC 4648 3.5: a signature has one spelling") check_last_character();
    TEST("a token over 16 KiB or a header over 1 KiB is not looked at") check_sizes();
    TEST("a change of any character is seen")
    check_bit_flips(sign_with(es_kid, header_of(GOOD, es_kid), BYTES("{\"sub\":\"a\"}")));
    TEST("a signature by another key of the ring is refused")
    CHECK(!verifies(sign_with(rs_kid, header_of(GOOD, es_kid), BYTES("{}"))));
    TEST("a key that is not published verifies nothing")
    {
        struct bytes token = sign_with(es_kid, header_of(GOOD, es_kid), BYTES("{}")), payload;
        struct key_material gone = rows[0];
        gone.remove_at = clock_now_ms() + DAY_MS;
        struct keyring *other = fixture_ring(&gone, 1);
        CHECK(keyring_verify(other, token, &arena, &payload));
        keyring_confirm(other, clock_now_ms() + DAY_MS + 1000, clock_steady_ms());
        CHECK(!keyring_verify(other, token, &arena, &payload));
        keyring_release(other);
    }
    TEST("libjwt verifies our ES256 tokens") check_libjwt_reads_ours(KEY_ES256, es_kid);
    TEST("libjwt verifies our ES384 tokens") check_libjwt_reads_ours(KEY_ES384, es384_kid);
    TEST("libjwt verifies our RS256 tokens") check_libjwt_reads_ours(KEY_RS256, rs_kid);
    TEST("we verify libjwt's ES256 tokens") check_we_read_libjwts(JWT_ALG_ES256, es_kid);
    TEST("we verify libjwt's ES384 tokens") check_we_read_libjwts(JWT_ALG_ES384, es384_kid);
    TEST("we verify libjwt's RS256 tokens") check_we_read_libjwts(JWT_ALG_RS256, rs_kid);
    keyring_release(ring);
    arena_release(&arena);
    return TEST_END();
}
