/* Grants listed and ended: by an operator, and by Kratos' hook. */
#include <string.h>

#include "admin/grants.h"
#include "companion/kratos_revoke.h"
#include "torture/outside.h"
#include "torture/torture.h"
#include "torture/world.h"

#define KEY "Bearer a-key-of-visible-characters"

static struct secret key = {(unsigned char *)KEY, sizeof KEY - 1};

static const struct route LIST = {.size = sizeof(struct grant_admin),
                                  .steps = LIST_GRANTS_STEPS,
                                  .finish = list_grants_finish,
                                  .dispose = grant_admin_release,
                                  .name = "list"};
static const struct route ONE = {.size = sizeof(struct grant_admin),
                                 .steps = REVOKE_GRANT_STEPS,
                                 .finish = revoke_grants_finish,
                                 .dispose = grant_admin_release,
                                 .name = "one"};
static const struct route ALL = {.size = sizeof(struct grant_admin),
                                 .steps = REVOKE_GRANTS_STEPS,
                                 .finish = revoke_grants_finish,
                                 .dispose = grant_admin_release,
                                 .name = "all"};
static const struct route HOOK = {.size = sizeof(struct kratos_revoke_request),
                                  .steps = KRATOS_REVOKE_STEPS,
                                  .finish = kratos_revoke_finish,
                                  .name = "hook",
                                  .data = &key};

static const struct sent_header AUTHORIZED[] = {{"authorization", KEY}, {NULL, NULL}};

static void a_grant(struct sent *sent)
{
    (void)sent;
    database.has_grant = true;
    memcpy(database.grant.id, "grant-of-a-test", GRANT_ID_LEN);
    database.grant.client_id = BYTES("spa");
    database.grant.audience = BYTES("[\"https://api.example.com\"]");
}

const struct scene LIST_GRANTS_SCENES[] = {
    {.name = "list grants",
     .sent = {&LIST, .query = "client=spa"},
     .set_up = a_grant,
     .waits = "list grants",
     .status = 200,
     .says = "\"client_id\":\"spa\"",
     .done = VERB_LIST_GRANTS},
    {.name = NULL},
};

const struct scene REVOKE_GRANTS_SCENES[] = {
    {.name = "revoke a grant",
     .sent = {&ONE, .segment = "11111111-2222-4333-8444-555555555555"},
     .waits = "revoke",
     .status = 200,
     .says = "{\"revoked\":1}",
     .done = VERB_REVOKE},
    {.name = "revoke a subject's grants",
     .sent = {&ALL, .query = "subject=99999999-8888-4777-8666-555555555555"},
     .waits = "revoke",
     .status = 200,
     .says = "{\"revoked\":1}",
     .done = VERB_REVOKE},
    {.name = NULL},
};

const struct scene KRATOS_REVOKE_SCENES[] = {
    {.name = "Kratos ends a session",
     .sent = {&HOOK, .body = "{\"session_id\":\"11111111-2222-4333-8444-555555555555\"}", .headers = AUTHORIZED},
     .waits = "revoke",
     .status = 200,
     .says = "{\"revoked\":1}",
     .done = VERB_REVOKE},
    {.name = "Kratos ends a session and a person",
     .sent = {&HOOK,
              .body = "{\"session_id\":\"11111111-2222-4333-8444-555555555555\","
                      "\"identity_id\":\"99999999-8888-4777-8666-555555555555\"}",
              .headers = AUTHORIZED},
     .waits = "revoke, revoke",
     .status = 200,
     .says = "{\"revoked\":2}",
     .done = VERB_REVOKE},
    {.name = NULL},
};
