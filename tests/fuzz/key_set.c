/* Whatever a key set says: what is shown of it is JSON, says the same, and has nothing in it that a terminal obeys; and
 * a token whose signature is nobody's verifies by none of it. The bytes are the list of keys. */
#include <assert.h>

#include "base/encoding.h"
#include "fuzz/fuzz.h"
#include "server/token_verify.h"
#include "server/token_words.h"

static const char TOKEN[] = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.eyJleHAiOjEuN2U5fQ.AAAA"; /* kid a */
static const struct json_limits LIMITS = {1 << 18, false};

static void check_harmless(struct bytes shown)
{
    assert(utf8_valid(shown));
    for (size_t i = 0; i < shown.len; i++) assert((unsigned char)shown.at[i] >= 0x20 && shown.at[i] != 0x7f);
    assert(!bytes_contain(shown, BYTES("\xc2\x9b")) && !bytes_contain(shown, BYTES("\u202e")));
}

static struct bytes show(const struct json *value, struct arena *arena)
{
    struct text shown;
    text_init(&shown, arena, 256);
    put_value(&shown, value);
    return text_bytes(&shown);
}

/* read again it is the same value */
static void check_same(const struct json *value, struct arena *arena)
{
    struct text one, other;
    struct bytes shown = show(value, arena);
    const struct json *again = json_parse(arena, shown, &LIMITS, NULL);
    assert(again != NULL);
    check_harmless(shown);
    text_init(&one, arena, 256);
    text_init(&other, arena, 256);
    json_write(&one, value);
    json_write(&other, again);
    assert(bytes_equal(text_bytes(&one), text_bytes(&other)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct token_report report;
    if (size > 4096) return 0;
    arena_init(&arena, 8 << 20);
    const struct json *keys = json_parse(&arena, (struct bytes){(const char *)data, size}, &LIMITS, NULL);
    if (keys != NULL) check_same(keys, &arena);
    if (json_is(keys, JSON_ARRAY) && keys->count <= 20) {
        token_verify(&(struct token_question){.token = bytes_of(TOKEN), .keys = keys}, &arena, &report);
        for (enum check_index i = 0; i < CHECKS_LEN; i++) check_harmless(report.checks[i].words);
        for (const struct set_remark *r = report.remarks; r != NULL; r = r->next) check_harmless(r->words);
        assert(report.checks[CHECK_SIGNATURE].outcome != CHECK_OK);
    }
    arena_release(&arena);
    return 0;
}
