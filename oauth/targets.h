/* targets: for whom a token is meant, and with which scope (RFC 8707, RFC 8693 2.1.1, RFC 6749 3.3).
 * Rule: a step calls targets_choose (at refresh targets_read, then targets_narrow), and refuses with what it says. Lists live in the request's arena. */
#ifndef OAUTH_TARGETS_H
#define OAUTH_TARGETS_H

#include "oauth/client_auth.h"

struct targets {
    struct bytes_list audience; /* for the token's aud; once chosen or narrowed never empty */
    size_t profile;             /* index into policy->profiles */
    struct bytes scope;         /* may be empty */
    bool asked;                 /* the request named a scope, resource or audience */
};
struct target_refusal {
    enum oauth_error error;
    const char *reason;
};
/* What the request names, held against what the client may have, and the defaults for the rest. false with *refusal. */
bool targets_choose(struct client_request *r, struct targets *targets, struct target_refusal *refusal) MUST_USE;
/* what a client may name: its audience list where it has one, else the settings' default and the resources of the settings */
bool target_is_allowed(const struct client *client, const struct policy *policy, struct bytes target);
/* At refresh, before the grant is known: the same without a default audience: where no target is named it stays empty until targets_narrow. */
bool targets_read(struct client_request *r, struct targets *targets, struct target_refusal *refusal) MUST_USE;
/* At refresh: cuts to what the grant has (scope: space-separated; audience: JSON array), or refuses what goes beyond it. A request that named nothing gets the grant's,
 * cut to what the client may have today (refresh.md). */
struct grant;
bool targets_narrow(struct client_request *r, const struct grant *grant, struct targets *targets, struct target_refusal *refusal) MUST_USE;
/* What a request that names nothing gets of the grant, whatever this one names: what the grant's claims are mapped for. */
bool targets_of_grant(struct client_request *r, const struct grant *grant, struct targets *targets, struct target_refusal *refusal) MUST_USE;

#endif
