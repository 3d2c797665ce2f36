/* Hydra's token hook: whatever happens to it, Hydra gets no 5xx. */
#include "torture/outside.h"
#include "torture/torture.h"
#include "torture/world.h"

#define KEY "Bearer 3f9c1a7e5b2d8846"

static const struct route HYDRA_HOOK = {.size = sizeof(struct hydra_hook_request),
                                        .steps = HYDRA_HOOK_STEPS,
                                        .finish = hydra_hook_finish,
                                        .dispose = hydra_hook_release,
                                        .name = "hydra_hook"};
static const struct sent_header HEADERS[] = {{"authorization", KEY}, {NULL, NULL}};
static const char BODY[] = "{\"session\":{\"id_token\":{\"subject\":\"99999999-8888-4777-8666-555555555555\","
                           "\"id_token_claims\":{\"ext\":{\"sid\":\"177e1f44\"}}},\"extra\":null},"
                           "\"request\":{\"client_id\":\"app\",\"granted_scopes\":[\"api\"]}}";

static void of_a_person(struct sent *sent)
{
    (void)sent;
    world.hydra_hook = (struct hydra_hook_settings){
        .enabled = true, .api_key = BYTES(KEY), .key_name = BYTES("authorization"), .refuse_when_away = false};
}

static void of_a_session(struct sent *sent)
{
    static const struct claim_expression SESSION[] = {
        {.name = BYTES("kratos_session"), .expression = BYTES(".session.extra.kratos_session_id")}};
    of_a_person(sent);
    world.hydra_hook.kratos_session = (struct claims_source){.table = SESSION, .table_count = 1};
}

static void of_a_session_with_metadata_admin(struct sent *sent)
{
    of_a_session(sent);
    world.hydra_hook.access_token.use_admin_metadata = true;
}

static void refusing_when_away(struct sent *sent)
{
    of_a_session(sent);
    world.hydra_hook.refuse_when_away = true;
}

static void of_a_session_that_ended(struct sent *sent)
{
    refusing_when_away(sent);
    kratos.session = LOOK_ENDED;
}

#define SCENE(name_, set_up_, waits_, status_, says_, trouble_)                                                        \
    {                                                                                                                  \
        .name = (name_), .sent = {&HYDRA_HOOK, .body = BODY, .headers = HEADERS}, .set_up = (set_up_),                 \
        .waits = (waits_), .status = (status_), .says = (says_), .done = NOTHING_DONE, .without_kratos = (trouble_),   \
        .trouble = (trouble_)                                                                                          \
    }

const struct scene HYDRA_HOOK_SCENES[] = {
    SCENE("the claims of a person", of_a_person, "identity", 200,
          "\"id_token\":{\"sid\":\"177e1f44\",\"email\":\"ann@example.com\",\"may\":\"api\"}}}", 204),
    SCENE("the claims of a session", of_a_session, "session", 200, "{\"session\":{\"access_token\":{\"email\"", 204),
    SCENE("of a session, with metadata_admin", of_a_session_with_metadata_admin, "session, identity", 200, "ann@", 204),
    SCENE("of a session, when Kratos must not be away", refusing_when_away, "session", 200, "ann@", 403),
    SCENE("of a session that ended", of_a_session_that_ended, "session", 403, "is over", 403),
    {.name = NULL},
};
