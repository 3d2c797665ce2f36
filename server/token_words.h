/* token_words: what stands in a token, or in a key set, written for people.
 *
 * Rule: both come from anyone. Whatever is shown of them stands as JSON, in which nothing can end its own quotes, move
 * the cursor, turn the line around or hide: control characters, bidirectional ones, invisible ones and odd spaces are
 * escaped. */
#ifndef SERVER_TOKEN_WORDS_H
#define SERVER_TOKEN_WORDS_H

#include "base/json.h"
#include "base/text.h"

/* between quotes; what is no UTF-8 becomes U+FFFD */
void put_quoted(struct text *t, struct bytes b);
/* without quotes, and as it stands but for what would move the cursor, turn the line around or hide */
void put_shown(struct text *t, struct bytes b);
/* a member's name: bare where it is a plain word (letters, digits, _ - . : / #), else between quotes */
void put_name(struct text *t, struct bytes name);
/* as JSON, numbers as they stood; none, without quotes, for NULL */
void put_value(struct text *t, const struct json *value);
/* "11m 48s": the two largest units; of the time between, whichever way it goes */
void put_span(struct text *t, int64_t ms);
/* "2026-11-24T06:16:46Z, in 11m 48s" or "..., 3m 12s ago" */
void put_moment(struct text *t, int64_t at_ms, int64_t now_ms);

/* RFC 7519 2, NumericDate: seconds since 1970, whole or not, to the millisecond below; from 1970 to 9999. false for
 * anything else */
bool numeric_date_read(const struct json *value, int64_t *ms) __attribute__((warn_unused_result));

/* what this is, which is no JWT, in words that say what to do; NULL where nothing is recognised */
const char *mistake_in(struct bytes token);

#endif
