/* identity: who a Kratos session belongs to, and whether it still lives. The interface; identity/kratos is what stands behind it.
 *
 * Rule: one struct identity for each loop. An ask_ function suspends the flow and fills *look from the arena named. A look's outcome is a statement about
 * the session; trouble on the way is LOOK_AWAY and never a statement about the session. Simultaneous looks at one session or person by id, or with one
 * credential, are one call to Kratos. With all its calls a look takes half a second less than REQUEST_DEADLINE_MS at most. */
#ifndef IDENTITY_IDENTITY_H
#define IDENTITY_IDENTITY_H

#include "base/arena.h"
#include "base/flow.h"
#include "base/json.h"
#include "net/loop.h"

struct identity;

enum { EXTEND_MAX_MS = 1000, LOOK_AGAIN_MAX_MS = 1500 }; /* these come on top of a look */
enum { COOKIE_MAX = 4096, SESSION_TOKEN_MAX = 512 }; /* bytes; longer credentials are refused before Kratos is asked */

enum look_outcome {
    LOOK_LIVE,    /* active, not expired, identity active */
    LOOK_ENDED,   /* Kratos says so for sure: no such session, inactive, expired, identity disabled or deleted */
    LOOK_STEP_UP, /* a live session whose assurance Kratos finds too low (whoami only): redirect_to says where to raise it */
    LOOK_AWAY,    /* Kratos could not be asked, or answered what can't be understood */
};

struct session {
    struct bytes id;               /* uuid, lower case; absent where only the identity was looked at */
    struct bytes identity_id;      /* uuid, lower case */
    struct bytes external_id;      /* absent when the identity has none */
    int64_t authenticated_at_ms, expires_at_ms; /* since the epoch, by Kratos' clock */
    unsigned aal;                  /* 0, 1, 2: as whoami computes it from the methods */
    struct bytes aal_name;         /* "aal1" */
    struct bytes methods;          /* JSON array of method names in Kratos' order, each once: ["password","totp"] */
    const struct json *json;       /* of one that lives, as whoami gives it: without tokenized, without identity.metadata_admin; claims/ maps from it */
    const struct json *metadata_admin; /* where the admin API gave it; NULL otherwise */
};

struct look {
    enum look_outcome outcome;
    struct session session;        /* LOOK_LIVE */
    struct bytes redirect_to;      /* LOOK_STEP_UP: Kratos' redirect_browser_to, or absent */
    struct bytes cookie;           /* LOOK_LIVE by cookie: a Set-Cookie line of Kratos' for kratos.cookie_name and no other, or absent */
    char reason[96];               /* for the log, when not LOOK_LIVE: "whoami 401 twice, ready 200"; no personal data */
    int64_t began_steady_ms;       /* before Kratos was asked (of a shared call: when the call began) */
};

enum credential_kind { CREDENTIAL_TOKEN, CREDENTIAL_COOKIE };
/* Is its alphabet and length such that it may go into a header? Tokens: 1 to SESSION_TOKEN_MAX of [A-Za-z0-9_-]; cookies: 1 to COOKIE_MAX of [A-Za-z0-9_=-]. */
bool credential_well_formed(enum credential_kind kind, struct bytes credential);

/* GET {public}/sessions/whoami with exactly this credential. A 401 is believed when a second one, 100 ms later, says the same and Kratos
 * said in between that it is ready. */
struct whoami_ask { enum credential_kind kind; struct bytes credential; };
enum step_result ask_whoami(struct flow *flow, struct identity *identity, const struct whoami_ask *ask, struct arena *arena, struct look *look);

/* GET {admin}/admin/sessions/{id}?expand=identity. A 404 is believed as a 401 of whoami's is, and only in Kratos' own words; so is ask_identity's. */
enum step_result ask_session(struct flow *flow, struct identity *identity, struct bytes session_id, struct arena *arena, struct look *look);

/* PATCH {admin}/admin/sessions/{id}/extend. Only for a session that was just seen to be live: Kratos revives expired ones. look->outcome alone: LOOK_LIVE: done, which may have
 * changed nothing (earliest_possible_extend); else LOOK_AWAY. Simultaneous ones are one call. Takes EXTEND_MAX_MS at most. */
enum step_result ask_extend(struct flow *flow, struct identity *identity, struct bytes session_id, struct arena *arena, struct look *look);
/* The look after that: as ask_session and ask_whoami, but not one with a look that may have begun before. Takes LOOK_AGAIN_MAX_MS at most. */
enum step_result ask_whoami_again(struct flow *flow, struct identity *identity, const struct whoami_ask *ask, struct arena *arena, struct look *look);
enum step_result ask_session_again(struct flow *flow, struct identity *identity, struct bytes session_id, struct arena *arena, struct look *look);

/* GET {admin}/admin/identities/{id}: is the person still there and active? Fills only session.identity_id, external_id, metadata_admin, and json, which is
 * {"identity":...} as whoami would give it.
 * For grants that outlive their session, and for metadata_admin, which whoami never gives and the session only since Kratos 26.3. */
enum step_result ask_identity(struct flow *flow, struct identity *identity, struct bytes identity_id, struct arena *arena, struct look *look);

/* Something ended in Kratos just now: who asks from here on shares no call that is under way. Those who wait are answered by it as before. */
void identity_start_anew(struct identity *identity);

struct identity_settings {
    struct bytes public_url, admin_url;
    struct bytes cookie_name;
    int64_t timeout_ms;       /* for one call to Kratos */
    const char *ca_file;      /* NULL: the system's roots */
};

#endif
