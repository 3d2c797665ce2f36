/* outside: a database and a Kratos that hold on to what they were asked until the test says how it ends.
 *
 * Rule: one thing at a time is waited for. What is answered comes from `database` and `kratos`, which the test fills;
 * the rules of a rotation are the real ones (storage/rotation.h). Takes the place of identity/kratos' ask_ functions.
 */
#ifndef TESTS_TORTURE_OUTSIDE_H
#define TESTS_TORTURE_OUTSIDE_H

#include "identity/identity.h"
#include "storage/call.h"

struct database {
    const struct client_row *clients; /* up to the first without a client_id */
    bool has_grant;
    struct grant grant;
    unsigned char grant_secret_hash[SECRET_HASH_LEN];
    struct rotation_state state;
    enum store_grant_outcome store_grant;
    struct added_client added;
    enum delete_client_outcome delete_client;
    bool has_origin;
    bool changed_claims; /* a rotation brought others than the grant's */
    unsigned done;       /* 1 << verb: which verbs were answered */
};
extern struct database database;

struct kratos {
    enum look_outcome whoami, session, identity, extend;
    int64_t expires_at_ms;
    struct bytes json; /* of whom it is asked about; absent: the usual */
};
extern struct kratos kratos;
extern const char SESSION_ID[], IDENTITY_ID[];

/* how what is asked ends when it is not held: inside the step that asked */
enum outside_mode { OUTSIDE_HOLDS, OUTSIDE_ANSWERS, OUTSIDE_FAILS };
extern enum outside_mode outside_mode;

struct store *outside_store(struct loop *loop);
/* what was asked last and has not ended, also when its waiter has left: "storage: rotate"; NULL: nothing */
const char *outside_holds(void);
bool outside_holds_look(void);
/* ends it: as the database and Kratos say, */
void outside_answer(void);
/* with trouble on the way: FAULT_AWAY, or LOOK_AWAY, */
void outside_fail(void);
/* with a fault of its flow's, */
void outside_refuse(enum fault_kind kind);
/* or not at all: the loop goes away */
void outside_drop(void);

#endif
