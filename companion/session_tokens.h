/* session_tokens: the access tokens that forward-auth keeps for a moment, and the looks that are under way for them.
 *
 * Rule: one for the process, locked inside, in shards that are locked for a few instructions each. A token is found by
 * a keyed hash of profile and credential; the key is the process's own and never leaves it. Of all who ask for the same
 * at once, on whichever worker, one looks and the others wait for what he finds: he owes a session_tokens_settle. When
 * he leaves without one (his client left), the next of them looks. Refusals are handed to who waits, and not kept. A
 * forget drops what is kept, and nobody is answered from a look that began before it (docs/decisions/0013). */
#ifndef COMPANION_SESSION_TOKENS_H
#define COMPANION_SESSION_TOKENS_H

#include "companion/session_key.h"
#include "keys/keys.h"

enum {
    SESSION_TOKENS_MAX = 64 * 1024,              /* kept, of all profiles; past it the oldest goes */
    SESSION_TOKENS_BYTES_MAX = 64 * 1024 * 1024, /* and so past this */
    SESSION_TOKENS_SHARDS = 64,
};

struct session_tokens;
struct session_tokens *session_tokens_create(void);
void session_tokens_destroy(struct session_tokens *tokens); /* after the last worker's end; NULL is nothing */

/* session_key_make and session_names_make, under the process's own key */
void session_tokens_key(const struct session_tokens *tokens, uint32_t profile, const struct whoami_ask *credential,
                        struct session_key *key);
void session_tokens_name(const struct session_tokens *tokens, const struct session_subject *subject,
                         struct session_names *names);

struct session_find {
    struct session_key key;
    struct loop *loop;          /* the asker's */
    const struct keyring *ring; /* what is signed by a key that it doesn't publish is not handed out */
    /* One of the two afterwards. Neither: what it was waiting for was forgotten before it woke; it asks again. */
    struct session_outcome *outcome; /* held */
    bool looks;                      /* the asker is the one who looks */
    /* the memory's own */
    struct session_tokens *tokens;
    struct session_entry *entry;
};
/* Suspends only while somebody else looks. ring is used before it returns, and not after. */
enum step_result ask_session_token(struct flow *flow, struct session_tokens *tokens, struct session_find *find);
/* By the one who looks: here is what it came to (taken). All who wait get it, and so does find->outcome. false: what it
 * is about was forgotten meanwhile: it is for nobody, and find still looks. */
bool session_tokens_settle(struct session_find *find, struct session_outcome *outcome) MUST_USE;
/* For dispose: lets the outcome go; a look that was owed goes to the next who waits. May be called twice, and for one
 * that is all zero. */
void session_find_release(struct session_find *find);

/* From any thread: forgets whom REVOKE_SESSION, REVOKE_SUBJECT (the identity's id) or REVOKE_CLIENT names. When it
 * returns, no answer is made any more from what was known before. (REVOKE_GRANT: nothing; no grant is behind these
 * tokens.) */
void session_tokens_forget(struct session_tokens *tokens, enum revoke_by by, struct bytes name);

#endif
