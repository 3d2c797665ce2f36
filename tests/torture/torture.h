/* torture: one request of each kind, ended in every way at every place where it waits.
 *
 * Rule: a scene is one request and what the database and Kratos say to it. It is first run through, which must wait for
 * exactly what `waits` says; then once for each of its waits and each ending. A file of scenes offers a table of them
 * that ends with a row without a name. */
#ifndef TESTS_TORTURE_TORTURE_H
#define TESTS_TORTURE_TORTURE_H

#include "torture/request_stand_in.h"

enum { NOTHING_DONE = -1 };

struct scene {
    const char *name;
    struct sent sent;
    void (*set_up)(struct sent *sent); /* may be NULL: before it is sent; database and kratos are as by default */
    const char *waits;                 /* "find client, whoami, store grant" */
    int status;                        /* when nothing goes wrong */
    const char *says;                  /* stands in the answer then */
    int done;            /* enum storage_verb: what a success must have done; NOTHING_DONE: it needs nothing */
    int without_kratos;  /* the status when Kratos is away and the database is not; 0: 503 */
    bool (*holds)(void); /* what else must hold then; may be NULL */
    int trouble;         /* the status of trouble; 0: 503 */
    bool plain_503;      /* its 503 is for monitors: no Retry-After, no OAuth error */
};

extern const struct scene EXCHANGE_SCENES[], REFRESH_SCENES[], REVOKE_SCENES[], PREFLIGHT_SCENES[],
    CREATE_CLIENT_SCENES[], LIST_CLIENTS_SCENES[], GET_CLIENT_SCENES[], DELETE_CLIENT_SCENES[], KEY_SCENES[],
    READY_SCENES[], FORWARD_AUTH_SCENES[], LIST_GRANTS_SCENES[], REVOKE_GRANTS_SCENES[], KRATOS_REVOKE_SCENES[],
    INTROSPECT_SCENES[], INTROSPECT_ADMIN_SCENES[], HYDRA_HOOK_SCENES[];

#endif
