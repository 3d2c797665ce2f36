/* session: what Kratos' JSON says of a session, of a person, and in a refusal.
 *
 * Rule: everything that comes out lives in the arena named. Kratos' own oddities are read (null for an empty list,
 * members that come and go between releases, fractions of any length, offsets); what a decision hangs on must be there
 * once, and of the right kind, else the answer is unclear and says nothing about the session. */
#ifndef IDENTITY_KRATOS_SESSION_H
#define IDENTITY_KRATOS_SESSION_H

#include "base/fault.h"
#include "identity/identity.h"

enum standing {
    STANDING_LIVE,
    STANDING_INACTIVE, /* "active": false */
    STANDING_DISABLED, /* the identity's state is another than active */
    STANDING_EXPIRED,  /* by our clock */
    STANDING_UNCLEAR,  /* can't be understood: *fault has the words */
};

/* "inactive", for logs */
const char *standing_name(enum standing standing);

/* a session as whoami and the admin API give it. Filled: all of *session where it is live; its id unless unclear */
enum standing parse_session(struct arena *arena, struct bytes body, struct session *session, struct fault *fault);

/* an identity as the admin API gives it: never STANDING_EXPIRED. Fills identity_id, external_id, json and
 * metadata_admin where the person is live */
enum standing parse_person(struct arena *arena, struct bytes body, struct session *session, struct fault *fault);

/* Kratos' error body. id, message and redirect_to are absent where it has none; the last is a http URL without blanks
 * and controls */
struct refusal {
    int64_t code;
    struct bytes id;
    struct bytes message;
    struct bytes redirect_to;
};
/* false: not a body of Kratos' (a proxy's page, say) */
bool parse_refusal(struct arena *arena, struct bytes body, struct refusal *refusal) MUST_USE;

#endif
