/* token: the token endpoint (RFC 6749 3.2): reads the request, authenticates the client, and enters the grant's own steps.
 * Rule: a grant is one file in grants/ that offers a struct grant_type; grants/grants.c lists them. */
#ifndef OAUTH_TOKEN_H
#define OAUTH_TOKEN_H

#include "oauth/access_token.h"

struct token_request {
    struct client_request client_request;
    const struct grant_type *grant_type;
    void *state;                /* the grant's own: grant_type->state_size bytes, zeroed, in the request's arena */
    struct token_answer answer; /* filled by the grant's last step of its own */
    struct token_writing writing;
    struct bytes body;          /* the answer, once signed */
    struct bytes set_cookie;    /* Kratos' renewed session cookie, or absent (exchange.md) */
};
static inline struct token_request *token_request_of(struct flow *flow) { return (struct token_request *)flow; }
static inline void *grant_state(struct flow *flow) { return token_request_of(flow)->state; }

struct grant_type {
    struct bytes name;          /* as grant_type has it */
    struct bytes log_name;      /* short */
    enum grant_bit bit;
    size_t state_size;
    /* Before anything is asked of anyone: what the request must be by itself. May be NULL. Refuses through the flow. */
    enum step_result (*check)(struct flow *flow);
    const struct step *steps;   /* once the client is authenticated */
    void (*release)(void *state); /* wipes or gives back what the arena doesn't; may be NULL */
    void (*count)(const struct flow *flow); /* for the metrics: how it ended; may be NULL */
};

/* each grant's last steps */
enum step_result sign_token(struct flow *flow); /* waits for a thread, where RSA signs */
enum step_result write_token(struct flow *flow);

extern const struct step TOKEN_STEPS[];
void token_finish(struct flow *flow);
void token_release(struct request *request);

#endif
