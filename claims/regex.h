/* regex: stands between jq and its regular expressions, so that a search that would crash jq 1.6, or take for ever, is
 * an error.
 *
 * Rule: regex_guard before the first program is compiled. */
#ifndef CLAIMS_REGEX_H
#define CLAIMS_REGEX_H

/* from then on jq's searches come through here; may be called again */
void regex_guard(void);

#endif
