/* token_words: what stands in a token, written for people.
 *
 * Rule: a token comes from anyone: nothing in it reaches a terminal as a control character. */
#ifndef SERVER_TOKEN_WORDS_H
#define SERVER_TOKEN_WORDS_H

#include "base/json.h"
#include "base/text.h"

/* the text as it is, but for control characters and what is no UTF-8, which are escaped */
void put_shown(struct text *t, struct bytes b);
/* a string as put_shown has it, anything else as JSON; "none" for NULL */
void put_shown_value(struct text *t, const struct json *value);
/* "11m 48s": the two largest units; of the time between, whichever way it goes */
void put_span(struct text *t, int64_t ms);
/* "2026-11-24T06:16:46Z, in 11m 48s" or "..., 3m 12s ago" */
void put_moment(struct text *t, int64_t at_ms, int64_t now_ms);

/* RFC 7519 2, NumericDate: seconds since 1970, a fraction allowed (it is left out); from 1970 to 9999. false for
 * anything else */
bool numeric_date_read(const struct json *value, int64_t *ms) __attribute__((warn_unused_result));

#endif
