/* token_verify: why a token is refused: each check that a resource server makes (RFC 9068 4), with its values.
 *
 * Rule: one check's failure hides no other: whatever can still be looked at is. A check that nobody asked for, or that
 * another one's failure leaves without ground, is CHECK_NOT_ASKED, and its words say which. */
#ifndef SERVER_TOKEN_VERIFY_H
#define SERVER_TOKEN_VERIFY_H

#include "base/json.h"
#include "server/token_set.h"

enum check_outcome { CHECK_OK, CHECK_FAILED, CHECK_NOT_ASKED };
enum check_index {
    CHECK_PARSED,
    CHECK_CRIT, /* extensions of the JWS */
    CHECK_ALG,
    CHECK_KID,
    CHECK_KEY, /* what the key of that kid may do */
    CHECK_SIGNATURE,
    CHECK_TYP,
    CHECK_ISS,
    CHECK_AUD,
    CHECK_EXP,
    CHECK_NBF,
    CHECK_IAT,
    CHECKS_LEN
};

struct token_question {
    struct bytes token;
    const struct json *keys;             /* the list of a key set */
    struct bytes issuer, audience, type; /* absent: not asked */
    int64_t leeway_ms, now_ms;
};
struct token_check {
    enum check_outcome outcome;
    struct bytes words; /* in the report's arena */
};
struct token_report {
    struct token_check checks[CHECKS_LEN];
    size_t failed_count;
    const struct set_remark *remarks; /* on the key set, whatever the token */
};
void token_verify(const struct token_question *question, struct arena *arena, struct token_report *report);

const char *check_name(enum check_index index);             /* "signature" */
const char *check_outcome_name(enum check_outcome outcome); /* "ok", "FAILED", "not asked" */

#endif
