/* token_set: a key set as a reader of tokens sees it: which key a token asks for, what that key may do, and what is
 * wrong with the set.
 *
 * Rule: of a key only kty, use, key_ops, alg, kid and what makes the public key are looked at. Certificates (x5c, x5u,
 * x5t: RFC 7517 4.6 to 4.9) decide nothing, and nothing is fetched. */
#ifndef SERVER_TOKEN_SET_H
#define SERVER_TOKEN_SET_H

#include "base/text.h"
#include "keys/jwk.h"
#include "keys/jws.h"

struct key_wish {
    struct bytes kid;
    const struct json *alg; /* of the token's header; or NULL */
    const struct jws *jws;
};
/* Of several keys of that kid the one that comes furthest: its alg is the token's, it may verify, it is fit for the
 * algorithm, the signature is its own; of equal ones the first. NULL when none has the kid. */
const struct json *token_set_find(const struct json *keys, const struct key_wish *wish);

/* is alg the key's own? A key that names none is for any (RFC 7517 4.4) */
bool key_is_for(const struct json *key, const struct json *alg);
/* May it verify signatures? (RFC 7517 4.2, 4.3) Writes what use and key_ops say of it. */
bool key_may_verify(const struct json *key, struct text *words);
/* Does it hold what its owner alone may know? Writes so, with the members' names. */
bool key_is_given_away(const struct json *key, struct text *words);

/* "; the set has 2 keys: "a", none" */
void put_kids(struct text *t, const struct json *keys);

struct set_remark {
    struct set_remark *next;
    struct bytes words;
};
/* What is wrong with the set, whatever the token: private parts, use and key_ops at odds, a kid that two keys have,
 * what is no key. In arena; NULL: nothing. */
const struct set_remark *token_set_remarks(const struct json *keys, struct arena *arena);

#endif
