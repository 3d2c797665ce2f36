/* error: the OAuth errors as one table; how a request is refused.
 *
 * Rule: the words on the wire are constant for each error and tell an attacker nothing; the reason goes to the log under the request's id. A step that
 * refuses ends with: return refuse(flow, OAUTH_INVALID_GRANT, "revoked");  The endpoint's finish writes the answer from what stands here. */
#ifndef OAUTH_ERROR_H
#define OAUTH_ERROR_H

#include "base/bytes.h"
#include "base/flow.h"
#include "net/server.h"

/* X(name, wire name, status, words, where it is defined) */
#define OAUTH_ERRORS(X)                                                                                                                    \
    X(INVALID_REQUEST, "invalid_request", 400, "The request is malformed, lacks a parameter, or repeats one.", "RFC 6749 5.2")             \
    X(INVALID_GRANT, "invalid_grant", 400, "The refresh token is invalid, expired, revoked, or was issued to another client.", "RFC 6749 5.2") \
    X(UNAUTHORIZED_CLIENT, "unauthorized_client", 400, "The client may not use this grant type.", "RFC 6749 5.2")                          \
    X(UNSUPPORTED_GRANT_TYPE, "unsupported_grant_type", 400, "The grant type is not supported here.", "RFC 6749 5.2")                      \
    X(INVALID_SCOPE, "invalid_scope", 400, "The scope is malformed or exceeds what the client may have.", "RFC 6749 5.2")                  \
    X(INVALID_TARGET, "invalid_target", 400, "The resource or audience is unknown, or not allowed for this client.", "RFC 8707 2")         \
    X(TARGETS_APART, "invalid_target", 400, "These resources cannot share one token: ask for them one by one.", "RFC 8693 2.2.2")          \
    X(SUBJECT_TOKEN, "invalid_request", 400, "The subject token was not accepted.", "RFC 8693 2.2.2")                                      \
    X(UNSUPPORTED_TOKEN_TYPE, "unsupported_token_type", 400, "A token of this kind cannot be revoked.", "RFC 7009 2.2.1")                  \
    X(INVALID_CLIENT, "invalid_client", 401, "Client authentication failed.", "RFC 6749 5.2")                                              \
    X(ACCESS_DENIED, "access_denied", 403, "The request came from an origin that is not allowed.", "RFC 6749 4.1.2.1")                     \
    X(STEP_UP, "insufficient_user_authentication", 403, "The session needs a stronger authentication.", "RFC 9470 3")                      \
    X(LOGIN_REQUIRED, "login_required", 401, "No live session came with the request.", "OpenID Connect Core 3.1.2.6, for forward-auth")    \
    X(UNTRUSTED_PROXY, "access_denied", 403, "Only the proxies of serve.trusted_proxies are answered here.", "docs/forward-auth.md")       \
    X(NO_SUBJECT, "access_denied", 403, "The identity has no external_id, by which people are named here.", "docs/forward-auth.md")        \
    X(UNKNOWN_PROFILE, "invalid_request", 404, "There is no profile of this name.", "docs/forward-auth.md")                                \
    X(NOT_A_FORM, "invalid_request", 415, "The body must be application/x-www-form-urlencoded.", "RFC 6749 3.2")                           \
    X(TOO_MANY_FAILURES, "invalid_client", 429, "Too many failed attempts: try again later.", "RFC 6585 4")                                \
    X(SERVER_ERROR, "server_error", 500, "The server met a condition that it did not expect.", "RFC 6749 4.1.2.1")                         \
    X(UNAVAILABLE, "temporarily_unavailable", 503, "The server cannot answer now: try again soon.", "RFC 6749 4.1.2.1")

#define OAUTH_ERROR_NAME(name, wire, status, words, rfc) OAUTH_##name,
enum oauth_error { OAUTH_ERRORS(OAUTH_ERROR_NAME) OAUTH_ERROR_COUNT };

struct oauth_error_row {
    struct bytes wire, words;
    int status;
    const char *rfc;
};
const struct oauth_error_row *oauth_error_row(enum oauth_error error);

/* What a refusal carries; the first one counts. Lives in the endpoint's struct, right behind its struct request (see struct oauth_request). */
struct refusal {
    bool refused;
    enum oauth_error error;
    struct bytes redirect_to;  /* OAUTH_STEP_UP: member "redirect_browser_to" */
    int retry_after_s;         /* OAUTH_TOO_MANY_FAILURES, OAUTH_UNAVAILABLE */
    struct bytes challenge;    /* WWW-Authenticate, when the client tried that header (RFC 6749 5.2) */
};

/* an endpoint of the protocol: its struct begins with this */
struct oauth_request {
    struct request request;
    struct refusal refusal;
};
static inline struct oauth_request *oauth_request_of(struct flow *flow) { return (struct oauth_request *)flow; }

/* Ends the flow with FAULT_REFUSED; reason: for the log, constant text. Returns what the step returns. */
enum step_result refuse(struct flow *flow, enum oauth_error error, const char *reason);
/* Which row answers this fault of ours: 503 for away, late, full; 500 for a bug. For FAULT_REFUSED: what was refused. */
enum oauth_error oauth_error_of_fault(const struct oauth_request *request);
/* Writes status, JSON body, no-store, Retry-After, WWW-Authenticate into *answer, and outcome and reason into the request's log; the caller adds CORS and sends. */
void oauth_error_answer(struct oauth_request *request, struct answer *answer);
/* RFC 6749 5.1: Cache-Control: no-store and Pragma: no-cache */
void answer_no_store(struct answer *answer);

#endif
