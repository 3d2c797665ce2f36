/* slow_signature: an RSA signature in three parts, so that the slow one may run on any thread: begun and ended where
 * the keys are, made wherever.
 *
 * Rule: one owner at a time; it holds its ring. What is signed stands in the text already, and a copy of it in here. */
#ifndef KEYS_SLOW_SIGNATURE_H
#define KEYS_SLOW_SIGNATURE_H

#include "keys/keys.h"

/* Does a signature by that algorithm take a loop too long? RSA's: a millisecond with 2048 bits, five with 4096. */
bool key_algorithm_is_slow(enum key_algorithm algorithm);

struct slow_signature;
/* Appends header.payload as signer_sign does; NULL with its faults. */
struct slow_signature *slow_signature_begin(struct keyring *ring, const struct signing *signing, struct text *out,
                                            struct fault *fault) MUST_USE;
void slow_signature_make(struct slow_signature *signature); /* on any thread */
/* Appends .signature. newest: the ring of this moment; FAULT_AWAY where it no longer publishes the key, which somebody
 * has taken out since: nobody may be handed what it signed. */
bool slow_signature_end(struct slow_signature *signature, const struct keyring *newest, struct text *out,
                        struct fault *fault) MUST_USE;
struct bytes slow_signature_kid(const struct slow_signature *signature); /* as long as it */
int64_t slow_signature_took_us(const struct slow_signature *signature);
void slow_signature_release(struct slow_signature *signature);

#endif
