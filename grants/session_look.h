/* session_look: the look at the Kratos session of a grant (docs/exchange.md, "The life of the session"): through the browser's own cookie where one came along, else by the session's id; extended
 * where the settings say so; the person beside it where claims are mapped from metadata_admin.
 *
 * Rule: the state of a grant that looks begins with struct session_look. Its table has the steps below in this order; before them the grant says whether a look is due and fills grant and
 * outlives_session. What was found stands in look. Trouble with an extension is none of the look's. */
#ifndef GRANTS_SESSION_LOOK_H
#define GRANTS_SESSION_LOOK_H

#include "identity/identity.h"
#include "oauth/token.h"

struct session_look {
    bool is_due;               /* false: none of the steps does anything */
    const struct grant *grant; /* whose session it is */
    bool outlives_session;     /* the grant: then the person counts, once the session is gone */
    struct look look;          /* its cookie: only of a session that is the grant's, for the browser that sent the old one */
    /* the steps' own */
    struct whoami_ask own_cookie; /* its credential absent: there is none to go by */
    bool extends;
    struct look person, extension, again;
};

enum step_result look_at_session(struct flow *flow);  /* waits for identity, when a look is due */
enum step_result look_by_id(struct flow *flow);       /* waits for identity, when the cookie was not of the grant's session */
enum step_result look_at_identity(struct flow *flow); /* waits for identity, when a grant outlives its session */
enum step_result extend_session(struct flow *flow);   /* waits for identity, when less than extend_below is left */
enum step_result look_again(struct flow *flow);       /* waits for identity, when it was extended */
enum step_result take_again(struct flow *flow);
enum step_result ask_person(struct flow *flow);       /* waits for identity, where claims are mapped from metadata_admin */
enum step_result take_person(struct flow *flow);

#endif
