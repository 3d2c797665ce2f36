/* standin: a Kratos for tests and benchmarks, that answers with the bytes a real one answered.
 *
 * Rule: one worker thread, so nothing is locked. People and sessions live in standin->arena until the program ends.
 * What the recorded answers say of ids, tokens, times, levels, methods, traits and states is replaced by the session's
 * own; the rest goes out as it was recorded. */
#ifndef TESTS_STANDIN_STANDIN_H
#define TESTS_STANDIN_STANDIN_H

#include "base/json.h"
#include "base/text.h"
#include "net/server.h"

/* ---- templates.c: answers with places left open ---- */

enum slot {
    SLOT_SESSION_ID,
    SLOT_ACTIVE,
    SLOT_EXPIRES_AT,
    SLOT_AUTHENTICATED_AT,
    SLOT_ISSUED_AT,
    SLOT_AAL,
    SLOT_METHODS,
    SLOT_PERSON_ID,
    SLOT_EXTERNAL_ID, /* with its name, or nothing */
    SLOT_STATE,
    SLOT_TRAITS,
    SLOT_EMAIL,
    SLOT_METADATA_PUBLIC,
    SLOT_METADATA_ADMIN,
    SLOT_PERSON_TIME,
};

enum { SLOTS_MAX = 32 };
struct template
{
    struct bytes literal;
    size_t count;
    struct {
        size_t at; /* in literal */
        enum slot slot;
    } slots[SLOTS_MAX];
};

/* answers that go out as they are */
struct canned {
    int status;
    struct bytes body;
};

struct templates {
    struct template whoami, session_bare, session_identity, session_both, extend, person;
    struct canned unauthorized, garbage_cookie, step_up, not_found, database_down, ready, not_ready, moved, no_page;
};

struct person {
    struct bytes id, external_id, email, traits, metadata_public, metadata_admin;
    bool disabled, deleted;
    int64_t created_us;
    struct person *next; /* by id */
};

struct session_row {
    struct bytes id, token, cookie_key, methods;
    struct person *person;
    bool revoked, deleted, requires_aal2;
    unsigned aal;
    int64_t issued_us, authenticated_us, expires_us, lifespan_us;
    struct session_row *next_by_id, *next_by_token, *next_by_cookie;
};

/* false: said on standard error */
bool templates_load(struct templates *templates, struct arena *arena, const char *folder);
/* a session as that answer has it, or a person alone where session is NULL */
struct bytes template_fill(const struct template *template, struct arena *arena, const struct session_row *session,
                           const struct person *person);
/* 2026-11-24T02:58:30.777996Z, without zeros at its end, as Go writes it */
void put_time(struct text *t, int64_t us);

/* ---- people.c: who there is ---- */

enum { ROWS = 1 << 16, COOKIE_KEY_LEN = 320 };

struct people {
    struct session_row *by_id[ROWS], *by_token[ROWS], *by_cookie[ROWS];
    struct person *persons[ROWS];
};

int64_t now_us(void);
/* of a session alive by Kratos' rule: active, not expired, identity active */
bool session_lives(const struct session_row *session);
struct session_row *find_session(const struct people *people, struct bytes id); /* upper case too; NULL */
struct session_row *find_by_token(const struct people *people, struct bytes token);
struct person *find_person(const struct people *people, struct bytes id);
/* NULL: it decodes to nothing; *expires_us: what stands in the cookie */
struct session_row *find_by_cookie(const struct people *people, struct bytes cookie, int64_t *expires_us);
/* the cookie's value for the session as it is now */
struct bytes write_cookie(struct arena *arena, const struct session_row *session);
void add_session(struct people *people, struct session_row *session);
void add_person(struct people *people, struct person *person);
struct bytes make_uuid(struct arena *arena);
struct bytes make_token(struct arena *arena, const char *prefix, size_t len);
/* appends {"method":...} to the session's methods and raises its level where that makes two factors */
void add_method(struct arena *arena, struct session_row *session, struct bytes method, int64_t at_us);

/* ---- faults.c: what goes wrong on purpose ---- */

enum endpoint { AT_WHOAMI, AT_SESSION, AT_EXTEND, AT_REVOKE, AT_IDENTITY, AT_READY, ENDPOINT_COUNT };
enum drop { DROP_NOT, DROP_AT_ONCE, DROP_AFTER_HEAD };

struct plan {
    int64_t delay_ms;
    int status; /* 0: the usual answer */
    enum drop drop;
    int64_t count; /* requests it still meets; -1: until cleared */
};

struct standin {
    struct arena arena;
    struct templates templates;
    struct people people;
    struct plan plans[ENDPOINT_COUNT];
    uint64_t hits[ENDPOINT_COUNT];
    bool faster_extend; /* feature_flags.faster_session_extend */
};

/* one request to Kratos' own endpoints */
struct hit {
    struct request request; /* first */
    struct plan plan;
    struct wait wait;
    struct timer timer;
};

struct duty { /* route->data */
    enum endpoint endpoint;
    void (*answer)(struct hit *hit);
};

extern const struct step hit_steps[];
void hit_finish(struct flow *flow);
const char *endpoint_name(enum endpoint endpoint);

static inline struct standin *standin_of(const struct request *request) { return request->worker->data; }

/* ---- answers.c: with Kratos' headers ---- */

/* for GET with Cache-Control */
struct answer begin_answer(const struct request *request, int status, struct bytes body);
void answer_json(struct request *request, int status, struct bytes body);
void answer_canned(struct request *request, const struct canned *canned);
void answer_error(struct request *request, int status, struct bytes body);
void answer_nothing(struct request *request); /* 204 */
void answer_session(struct request *request, const struct session_row *session, const struct template *template);

/* ---- whoami.c, admin.c: Kratos' endpoints ---- */

void answer_whoami(struct hit *hit);
void answer_get_session(struct hit *hit);
void answer_delete_session(struct hit *hit);
void answer_extend(struct hit *hit);
void answer_get_person(struct hit *hit);
void answer_delete_person(struct hit *hit);

/* ---- routes.c ---- */

extern const struct route public_routes[], admin_routes[];
bool no_page_gate(struct request *request, void *data); /* what Kratos says of paths that it hasn't */
extern const struct step no_steps[];

/* ---- control.c ---- */
void control_finish(struct flow *flow);

#endif
