/* world: one worker's context as server/ makes it, over the stand-ins of outside.h; and the clients that it knows.
 * Rule: world_create once; world_forget between two requests, so that each finds its client anew. */
#ifndef TESTS_TORTURE_WORLD_H
#define TESTS_TORTURE_WORLD_H

#include "companion/forward_auth.h"
#include "companion/hydra_hook.h"
#include "oauth/context.h"
#include "oauth/refresh_token.h"

#define WORLD_SECRET "f5T9qPw7LxN2mYs8RbHc4JdFgAe6UoZk"                              /* of the client "backend" */
#define WORLD_BASIC "Basic YmFja2VuZDpmNVQ5cVB3N0x4TjJtWXM4UmJIYzRKZEZnQWU2VW9aaw==" /* backend:WORLD_SECRET */
#define WORLD_ORIGIN "https://app.example.com"

struct world {
    struct worker worker;
    struct context context;
    struct policy policy;
    struct arena arena;
    struct token_profile profiles[3]; /* the settings' own, "https://pay.example.com", "https://strong.example.com" */
    struct claims *claims[3];
    struct bytes audience[2];
    struct forward_auth forward_auth; /* nothing is kept from one request to the next */
    struct hydra_hook_settings hydra_hook; /* where enabled, world_forget makes the context's hook anew */
};
extern struct world world;

void world_create(void);
void world_destroy(void);
/* nothing of its clients is remembered, nor of wrong secrets, nor of people */
void world_forget(void);
void world_release_forgetful(void); /* what world_forget made; before the next one, and at the end */

/* spa (public, refresh_token_with_cookie), page (public, without), backend (client_secret_basic, offline_access) and
 * poster (client_secret_post, with the same secret), brief (public, its grants live for ten minutes); ends with a row
 * without a client_id */
const struct client_row *world_clients(void);

/* a refresh token's text, in the world's arena */
const char *world_refresh_token(const char *client_id, const struct refresh_token *token);

#endif
