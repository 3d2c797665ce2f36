/* What token_verify says when libjwt says something else: jwt_decode is this file's own, and says what it is told. */
#include <jwt.h>

#include "base/text.h"
#include "server/token_verify.h"
#include "unit/keys/fixture.h"
#include "unit/test.h"

static struct arena arena;
static struct keyring *ring;
static bool takes_apart, says_good;

int jwt_decode(jwt_t **jwt, const char *token, const unsigned char *key, int key_len)
{
    (void)token;
    (void)key_len;
    *jwt = NULL;
    return (key == NULL ? takes_apart : says_good) ? 0 : 22;
}

static struct token_check ask(const char *typ, const char *payload, bool change)
{
    struct text out;
    struct fault fault;
    struct token_report report;
    struct signer *signer = signer_create();
    struct signing signing = {KEY_ES256, bytes_of(typ), bytes_of(payload)};
    text_init(&out, &arena, 512);
    CHECK(signer_sign(signer, ring, &signing, &out, &fault));
    signer_destroy(signer);
    struct token_question question = {.token = text_bytes(&out)};
    if (change) out.at[out.len - 40] = (char)(out.at[out.len - 40] == 'A' ? 'B' : 'A');
    const struct json *set = json_parse(&arena, keyring_jwks(ring).json, &(struct json_limits){1 << 20, true}, NULL);
    question.keys = json_find(set, "keys");
    token_verify(&question, &arena, &report);
    return report.checks[CHECK_SIGNATURE];
}

static void check_said(struct token_check check, enum check_outcome outcome, const char *words)
{
    CHECK(check.outcome == outcome);
    CHECK_BYTES(check.words, bytes_of(words));
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    struct key_material row = fixture_key(KEY_ES256, 0, 5, &arena);
    ring = fixture_ring(&row, 1);
    TEST("where libjwt disagrees the check fails, whichever of the two says that the signature is good")
    {
        takes_apart = true;
        says_good = false;
        check_said(ask("JWT", "{}", false), CHECK_FAILED,
                   "it is the key's, by Hydrant's own verification, but libjwt says that it is not");
        says_good = true;
        check_said(ask("JWT", "{}", true), CHECK_FAILED,
                   "it is not the key's, by Hydrant's own verification, but libjwt says that it is");
    }
    TEST("where it agrees it is named")
    {
        check_said(ask("JWT", "{}", false), CHECK_OK, "it is the key's, by Hydrant's own verification and by libjwt's");
        says_good = false;
        check_said(ask("JWT", "{}", true), CHECK_FAILED,
                   "it is not the key's, by Hydrant's own verification and by libjwt's");
    }
    TEST("where it can't take a token apart, that is said and no more")
    {
        takes_apart = false;
        check_said(ask("at+jwt", "{}", false), CHECK_OK,
                   "it is the key's, by Hydrant's own verification alone: this libjwt takes no typ but JWT");
        check_said(ask("at+jwt", "{}", true), CHECK_FAILED,
                   "it is not the key's, by Hydrant's own verification alone: this libjwt takes no typ but JWT");
        check_said(ask("JWT", "{", false), CHECK_OK,
                   "it is the key's, by Hydrant's own verification alone: this libjwt can't take the token apart");
    }
    keyring_release(ring);
    arena_release(&arena);
    return TEST_END();
}
