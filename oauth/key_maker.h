/* key_maker: makes private keys on a thread of its own: an RSA key takes 100 ms and more, in which a loop would answer nobody. */
#ifndef OAUTH_KEY_MAKER_H
#define OAUTH_KEY_MAKER_H

#include "base/flow.h"
#include "keys/keys.h"
#include "net/loop.h"

/* the keys that are to be made: each row's algorithm says which; kid, public_jwk and sealed_private are filled from the arena */
struct key_batch {
    struct key_material **rows;
    size_t count;
    const struct key_making *how;
    struct arena *arena;
};
enum step_result ask_make_keys(struct flow *flow, struct loop *loop, const struct key_batch *batch);

#endif
