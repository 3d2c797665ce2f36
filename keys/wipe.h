/* wipe: what OpenSSL frees while a private key goes through it is wiped: its decoders leave copies of the whole key
 * behind, which would lie in freed memory after the key was revoked.
 *
 * Rule: keys_wipe_freed comes first of all in a process (keys/keys.h); without it nothing is wiped. wipe_begin and
 * wipe_end go in pairs, on one thread; what else that thread does with OpenSSL between them is wiped too. */
#ifndef KEYS_WIPE_H
#define KEYS_WIPE_H

void wipe_begin(void);
void wipe_end(void);

#endif
