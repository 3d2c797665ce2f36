/* client_auth: the steps that the endpoints for clients share: read the form, find the client, authenticate it (RFC 6749 2.3, 3.2.1).
 * Rule: such an endpoint's struct begins with struct client_request, its table has parse_client_request, find_client, authenticate_client, judge_secret in this order, and its dispose calls client_request_release. */
#ifndef OAUTH_CLIENT_AUTH_H
#define OAUTH_CLIENT_AUTH_H

#include "oauth/client_registry.h"
#include "oauth/context.h"
#include "oauth/error.h"
#include "oauth/form.h"
#include "oauth/secret_desk.h"

struct client_credentials {
    struct bytes client_id, secret; /* secret absent: none was given */
    enum auth_method method;        /* that was used */
};

struct client_request {
    struct oauth_request oauth;
    struct form form;
    struct client_credentials credentials;
    struct held_client held;
    struct secret_asker secret; /* SECRET_NOT_ASKED: the client has none */
};
static inline struct client_request *client_request_of(struct flow *flow) { return (struct client_request *)flow; }
static inline const struct client *client_of(struct flow *flow) { return client_request_of(flow)->held.client; }

enum step_result parse_client_request(struct flow *flow); /* credentials.client_id is there afterwards */
enum step_result find_client(struct flow *flow);          /* may wait for storage */
enum step_result authenticate_client(struct flow *flow);  /* may wait for a thread, where the secret's hash is slow */
enum step_result judge_secret(struct flow *flow);
void client_request_release(struct request *request);

#endif
